// Layers and models against PyTorch and torchvision: what they print, their keys, and what they compute on
// seeded weights.
#include <doctest/doctest.h>
#include <sconce/checkpoint.h>
#include <sconce/datasets.h>
#include <sconce/graph.h>
#include <sconce/nn/nn.h>
#include <sconce/ops.h>

#include <set>

#include "support/seeded.h"
#include "support/support.h"

using namespace sconce;
using Json = nlohmann::json;

namespace {

const Json& fixtures() {
  static const Json all = test::json_fixture("nn_models.json");
  return all;
}

std::string hex(uint64_t value) {
  std::string out(16, '0');
  for (size_t i = 16; i-- > 0; value >>= 4) out[i] = "0123456789abcdef"[value & 15];
  return out;
}

}  // namespace

TEST_CASE("models: keys, shapes and print are torchvision's") {
  for (const auto& expected : fixtures().at("models")) {
    const std::string name = expected.at("name");
    CAPTURE(name);
    const auto net = nn::make_model(name);
    std::string listing;
    const StateDict state = net->state_dict();
    for (const auto& entry : state)
      listing += concat(entry.key, " ", entry.tensor().shape(), " ", name_of(entry.tensor().dtype()), "\n");
    CHECK(static_cast<int64_t>(state.size()) == expected.at("tensors").get<int64_t>());
    CHECK(net->num_parameters() == expected.at("parameters").get<int64_t>());
    CHECK(hex(test::fnv1a(listing)) == expected.at("keys_hash").get<std::string>());
    CHECK(hex(test::fnv1a(net->str())) == expected.at("repr_hash").get<std::string>());
  }
  for (const auto& [name, text] : fixtures().at("repr").items())
    CHECK(nn::make_model(name)->str() == text.get<std::string>());
}

TEST_CASE("models: what they compute equals PyTorch") {
  for (const auto& expected : fixtures().at("parity")) {
    const auto net = nn::make_model(expected.at("name").get<std::string>());
    test::fill(*net);
    for (const auto& run : expected.at("runs")) {
      const Tensor y = test::tensor_from(run.at("output"));
      const Tensor x = test::seeded("input", Shape(run.at("input").get<std::vector<int64_t>>()));
      const Tensor got = net->eval()(x);
      CAPTURE(expected.at("name").get<std::string>());
      REQUIRE(got.shape() == y.shape());
      CHECK(test::max_difference(got, y) / test::max_magnitude(y) <= 1e-5);
    }
  }
}

TEST_CASE("layers: print, keys and results equal PyTorch") {
  for (const auto& expected : fixtures().at("layers")) {
    CAPTURE(expected.at("expression").get<std::string>());
    const auto layer = nn::module_from(expected.at("expression").get<std::string>());
    CHECK(layer->str() == expected.at("repr").get<std::string>());
    std::vector<std::string> keys;
    for (const auto& entry : layer->state_dict()) keys.push_back(entry.key);
    CHECK(keys == expected.at("keys").get<std::vector<std::string>>());
    // What PyTorch prints builds the same layer again.
    CHECK(nn::module_from(layer->str())->str() == layer->str());
    test::fill(*layer);
    const Tensor y = test::tensor_from(expected.at("output"));
    const Tensor got =
        (*layer)(test::seeded("input", Shape(expected.at("input").get<std::vector<int64_t>>())));
    REQUIRE(got.shape() == y.shape());
    // `error` is PyTorch's own against float64; both may err by that, and by a last bit.
    CHECK(test::max_difference(got, y) <=
          3 * expected.at("error").get<double>() + 2e-7 * std::max(1.0, test::max_magnitude(y)));
  }
}

TEST_CASE("models: a recorded forward carries the modules' names") {
  const auto net = nn::make_model("resnet18");
  Recorder recorder;
  const Tensor x = recorder.input({1, 3, 32, 32}, DType::f32);
  recorder.output((*net)(x));
  std::set<std::string> scopes;
  for (const auto& node : recorder.graph().nodes) scopes.insert(node.scope);
  CHECK(scopes.contains("conv1"));
  CHECK(scopes.contains("layer1.0.bn1"));
  CHECK(scopes.contains("layer2.0.downsample.1"));
  CHECK(scopes.contains("fc"));
}

