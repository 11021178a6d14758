// Evaluation data as --data names it.
#include "data_spec.h"

#include <sconce/datasets.h>
#include <sconce/nn/transforms.h>
#include <sconce/npy.h>
#include <sconce/ops.h>

#include <map>

#include "images.h"

namespace sconce::cli {
namespace {

namespace transforms = nn::transforms;

constexpr const char* forms =
    "cifar10:FILE, cifar100:FILE, idx:IMAGES,LABELS, csv:FILE?label=COLUMN, npz:FILE?x=NAME&y=NAME or "
    "images:FOLDER";

// "kind:path?name=value&name=value".
struct Spec {
  std::string kind, path;
  std::map<std::string, std::string> parameters;

  explicit Spec(const std::string& text) {
    const size_t colon = text.find(':');
    check(colon != std::string::npos && colon + 1 < text.size(), "[data] expected ", forms, ", got '", text,
          "'");
    kind = text.substr(0, colon);
    path = text.substr(colon + 1);
    // Only csv and npz have parameters, so that other paths may hold a question mark.
    const size_t question = kind == "csv" || kind == "npz" ? path.rfind('?') : std::string::npos;
    if (question == std::string::npos) return;
    std::string rest = path.substr(question + 1);
    path.resize(question);
    while (!rest.empty()) {
      const size_t end = rest.find('&');
      const std::string one = rest.substr(0, end);
      const size_t equals = one.find('=');
      check(equals != std::string::npos, "[data] expected name=value after '?', got '", one, "'");
      parameters[one.substr(0, equals)] = one.substr(equals + 1);
      rest = end == std::string::npos ? "" : rest.substr(end + 1);
    }
  }

  // Takes a parameter out, so that what is left at the end is unknown.
  std::string take(const std::string& name, const std::string& otherwise) {
    const auto it = parameters.find(name);
    if (it == parameters.end()) return otherwise;
    std::string value = it->second;
    parameters.erase(it);
    return value;
  }
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == separator)
      out.emplace_back();
    else
      out.back() += c;
  }
  return out;
}

transforms::Preset preset_of(const DataOptions& options, const nn::ModelInfo* model) {
  transforms::Preset out;
  out.resize = options.resize.value_or(model != nullptr ? model->resize : 0);
  out.crop = options.crop.value_or(model != nullptr ? model->crop : 0);
  const bool given = !options.mean.empty() || !options.std.empty();
  if (given) {
    out.mean = options.mean.empty() ? std::vector<double>{0} : options.mean;
    out.std = options.std.empty() ? std::vector<double>{1} : options.std;
  } else if (model != nullptr) {
    out.mean = model->mean;
    out.std = model->stddev;
  }
  return out;
}

// f(sample) for each sample of a batch, stacked.
template <class F>
Tensor map_samples(const Tensor& batch, F&& f) {
  Tensor out;
  for (int64_t i = 0; i < batch.size(0); ++i) {
    const Tensor one = f(batch[i]);
    if (!out.defined()) {
      std::vector<int64_t> extents = one.shape().extents();
      extents.insert(extents.begin(), batch.size(0));
      out = empty(Shape(extents), one.dtype());
    }
    out[i].copy_(one);
  }
  return out;
}

// u8 (C, H, W) resized and cropped as torchvision does with a PIL picture.
Tensor resize_picture(const Tensor& chw, const transforms::Preset& preset) {
  Tensor hwc = chw.permute({1, 2, 0}).contiguous();
  if (preset.resize > 0) hwc = transforms::resize(hwc, preset.resize);
  if (preset.crop > 0) hwc = transforms::center_crop(hwc, {preset.crop, preset.crop});
  return hwc.permute({2, 0, 1});
}

// Floating (C, H, W) resized and cropped as torchvision does with a tensor.
Tensor resize_values(const Tensor& chw, const transforms::Preset& preset) {
  Tensor out = chw;
  if (preset.resize > 0) {
    const transforms::Size size = transforms::resized_size({chw.size(1), chw.size(2)}, preset.resize);
    InterpolateOptions how;
    how.size = {size.height, size.width};
    how.mode = "bilinear";
    how.antialias = true;
    out = interpolate(out.unsqueeze(0), how)[0];
  }
  return preset.crop > 0 ? transforms::center_crop(out, {preset.crop, preset.crop}) : out;
}

// u8 (N, C, H, W) or (N, H, W) to what the model takes.
std::function<Tensor(const Tensor&)> picture_transform(const DataOptions& options,
                                                       const nn::ModelInfo* model) {
  const transforms::Preset preset = preset_of(options, model);
  const bool resizes = preset.resize > 0 || preset.crop > 0, as_values = options.resize_as == "tensor";
  return [preset, resizes, as_values, scale = options.scale](const Tensor& batch) {
    Tensor x = batch.dim() == 3 ? batch.unsqueeze(1) : batch;
    if (resizes && !as_values)
      x = map_samples(x, [&](const Tensor& one) { return resize_picture(one, preset); });
    x = scale ? mul(x.to(DType::f32), Scalar(*scale)) : div(x.to(DType::f32), Scalar(255.0));
    if (resizes && as_values)
      x = map_samples(x, [&](const Tensor& one) { return resize_values(one, preset); });
    return preset.mean.empty() ? x : transforms::normalize(x, preset.mean, preset.std);
  };
}

