// Resizing pictures of bytes: a triangle filter over the source pixels that fall under each result pixel,
// first along rows, then along columns or the other way round, with weights of 22 fractional bits and bytes
// in between. That is PIL's arithmetic, hence torchvision's on PIL images.
#include <sconce/nn/transforms.h>
#include <sconce/ops/create.h>

#include <algorithm>
#include <cmath>

namespace sconce::nn::transforms {
namespace {

constexpr int fraction_bits = 32 - 8 - 2;

// For each result position: the first source position and the weights from there on.
struct Weights {
  int64_t count = 0;  // weights a position
  std::vector<int64_t> first, used;
  std::vector<int32_t> values;
};

Weights triangle_weights(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double stretch =
      std::max(scale, 1.0);  // a shrinking picture needs a filter as wide as the pixels it gathers
  const double reach = 1.0 * stretch;
  Weights out;
  out.count = static_cast<int64_t>(std::ceil(reach)) * 2 + 1;
  out.values.assign(static_cast<size_t>(out.count * to), 0);
  std::vector<double> row(static_cast<size_t>(out.count));
  for (int64_t i = 0; i < to; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(static_cast<int64_t>(center - reach + 0.5), 0);
    const int64_t used = std::min<int64_t>(static_cast<int64_t>(center + reach + 0.5), from) - first;
    double sum = 0;
    const double shrink = 1.0 / stretch;
    for (int64_t k = 0; k < used; ++k) {
      const double distance = std::abs((static_cast<double>(k + first) - center + 0.5) * shrink);
      row[static_cast<size_t>(k)] = distance < 1 ? 1 - distance : 0;
      sum += row[static_cast<size_t>(k)];
    }
    for (int64_t k = 0; k < used; ++k) {
      const double weight = sum != 0 ? row[static_cast<size_t>(k)] / sum : row[static_cast<size_t>(k)];
      out.values[static_cast<size_t>(i * out.count + k)] =
          static_cast<int32_t>(0.5 + weight * (1 << fraction_bits));
    }
    out.first.push_back(first);
    out.used.push_back(used);
  }
  return out;
}

uint8_t to_byte(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> fraction_bits, 0, 255)); }

// (height, from, channels) -> (height, to, channels). The columns' pass is the same with rows of width *
// channels as one pixel.
std::vector<uint8_t> resize_axis(const std::vector<uint8_t>& in, int64_t outer, int64_t from, int64_t inner,
                                 int64_t to) {
  const Weights weights = triangle_weights(from, to);
  std::vector<uint8_t> out(static_cast<size_t>(outer * to * inner));
  std::vector<int32_t> sums(static_cast<size_t>(inner));
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t i = 0; i < to; ++i) {
      std::fill(sums.begin(), sums.end(), 1 << (fraction_bits - 1));
      const int32_t* row = weights.values.data() + i * weights.count;
      const int64_t first = weights.first[static_cast<size_t>(i)];
      for (int64_t k = 0; k < weights.used[static_cast<size_t>(i)]; ++k) {
        const uint8_t* source = in.data() + (o * from + first + k) * inner;
        for (int64_t j = 0; j < inner; ++j) sums[static_cast<size_t>(j)] += row[k] * source[j];
      }
      uint8_t* target = out.data() + (o * to + i) * inner;
      for (int64_t j = 0; j < inner; ++j) target[j] = to_byte(sums[static_cast<size_t>(j)]);
    }
  }
  return out;
}

// PIL resizes RGBA with colours multiplied by alpha, in bytes, and divides after.
void premultiply(std::vector<uint8_t>& pixels) {
  for (size_t i = 0; i < pixels.size(); i += 4) {
    for (size_t c = 0; c < 3; ++c) {
      const unsigned product = pixels[i + c] * static_cast<unsigned>(pixels[i + 3]) + 128;
      pixels[i + c] = static_cast<uint8_t>(((product >> 8) + product) >> 8);
    }
  }
}
void unpremultiply(std::vector<uint8_t>& pixels) {
  for (size_t i = 0; i < pixels.size(); i += 4) {
    const unsigned alpha = pixels[i + 3];
    if (alpha == 0 || alpha == 255) continue;
    for (size_t c = 0; c < 3; ++c)
      pixels[i + c] = static_cast<uint8_t>(std::min(255u * pixels[i + c] / alpha, 255u));
  }
}

}  // namespace

Size resized_size(Size size, int64_t shorter) {
  const int64_t small = std::min(size.height, size.width), large = std::max(size.height, size.width);
  check(small >= 1 && shorter >= 1, "[resize] expected a picture and a size of at least 1, got ", size.height,
        " x ", size.width, " and ", shorter);
  int64_t product = 0;
  check(checked_multiply(shorter, large, product), "[resize] the size ", shorter, " is too large");
  // torchvision divides as Python does: in double precision, then cuts.
  const int64_t longer = static_cast<int64_t>(static_cast<double>(product) / static_cast<double>(small));
  return size.width <= size.height ? Size{longer, shorter} : Size{shorter, longer};
}

Tensor resize(const Tensor& picture, int64_t shorter) {
  check(picture.defined() && picture.dim() == 3,
        "[resize] expected a picture of shape (height, width, channels), got ", picture.shape());
  return resize(picture, resized_size({picture.size(0), picture.size(1)}, shorter));
}

Tensor resize(const Tensor& picture, Size size) {
  check(picture.defined() && picture.dtype() == DType::u8 && picture.dim() == 3 && picture.numel() > 0 &&
            picture.size(2) <= 4,
        "[resize] expected a u8 picture of shape (height, width, up to 4 channels), got ",
        picture.defined() ? name_of(picture.dtype()) : "nothing", " ", picture.shape());
  constexpr int64_t largest = int64_t{1} << 24;
  check(size.height >= 1 && size.width >= 1 && size.height <= largest && size.width <= largest,
        "[resize] expected a size from 1 to ", largest, ", got ", size.height, " x ", size.width);
  const int64_t height = picture.size(0), width = picture.size(1), channels = picture.size(2);
  if (size == Size{height, width}) return picture;
  Tensor out = empty(Shape{size.height, size.width, channels},
                     DType::u8);  // first, so that a size without memory fails here
  const Tensor in = picture.contiguous();
  std::vector<uint8_t> pixels(in.data<uint8_t>(), in.data<uint8_t>() + in.numel());
  if (channels == 4) premultiply(pixels);
  // PIL goes along columns first where the height shrinks more than twice as much as the width.
  const bool columns_first = size.height < height && height - size.height > 2 * (width - size.width);
  if (columns_first) pixels = resize_axis(pixels, 1, height, width * channels, size.height);
  const int64_t rows = columns_first ? size.height : height;
  if (size.width != width) pixels = resize_axis(pixels, rows, width, channels, size.width);
  if (!columns_first && size.height != height)
    pixels = resize_axis(pixels, 1, height, size.width * channels, size.height);
  if (channels == 4) unpremultiply(pixels);
  std::copy(pixels.begin(), pixels.end(), out.mutable_data<uint8_t>());
  return out;
}

}  // namespace sconce::nn::transforms