TEST_CASE("make_model: names, classes and errors") {
  CHECK(nn::find_model("vgg16_bn")->input_shape == std::vector<int64_t>{3, 224, 224});
  CHECK(nn::find_model("vgg17") == nullptr);
  CHECK(nn::make_model("resnet18", 7)->state_dict()["fc.weight"].shape() == Shape{7, 512});
  CHECK(nn::make_model("Linear(2, 3)")->str() == "Linear(in_features=2, out_features=3, bias=True)");
  CHECK_THROWS_AS(nn::make_model("resnet19"), Error);
  CHECK_THROWS_AS(nn::make_model("Linear(2, 3)", 5), Error);
  CHECK_THROWS_AS(nn::make_model("resnet18", 0), Error);
  CHECK_THROWS_AS(nn::CifarResNet(21), Error);
  CHECK_THROWS_AS(nn::VGG(12), Error);
}

TEST_CASE("module_from: says what is wrong and where") {
  const auto message = [](const char* text) -> std::string {
    try {
      nn::module_from(text);
    } catch (const Error& e) {
      CHECK(e.kind() == ErrorKind::invalid_argument);
      return e.what();
    }
    return "no error";
  };
  CHECK(message("Linear(2, 3") == "[module_from] expected ',' or ')', got the end at column 12");
  CHECK(message("Linear(2, 3) x") == "[module_from] expected the end, got \"x\" at column 14");
  CHECK(message("Linear(2)") == "[module_from] Linear is missing the argument 'out_features' at column 1");
  CHECK(message("Linear(2, 3, 4)") == "[module_from] Linear expected True or False for 'bias' at column 14");
  CHECK(message("Linear(2, 3, bias=True, 4)") ==
        "[module_from] expected no positional argument after a named one at column 25");
  CHECK(message("Linear(2, 3, True, 4)") ==
        "[module_from] Linear takes 3 arguments but more were given at column 20");
  CHECK(message("Linear(2, 3, in_features=4)") ==
        "[module_from] Linear got multiple values for argument 'in_features' at column 26");
  CHECK(message("Linear(2, 3, color=4)") ==
        "[module_from] Linear got an unexpected keyword argument 'color' at column 20");
  CHECK(message("Linear(2.5, 3)") ==
        "[module_from] Linear expected an integer for 'in_features' at column 8");
  CHECK(message("Conv2d(1, 2, (1, 2, 3))") ==
        "[module_from] Conv2d expected one integer or two for 'kernel_size' at column 14");
  CHECK(message("Conv2d(4, 2, 3, groups=3)") == "in_channels must be divisible by groups");
  CHECK(message("Conv2d(4, 2, 3, padding='some')") ==
        "Invalid padding string 'some', should be one of 'valid', 'same'");
  CHECK(message("Sequential(3)") == "[module_from] expected a layer, such as ReLU(), at column 12");
  CHECK(message("Sequential(x=ReLU())") ==
        "[module_from] Sequential got an unexpected keyword argument 'x' at column 14");
  CHECK(message("") == "[module_from] expected a layer or a value, got the end at column 1");
  CHECK(message("Linear(99999999999999999999, 3)").starts_with("[module_from] "));
  CHECK(message("__import__('os').system('ls')").starts_with("[module_from] "));
  CHECK(message("Linear(-2, 3)") != "no error");
  CHECK(message("Magic(2)")
            .starts_with("[module_from] unknown layer \"Magic\" (known: Sequential, Linear, Conv2d"));
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "Sequential(";
  CHECK(message(deep.c_str()).find("nesting of at most 100") != std::string::npos);
}