Tensor row_of(const std::vector<double>& values) {
  Tensor out = empty(Shape{static_cast<int64_t>(values.size())}, DType::f32);
  for (size_t i = 0; i < values.size(); ++i) out.mutable_data<float>()[i] = static_cast<float>(values[i]);
  return out;
}

// Tables and arrays: as float32, scaled, and normalised by column (two dimensions) or channel (four) only when that is asked for.
std::function<Tensor(const Tensor&)> array_transform(const DataOptions& options) {
  check(!options.resize && !options.crop, "[data] --resize and --crop are for pictures");
  transforms::Preset preset = preset_of(options, nullptr);
  return [preset, scale = options.scale](const Tensor& batch) {
    Tensor x = is_floating_point(batch.dtype()) ? batch.to(DType::f32) : batch;
    if (scale) x = mul(x.to(DType::f32), Scalar(*scale));
    if (preset.mean.empty()) return x;
    x = x.to(DType::f32);
    return x.dim() >= 3 ? transforms::normalize(x, preset.mean, preset.std)
                        : div(sub(x, row_of(preset.mean)), row_of(preset.std));
  };
}

std::unique_ptr<Dataset> in_memory(LabeledData data, const DataOptions& options, const nn::ModelInfo* model) {
  TensorDatasetOptions out;
  out.class_names = std::move(data.class_names);
  out.column_names = std::move(data.column_names);
  const Shape& shape = data.inputs.shape();
  out.pictures = data.inputs.dtype() == DType::u8 &&
                 (shape.dim() == 3 || (shape.dim() == 4 && (shape[1] == 1 || shape[1] == 3)));
  out.transform = out.pictures ? picture_transform(options, model) : array_transform(options);
  return std::make_unique<TensorDataset>(std::move(data.inputs), data.labels, std::move(out));
}

LabeledData load_arrays(Spec& spec) {
  const std::string x = spec.take("x", "x"), y = spec.take("y", "y");
  const StateDict arrays = load_npz(spec.path);
  LabeledData out;
  try {
    out.inputs = arrays[x];
    out.labels = arrays[y];
  } catch (Error& e) {
    e.in_file(spec.path);
    throw;
  }
  return out;
}

LabeledData load_table(Spec& spec) {
  CsvOptions csv;
  csv.label = spec.take("label", "");
  check(!csv.label.empty(), "[data] expected the column of the labels, csv:", spec.path, "?label=COLUMN");
  return load_csv(spec.path, csv);
}

}  // namespace

void add_data_options(CLI::App* command, DataOptions& options) {
  command->add_option("--data", options.spec, std::string("What to evaluate on: ") + forms)->required();
  command->add_option("--mean", options.mean, "Subtract this, one value or one for each channel")
      ->delimiter(',');
  command->add_option("--std", options.std, "Then divide by this")->delimiter(',');
  command->add_option("--resize", options.resize, "Make the shorter side this long first; 0: not")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--crop", options.crop, "Then cut out the middle; 0: not")
      ->check(CLI::NonNegativeNumber);
  command
      ->add_option(
          "--resize-as", options.resize_as,
          "Resize 8-bit pictures, as torchvision does with PIL, or tensors, by interpolation of the values")
      ->check(CLI::IsMember({"picture", "tensor"}));
  command->add_option("--scale", options.scale, "Factor on the stored values; by default 1/255 for pictures");
}

std::unique_ptr<Dataset> open_dataset(const DataOptions& options, const nn::ModelInfo* model) {
  Spec spec(options.spec);
  LabeledData data;
  if (spec.kind == "images") {
    check(!options.scale, "[data] --scale is not for images:FOLDER, whose pixels come as 0 to 1");
    check(options.resize_as == "picture", "[data] --resize-as tensor is not for images:FOLDER");
    return std::make_unique<ImageFolder>(spec.path, transforms::pipeline(preset_of(options, model)));
  }
  if (spec.kind == "cifar10") {
    data = load_cifar10(split(spec.path, ','));
  } else if (spec.kind == "cifar100") {
    data = load_cifar100(spec.path);
  } else if (spec.kind == "idx") {
    const std::vector<std::string> files = split(spec.path, ',');
    check(files.size() == 2, "[data] expected idx:IMAGES,LABELS, got '", options.spec, "'");
    data = load_idx(files[0], files[1]);
  } else if (spec.kind == "csv") {
    data = load_table(spec);
  } else if (spec.kind == "npz") {
    data = load_arrays(spec);
  } else {
    fail(ErrorKind::invalid_argument, "[data] expected ", forms, ", got '", options.spec, "'");
  }
  if (!spec.parameters.empty()) {
    fail(ErrorKind::invalid_argument, "[data] ", spec.kind, " has no parameter '",
         spec.parameters.begin()->first, "'");
  }
  return in_memory(std::move(data), options, model);
}

}  // namespace sconce::cli
