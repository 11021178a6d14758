#include <sconce/nn/models.h>

#include <functional>

namespace sconce::nn {
namespace {

using Maker = std::function<std::unique_ptr<Module>(int64_t num_classes)>;

struct Entry {
  ModelInfo info;
  Maker make;
};

template <class M>
std::unique_ptr<Module> boxed(M module) {
  return std::make_unique<M>(std::move(module));
}

// What torchvision's networks for ImageNet have in common: 224x224 pixels, 1000 classes.
ModelInfo imagenet(const std::string& name, const std::string& title, int64_t resize = 256,
                   int64_t crop = 224) {
  return {name,
          title + " as torchvision's",
          {3, crop, crop},
          1000,
          {0.485, 0.456, 0.406},
          {0.229, 0.224, 0.225},
          resize,
          crop};
}

template <class M>
Maker maker(M (*make)(int64_t)) {
  return [make](int64_t n) { return boxed(make(n)); };
}

// Of text; their outputs are no classes.
template <class M>
Entry text_model(const char* name, const char* description, int64_t outputs, int64_t vocabulary) {
  return {{name, description, {128}, outputs, {}, {}, 0, 0, vocabulary}, [name, outputs](int64_t n) {
            check(n == outputs, "[make_model] ", name, " has no classes, so their number cannot be chosen");
            return boxed(M());
          }};
}

void add_image_models(std::vector<Entry>& all) {
  all.push_back({imagenet("mobilenet_v2", "MobileNetV2"), maker(mobilenet_v2)});
  all.push_back({imagenet("mobilenet_v3_small", "MobileNetV3 small"), maker(mobilenet_v3_small)});
  all.push_back({imagenet("mobilenet_v3_large", "MobileNetV3 large"), maker(mobilenet_v3_large)});
  all.push_back({imagenet("densenet121", "DenseNet-121"), maker(densenet121)});
  all.push_back({imagenet("densenet161", "DenseNet-161"), maker(densenet161)});
  all.push_back({imagenet("densenet169", "DenseNet-169"), maker(densenet169)});
  all.push_back({imagenet("densenet201", "DenseNet-201"), maker(densenet201)});
  const std::pair<int64_t, int64_t> sides[] = {{256, 224}, {256, 240}, {288, 288}, {320, 300},
                                               {384, 380}, {456, 456}, {528, 528}, {600, 600}};
  for (int number = 0; number < 8; ++number) {
    const auto [resize, crop] = sides[number];
    all.push_back({imagenet(concat("efficientnet_b", number), concat("EfficientNet-B", number), resize, crop),
                   [number](int64_t n) { return boxed(efficientnet_b(number, n)); }});
  }
  all.push_back({imagenet("convnext_tiny", "ConvNeXt tiny", 236), maker(convnext_tiny)});
  all.push_back({imagenet("convnext_small", "ConvNeXt small", 230), maker(convnext_small)});
  all.push_back({imagenet("convnext_base", "ConvNeXt base", 232), maker(convnext_base)});
  all.push_back({imagenet("convnext_large", "ConvNeXt large", 232), maker(convnext_large)});
  all.push_back({imagenet("vit_b_16", "ViT-B/16"), maker(vit_b_16)});
  all.push_back({imagenet("vit_b_32", "ViT-B/32"), maker(vit_b_32)});
  all.push_back({imagenet("vit_l_16", "ViT-L/16", 242), maker(vit_l_16)});
  all.push_back({imagenet("vit_l_32", "ViT-L/32"), maker(vit_l_32)});
  all.push_back({imagenet("squeezenet1_0", "SqueezeNet 1.0"), maker(squeezenet1_0)});
  all.push_back({imagenet("squeezenet1_1", "SqueezeNet 1.1"), maker(squeezenet1_1)});
  all.push_back({imagenet("shufflenet_v2_x0_5", "ShuffleNetV2 x0.5"), maker(shufflenet_v2_x0_5)});
  all.push_back({imagenet("shufflenet_v2_x1_0", "ShuffleNetV2 x1.0"), maker(shufflenet_v2_x1_0)});
  all.push_back({imagenet("shufflenet_v2_x1_5", "ShuffleNetV2 x1.5", 232), maker(shufflenet_v2_x1_5)});
  all.push_back({imagenet("shufflenet_v2_x2_0", "ShuffleNetV2 x2.0", 232), maker(shufflenet_v2_x2_0)});
  all.push_back({imagenet("swin_t", "Swin tiny", 232), maker(swin_t)});
  all.push_back({imagenet("swin_s", "Swin small", 246), maker(swin_s)});
  all.push_back({imagenet("swin_b", "Swin base", 238), maker(swin_b)});
}

// The table of everything; adding a model is adding lines here.
const std::vector<Entry>& table() {
  static const std::vector<Entry> entries = [] {
    const std::vector<double> mean{0.485, 0.456, 0.406}, stddev{0.229, 0.224, 0.225};
    std::vector<Entry> all;
    all.push_back({{"lenet", "LeNet-5 for MNIST, images resized to 32x32", {1, 32, 32}, 10, {}, {}, 32, 0},
                   [](int64_t n) { return boxed(LeNet(n)); }});
    for (const int depth : {20, 32, 44, 56, 110})
      all.push_back({{concat("cifar_resnet", depth),
                      concat("ResNet-", depth, " for CIFAR (He et al. 2016, shortcut option A)"),
                      {3, 32, 32},
                      10,
                      mean,
                      stddev,
                      0,
                      0},
                     [depth](int64_t n) { return boxed(CifarResNet(depth, n)); }});
    const std::pair<int, ResNet (*)(int64_t)> resnets[] = {
        {18, resnet18}, {34, resnet34}, {50, resnet50}, {101, resnet101}, {152, resnet152}};
    for (const auto& [depth, make] : resnets)
      all.push_back({{concat("resnet", depth),
                      concat("ResNet-", depth, " as torchvision's"),
                      {3, 224, 224},
                      1000,
                      mean,
                      stddev,
                      256,
                      224},
                     [make = make](int64_t n) { return boxed(make(n)); }});
    for (const int depth : {11, 13, 16, 19})
      for (const bool norm : {false, true})
        all.push_back({{concat("vgg", depth, norm ? "_bn" : ""),
                        concat("VGG-", depth, norm ? " with batch norm" : "", " as torchvision's"),
                        {3, 224, 224},
                        1000,
                        mean,
                        stddev,
                        256,
                        224},
                       [depth, norm](int64_t n) { return boxed(VGG(depth, norm, n)); }});
    add_image_models(all);
    all.push_back(
        text_model<BertModel>("bert_base", "BERT base, uncased, as transformers' BertModel", 768, 30522));
    all.push_back(
        text_model<GPT2LMHeadModel>("gpt2", "GPT-2 (124M) as transformers' GPT2LMHeadModel", 50257, 50257));
    return all;
  }();
  return entries;
}

// Names that share a beginning with the unknown one, or all.
std::string near_names(std::string_view name) {
  std::string near, all;
  for (const auto& entry : table()) {
    const std::string& known = entry.info.name;
    all += (all.empty() ? "" : ", ") + known;
    if (name.size() >= 3 &&
        (known.find(name.substr(0, 3)) != std::string::npos || known.find(name) != std::string::npos))
      near += (near.empty() ? "" : ", ") + known;
  }
  return near.empty() ? all : near;
}

}  // namespace

const std::vector<ModelInfo>& models() {
  static const std::vector<ModelInfo> infos = [] {
    std::vector<ModelInfo> out;
    for (const auto& entry : table()) out.push_back(entry.info);
    return out;
  }();
  return infos;
}

const ModelInfo* find_model(std::string_view name) {
  for (const auto& info : models())
    if (info.name == name) return &info;
  return nullptr;
}

std::unique_ptr<Module> make_model(std::string_view name, std::optional<int64_t> num_classes) {
  if (name.find('(') != std::string_view::npos) {
    check(!num_classes, "[make_model] an expression says its own sizes; num_classes is for the named models");
    return module_from(name);
  }
  check(!num_classes || *num_classes > 0, "[make_model] expected at least one class, got ",
        num_classes.value_or(0));
  for (const auto& entry : table())
    if (entry.info.name == name) return entry.make(num_classes.value_or(entry.info.num_classes));
  fail(ErrorKind::invalid_argument, "[make_model] no model \"", name, "\"; there are ", near_names(name),
       ", and expressions like \"Sequential(Linear(2, 8), ReLU(), Linear(8, 1))\"");
}

}  // namespace sconce::nn
