// interpolate: the checks and the size rules of torch.nn.functional.interpolate.
#include <sconce/backend.h>
#include <sconce/kernel_args.h>
#include <sconce/ops/create.h>
#include <sconce/ops/interpolate.h>
#include <sconce/ops/pool.h>

#include <algorithm>
#include <cmath>

#include "ops/arguments.h"

namespace sconce {
namespace {

template <class T>
std::string list(const std::vector<T>& values) {
  std::ostringstream out;
  out << '[';
  for (size_t i = 0; i < values.size(); ++i) out << (i ? ", " : "") << values[i];
  out << ']';
  return std::move(out).str();
}

const char* format_words = " Please provide input tensor in (N, C, d1, d2, ...,dK) format and ";

// The output's spatial extents.
std::vector<int64_t> output_extents(const Tensor& input, const InterpolateOptions& o) {
  const int64_t dims = input.dim() - 2;
  const std::vector<int64_t>& in = input.shape().extents();
  const std::string spatial =
      list(std::vector<int64_t>(in.begin() + std::min<int64_t>(2, input.dim()), in.end()));
  check(o.size.empty() || o.scale_factor.empty(), "only one of size or scale_factor should be defined");
  check(!o.size.empty() || !o.scale_factor.empty(), "either size or scale_factor should be defined");
  std::vector<int64_t> out;
  if (!o.size.empty()) {
    check(o.size.size() == 1 || static_cast<int64_t>(o.size.size()) == dims,
          "Input and output must have the same number of spatial dimensions, but got input with spatial "
          "dimensions of ",
          spatial, " and output size of ", list(o.size), ".", format_words,
          "output size in (o1, o2, ...,oK) format.");
    check(!o.recompute_scale_factor, "recompute_scale_factor is not meaningful with an explicit size.");
    for (int64_t d = 0; d < dims; ++d)
      out.push_back(o.size.size() == 1 ? o.size[0] : o.size[static_cast<size_t>(d)]);
    return out;
  }
  check(o.scale_factor.size() == 1 || static_cast<int64_t>(o.scale_factor.size()) == dims,
        "Input and scale_factor must have the same number of spatial dimensions, but got input with spatial "
        "dimensions of ",
        spatial, " and scale_factor of shape ", list(o.scale_factor), ".", format_words,
        "scale_factor in (s1, s2, ...,sK) format.");
  for (int64_t d = 0; d < dims; ++d) {
    const double factor =
        o.scale_factor.size() == 1 ? o.scale_factor[0] : o.scale_factor[static_cast<size_t>(d)];
    const double extent = static_cast<double>(input.size(d + 2)) * factor;
    check(std::abs(extent) < 0x1p53, "[interpolate] a scale factor of ", factor, " is out of range");
    out.push_back(static_cast<int64_t>(extent));
  }
  return out;
}

struct Mode {
  Resampling resampling;
  const char* aten;  // without the dimension
};

void check_mode(const Tensor& input, const InterpolateOptions& o) {
  const std::string& mode = o.mode;
  const bool linear = mode == "linear" || mode == "bilinear";
  if (mode == "bicubic" || mode == "trilinear" || mode == "lanczos" || input.dim() == 5)
    fail(ErrorKind::unsupported, "[interpolate] mode ", mode, " of a ", input.dim(),
         "D input is not implemented");
  check(mode == "nearest" || mode == "nearest-exact" || mode == "area" || linear,
        "Input Error: Only 3D, 4D and 5D input Tensors supported (got ", input.dim(),
        "D) for the modes: nearest | linear | bilinear | bicubic | trilinear | lanczos | area | "
        "nearest-exact (got ",
        mode, ")");
  check(linear || !o.align_corners,
        "align_corners option can only be set with the interpolating modes: linear | bilinear | bicubic | "
        "trilinear");
}

void check_rank(const Tensor& input, const InterpolateOptions& o) {
  check(!o.antialias || (o.mode == "bilinear" && input.dim() == 4),
        "Anti-alias option is restricted to bilinear, bicubic, and lanczos modes and requires a 4-D tensor "
        "as input");
  check(input.dim() == 3 || input.dim() == 4, "Input Error: Only 3D, 4D and 5D input Tensors supported (got ",
        input.dim(),
        "D) for the modes: nearest | linear | bilinear | bicubic | trilinear | lanczos | area | "
        "nearest-exact (got ",
        o.mode, ")");
  check(input.dim() == 4 || o.mode != "bilinear", "Got 3D input, but bilinear mode needs 4D input");
  check(input.dim() == 3 || o.mode != "linear", "Got 4D input, but linear mode needs 3D input");
  if (input.dim() == 3 && o.mode == "area")
    fail(ErrorKind::unsupported, "[interpolate] mode area of a 3D input is not implemented");
}

void check_extents(const Tensor& input, const std::vector<int64_t>& out) {
  if (input.dim() == 4) {
    check(input.size(2) > 0 && input.size(3) > 0 && out[0] > 0 && out[1] > 0,
          "Input and output sizes should be greater than 0, but got input (H: ", input.size(2),
          ", W: ", input.size(3), ") output (H: ", out[0], ", W: ", out[1], ")");
    check(input.size(1) > 0, "Non-empty 4D data tensor expected but got a tensor with sizes ", input.shape());
  } else {
    check(input.size(2) > 0 && out[0] > 0,
          "Input and output sizes should be greater than 0, but got input (W: ", input.size(2),
          ") and output (W: ", out[0], ")");
    check(input.size(1) > 0, "Non-empty 3D data tensor expected but got a tensor with sizes ", input.shape());
  }
}

}  // namespace

Tensor interpolate(const Tensor& input, const InterpolateOptions& o) {
  check_tensors("interpolate", {&input});
  check_mode(input, o);
  const std::vector<int64_t> spatial = output_extents(input, o);
  check_rank(input, o);
  if (o.mode == "area") return adaptive_avg_pool2d(input, spatial);
  check_extents(input, spatial);
  if (input.dtype() != DType::u8) with_floating_type("interpolate", input.dtype(), []<class T>() {});
  const bool linear = o.mode == "linear" || o.mode == "bilinear";
  if (o.antialias && (input.dtype() == DType::f16 || input.dtype() == DType::bf16))
    fail_dtype("interpolate", input.dtype());
  if (o.mode == "linear" && input.dtype() == DType::u8) fail_dtype("interpolate", input.dtype());
  const bool one_dimension = input.dim() == 3, align = o.align_corners.value_or(false);
  const bool by_factor = !o.scale_factor.empty() && !o.recompute_scale_factor;
  std::vector<double> factors;
  if (by_factor) {
    factors = o.scale_factor;
    factors.resize(spatial.size(), factors[0]);
  }
  std::vector<int64_t> extents{input.size(0), input.size(1)};
  extents.insert(extents.end(), spatial.begin(), spatial.end());
  if (Recorder* r = Recorder::active()) {
    const std::string dims = one_dimension ? "1d" : "2d";
    Recorder::Input sizes, scales;
    if (by_factor)
      scales = factors;
    else
      sizes = spatial;
    Recorder::Inputs arguments{{"input", input}, {"output_size", sizes}};
    if (linear) arguments.emplace_back("align_corners", align);
    arguments.emplace_back("scale_factors", scales);
    const std::string name = o.antialias                 ? "_upsample_bilinear2d_aa"
                             : o.mode == "nearest-exact" ? "_upsample_nearest_exact" + dims
                                                         : "upsample_" + o.mode + dims;
    return r->record("aten." + name + ".vec", std::move(arguments), Shape(extents), input.dtype());
  }
  Tensor out = empty(Shape(extents), input.dtype(), input.device());
  if (out.numel() > 0) {
    Tensor x = input.contiguous(), y = out;
    std::array<double, 2> scales{0, 0};
    if (by_factor) scales = {one_dimension ? 0 : factors[0], factors.back()};
    if (one_dimension) x = x.unsqueeze(2), y = y.unsqueeze(2);
    const Resampling mode = linear                      ? Resampling::bilinear
                            : o.mode == "nearest-exact" ? Resampling::nearest_exact
                                                        : Resampling::nearest;
    backend_of(out.device()).upsample2d({x, mode, align, o.antialias, scales, y});
  }
  return out;
}

}  // namespace sconce
