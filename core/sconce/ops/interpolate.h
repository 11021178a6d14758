// Images of another size.
#pragma once
#include <sconce/ops/sizes.h>
#include <sconce/tensor.h>

#include <optional>

namespace sconce {

// One factor or one for each spatial dimension.
class ScaleFactors : public std::vector<double> {
 public:
  ScaleFactors() = default;
  ScaleFactors(double value) : std::vector<double>{value} {}
  ScaleFactors(std::initializer_list<double> values) : std::vector<double>(values) {}
  ScaleFactors(std::vector<double> values) : std::vector<double>(std::move(values)) {}
};

// The arguments of torch.nn.functional.interpolate: one of size and scale_factor is given. With scale_factor
// the output's size is cut to a whole number, and pixels are placed by the factor itself, unless
// recompute_scale_factor.
struct InterpolateOptions {
  Sizes size;
  ScaleFactors scale_factor;
  std::string mode = "nearest";  // "nearest", "nearest-exact", "linear", "bilinear" or "area"
  std::optional<bool> align_corners = std::nullopt;  // linear and bilinear only
  bool recompute_scale_factor = false;
  bool antialias = false;  // bilinear only: widens the filter when the image shrinks, as Pillow does
};

// As torch.nn.functional.interpolate: input [n, c, w] (nearest, nearest-exact, linear) or [n, c, h, w] (the
// others) of f64 f32 f16 bf16, or u8 (by PyTorch's fixed-point arithmetic when bilinear); antialias takes f64
// f32 u8. Throws PyTorch's words (ErrorKind::invalid_argument), and ErrorKind::unsupported for modes, ranks
// and dtypes beyond these.
Tensor interpolate(const Tensor& input, const InterpolateOptions& options);

}  // namespace sconce
