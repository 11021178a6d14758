// Preparing pictures as torchvision.transforms does.
#pragma once
#include <sconce/tensor.h>

#include <functional>
#include <vector>

namespace sconce::nn::transforms {

// A step from one picture to the next. Pictures are u8 (height, width, channels) with 1, 3 or 4 channels
// until to_tensor, floating (channels, height, width) after it.
using Transform = std::function<Tensor(const Tensor&)>;

struct Size {
  int64_t height = 0, width = 0;
  friend bool operator==(const Size&, const Size&) = default;
};

// The size that Resize(shorter) gives: the shorter side becomes `shorter`, the other int(shorter * long /
// short).
Size resized_size(Size size, int64_t shorter);

// torchvision.transforms.Resize on a PIL image: bilinear with antialiasing, in PIL's 8-bit fixed-point
// arithmetic, so equal to it bit for bit (Pillow 13; earlier ones always went along rows first, which moves
// some bytes of much flattened pictures by one). `picture` is u8 (height, width, channels). With 4 channels
// colours are weighted by the last one, as PIL does for RGBA. Throws ErrorKind::invalid_argument on another
// dtype or shape, an empty picture, or a size below 1.
Tensor resize(const Tensor& picture, Size size);
Tensor resize(const Tensor& picture, int64_t shorter);
// torchvision.transforms.CenterCrop: offsets are round-half-even((extent - size) / 2); smaller pictures are
// first padded with zeros. Takes u8 (height, width, channels) as well as floating (channels, height, width).
Tensor center_crop(const Tensor& picture, Size size);
// torchvision.transforms.ToTensor: u8 (height, width, channels) or (height, width) to f32 (channels, height,
// width) in [0, 1].
Tensor to_tensor(const Tensor& picture);
// torchvision.transforms.Normalize: (x - mean) / std by channel, of a floating (..., channels, height,
// width); keeps the dtype. One value serves all channels. Throws ErrorKind::invalid_argument on other lengths
// and on a std of 0.
Tensor normalize(const Tensor& picture, const std::vector<double>& mean, const std::vector<double>& std);

// The same as steps of a pipeline.
Transform Resize(int64_t shorter);
Transform Resize(Size size);
Transform CenterCrop(int64_t side);
Transform CenterCrop(Size size);
Transform ToTensor();
Transform Normalize(std::vector<double> mean, std::vector<double> std);
// One after the other.
Transform Compose(std::vector<Transform> steps);

// What one says on a command line; the order is Resize, CenterCrop, ToTensor, Normalize.
struct Preset {
  int64_t resize = 0;                       // shorter side; 0: as it is
  int64_t crop = 0;                         // side; 0: whole
  std::vector<double> mean = {}, std = {};  // empty: not normalised
};
Transform pipeline(const Preset& preset);
// Mean and deviation of ImageNet with Resize(256), CenterCrop(224): torchvision's presets for its
// classifiers.
Preset imagenet_preset();

}  // namespace sconce::nn::transforms