TEST_CASE("containers: children by number and name") {
  nn::Sequential body{nn::Linear(4, 3), nn::ReLU(), nn::Linear(3, 2)};
  CHECK(body.size() == 3);
  CHECK(body.get<nn::Linear>(2).in_features == 3);
  CHECK_THROWS_AS(body.get<nn::Linear>(1), Error);
  CHECK_THROWS_AS(body[3], Error);
  body.push_back(std::make_unique<nn::Sigmoid>()).push_back(nn::Dropout(0.5));
  CHECK(body.str() ==
        "Sequential(\n  (0): Linear(in_features=4, out_features=3, bias=True)\n  (1): ReLU()\n  (2): "
        "Linear(in_features=3, "
        "out_features=2, bias=True)\n  (3): Sigmoid()\n  (4): Dropout(p=0.5, inplace=False)\n)");
  nn::ModuleDict heads{nn::named("a", nn::Linear(2, 1)), nn::named("b", nn::Linear(2, 2))};
  CHECK(heads["b"].state_dict()["weight"].shape() == Shape{2, 2});
  CHECK(heads.contains("a"));
  CHECK_THROWS_WITH_AS(heads["c"], "[ModuleDict] no child \"c\"; there are \"a\", \"b\"", Error);
  CHECK(heads.state_dict().contains("a.bias"));
  nn::ModuleList list{nn::ReLU(), nn::ReLU(), nn::Tanh()};
  CHECK(list.str() == "ModuleList(\n  (0-1): 2 x ReLU()\n  (2): Tanh()\n)");
  CHECK_THROWS_AS(list(ones({1})), Error);
  CHECK_THROWS_AS(heads.insert("a", nn::ReLU()).state_dict(), Error);
  nn::Conv2d conv{3, 16, 3, {.stride = 2, .padding = 1}};
  CHECK(conv.str() == "Conv2d(3, 16, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1))");
  nn::Conv2d wide{3, 16, {1, 7}, {.stride = {1, 2}, .padding = {0, 3}, .dilation = {1, 2}, .bias = false}};
  CHECK(wide.str() ==
        "Conv2d(3, 16, kernel_size=(1, 7), stride=(1, 2), padding=(0, 3), dilation=(1, 2), bias=False)");
  nn::Conv2d same{3, 16, 3, {.padding = "same", .padding_mode = nn::PaddingMode::circular}};
  CHECK(same.str() ==
        "Conv2d(3, 16, kernel_size=(3, 3), stride=(1, 1), padding=same, padding_mode=circular)");
  CHECK_THROWS_AS(nn::Conv2d(3, 16, 3, {.stride = 2, .padding = "same"}), Error);
}

TEST_CASE("models: published checkpoints give PyTorch's logits") {
  const auto folder = test::real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints");
    return;
  }
  const Json expected = test::json_fixture("nn_real.json");
  const auto path = [&](const char* name) { return (*folder / name).string(); };
  const auto compare = [](const Tensor& got, const Json& logits) {
    const Tensor y = test::tensor_from(logits);
    CHECK(test::max_difference(got, y) <= 1e-5 * test::max_magnitude(y));
  };

  const LabeledData cifar = load_cifar10(path("cifar10/test_batch_by_class.bin"));
  const Tensor images = cifar.inputs.slice(0, 0, cifar.inputs.size(0), expected.at("every").get<int64_t>());
  Tensor x = div(images.to(DType::f32), 255);
  x = div(sub(x, tensor<float>({0.485f, 0.456f, 0.406f}, {3, 1, 1})),
          tensor<float>({0.229f, 0.224f, 0.225f}, {3, 1, 1}));
  const std::pair<std::string, std::string> published[] = {{"cifar_resnet20", "resnet20-12fca82f.th"},
                                                           {"cifar_resnet32", "resnet32-d509ac18.th"}};
  for (const auto& pair : published) {
    const std::string &model = pair.first, &file = pair.second;
    CAPTURE(model);
    const auto net = nn::make_model(model);
    const StateDict state = load(path("cifar10/") + file, {.key = "state_dict"});
    CHECK(nn::suggest(*net, state).argument == "module.");
    net->load_state_dict(strip_prefix(state, "module."));
    compare(net->eval()(x), expected.at(file));
  }

  const Tensor digits =
      div(load_idx(path("mnist/t10k-images-idx3-ubyte.gz")).slice(0, 0, 8).unsqueeze(1).to(DType::f32), 255);
  nn::Sequential convex = nn::sequential_from(
      "Sequential(Conv2d(1, 16, 4, stride=2, padding=1), ReLU(), Conv2d(16, 32, 4, stride=2, padding=1), "
      "ReLU(), Flatten(), "
      "Linear(1568, 100), ReLU(), Linear(100, 10))");
  convex.load_state_dict(load(path("mnist/convex_adversarial_mnist.pth")));
  compare(convex(digits), expected.at("convex"));
  nn::LeNet lenet;
  lenet.load_state_dict(load(path("mnist/lenet_epoch=12_test_acc=0.991.pth")));
  compare(lenet(nn::Upsample({.size = 32, .mode = "bilinear"})(digits)), expected.at("lenet"));
}
