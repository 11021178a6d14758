// Cropping, converting and normalising pictures, and chains of such steps. Resizing is in
// transforms_resize.cpp.
#include <sconce/nn/transforms.h>
#include <sconce/ops/create.h>

#include <algorithm>
#include <cmath>
#include <cstring>

namespace sconce::nn::transforms {
namespace {

// Round half to even of n / 2, as Python's round.
int64_t half_even(int64_t n) {
  const int64_t down = n >> 1;
  return n % 2 == 0 ? down : down + (down & 1);
}

// Where one axis of the result starts: how much is padded before it, then which offset is cut.
struct Axis {
  int64_t padding = 0, offset = 0;
};
Axis crop_axis(int64_t extent, int64_t wanted) {
  if (wanted > extent) return {(wanted - extent) / 2, 0};
  return {0, half_even(extent - wanted)};
}

}  // namespace

Tensor center_crop(const Tensor& picture, Size size) {
  check(picture.defined() && (picture.dim() == 3 || picture.dim() == 2),
        "[center_crop] expected a picture, got shape ", picture.shape());
  check(size.height >= 1 && size.width >= 1, "[center_crop] expected a size of at least 1, got ", size.height,
        " x ", size.width);
  const bool channels_last = picture.dim() == 3 && !is_floating_point(picture.dtype());
  const Tensor in = picture.contiguous();
  const size_t h = picture.dim() == 2 || channels_last ? 0 : 1, w = h + 1;
  std::vector<int64_t> extents = in.shape().extents();
  const int64_t height = extents[h], width = extents[w];
  const int64_t planes = h == 1 ? extents[0] : 1;
  const int64_t pixel = static_cast<int64_t>(size_of(in.dtype())) * (channels_last ? extents[2] : 1);
  extents[h] = size.height;
  extents[w] = size.width;
  Tensor out = empty(Shape(extents), in.dtype());
  if (out.numel() == 0) return out;
  const Axis y = crop_axis(height, size.height), x = crop_axis(width, size.width);
  const int64_t columns = std::min(width, size.width);
  auto* to = static_cast<unsigned char*>(out.mutable_data());
  std::memset(to, 0, static_cast<size_t>(out.nbytes()));
  if (in.numel() == 0) return out;
  const auto* from = static_cast<const unsigned char*>(in.data());
  for (int64_t plane = 0; plane < planes; ++plane) {
    for (int64_t row = 0; row < std::min(height, size.height); ++row) {
      const int64_t source = (plane * height + row + y.offset) * width + x.offset;
      const int64_t target = (plane * size.height + row + y.padding) * size.width + x.padding;
      std::memcpy(to + target * pixel, from + source * pixel, static_cast<size_t>(columns * pixel));
    }
  }
  return out;
}

Tensor to_tensor(const Tensor& picture) {
  check(picture.defined() && picture.dtype() == DType::u8 && (picture.dim() == 3 || picture.dim() == 2),
        "[to_tensor] expected a u8 picture of shape (height, width, channels) or (height, width), got ",
        picture.defined() ? name_of(picture.dtype()) : "nothing", " ", picture.shape());
  const Tensor in = picture.contiguous();
  const int64_t height = in.size(0), width = in.size(1), channels = in.dim() == 3 ? in.size(2) : 1;
  Tensor out = empty(Shape{channels, height, width});
  if (out.numel() == 0) return out;
  const uint8_t* from = in.data<uint8_t>();
  float* to = out.mutable_data<float>();
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t i = 0; i < height * width; ++i)
      to[c * height * width + i] = static_cast<float>(from[i * channels + c]) / 255.0f;
  return out;
}

Tensor normalize(const Tensor& picture, const std::vector<double>& mean, const std::vector<double>& std) {
  check(picture.defined() && is_floating_point(picture.dtype()) && picture.dim() >= 3,
        "[normalize] expected a floating picture of shape (..., channels, height, width), got ",
        picture.defined() ? name_of(picture.dtype()) : "nothing", " ", picture.shape());
  const int64_t channels = picture.size(-3);
  const auto fits = [&](const std::vector<double>& v) {
    return v.size() == 1 || static_cast<int64_t>(v.size()) == channels;
  };
  check(fits(mean) && fits(std), "[normalize] expected one mean and std or one for each of ", channels,
        " channels, got ", mean.size(), " and ", std.size());
  for (double s : std) check(s != 0, "[normalize] expected a std other than 0");
  Tensor out = picture.clone();
  const int64_t plane = picture.size(-2) * picture.size(-1);
  if (out.numel() == 0) return out;
  with_floating_type("normalize", out.dtype(), [&]<class T>() {
    // torchvision subtracts and divides in the picture's own precision.
    T* values = out.mutable_data<T>();
    for (int64_t i = 0; i < out.numel(); ++i) {
      const size_t c = static_cast<size_t>(i / plane % channels);
      const double m = mean[mean.size() == 1 ? 0 : c], s = std[std.size() == 1 ? 0 : c];
      if constexpr (std::is_same_v<T, double>)
        values[i] = (values[i] - m) / s;
      else {
        const T centred = static_cast<T>(static_cast<float>(values[i]) -
                                         static_cast<float>(static_cast<T>(static_cast<float>(m))));
        values[i] = static_cast<T>(static_cast<float>(centred) /
                                   static_cast<float>(static_cast<T>(static_cast<float>(s))));
      }
    }
  });
  return out;
}

Transform Resize(int64_t shorter) {
  check(shorter >= 1, "[resize] expected a size of at least 1, got ", shorter);
  return [shorter](const Tensor& picture) { return resize(picture, shorter); };
}
Transform Resize(Size size) {
  return [size](const Tensor& picture) { return resize(picture, size); };
}
Transform CenterCrop(int64_t side) { return CenterCrop(Size{side, side}); }
Transform CenterCrop(Size size) {
  check(size.height >= 1 && size.width >= 1, "[center_crop] expected a size of at least 1, got ", size.height,
        " x ", size.width);
  return [size](const Tensor& picture) { return center_crop(picture, size); };
}
Transform ToTensor() {
  return [](const Tensor& picture) { return to_tensor(picture); };
}
Transform Normalize(std::vector<double> mean, std::vector<double> std) {
  return [mean = std::move(mean), std = std::move(std)](const Tensor& picture) {
    return normalize(picture, mean, std);
  };
}

Transform Compose(std::vector<Transform> steps) {
  return [steps = std::move(steps)](const Tensor& picture) {
    Tensor out = picture;
    for (const Transform& step : steps) out = step(out);
    return out;
  };
}

Transform pipeline(const Preset& preset) {
  std::vector<Transform> steps;
  if (preset.resize > 0) steps.push_back(Resize(preset.resize));
  if (preset.crop > 0) steps.push_back(CenterCrop(preset.crop));
  steps.push_back(ToTensor());
  check(preset.mean.empty() == preset.std.empty(), "[normalize] expected mean and std together");
  if (!preset.mean.empty()) steps.push_back(Normalize(preset.mean, preset.std));
  return Compose(std::move(steps));
}

Preset imagenet_preset() { return {256, 224, {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}}; }

}  // namespace sconce::nn::transforms
