#include <sconce/backend.h>
#include <sconce/ops/create.h>
#include <sconce/ops/pad.h>

#include <algorithm>

#include "ops/dtype_set.h"

namespace sconce {

using namespace dtypes;

namespace {

// What `pad` adds before and behind dimension d of a tensor of this rank.
struct Edges {
  int64_t before = 0, after = 0;
};

Edges edges_of(const std::vector<int64_t>& pad, int64_t rank, int64_t d) {
  const size_t at = static_cast<size_t>(rank - 1 - d) * 2;
  return at < pad.size() ? Edges{pad[at], pad[at + 1]} : Edges{};
}

std::string both(Edges e) { return concat("(", e.before, ", ", e.after, ")"); }

Shape padded_shape(const Shape& shape, const std::vector<int64_t>& pad) {
  std::vector<int64_t> extents;
  for (int64_t d = 0; d < shape.dim(); ++d) {
    const Edges e = edges_of(pad, shape.dim(), d);
    int64_t extent = 0;
    check(checked_add(shape[d], e.before, extent) && checked_add(extent, e.after, extent) && extent >= 0,
          "The input size ", shape[d], ", plus negative padding ", e.before, " and ", e.after,
          ", resulted in a negative output size at dimension ", d);
    extents.push_back(extent);
  }
  return Shape(std::move(extents));
}

// What negative padding leaves of the operand.
Tensor cropped(const Tensor& self, const std::vector<int64_t>& pad) {
  Tensor part = self;
  for (int64_t d = 0; d < self.dim(); ++d) {
    const Edges e = edges_of(pad, self.dim(), d);
    part = part.slice(d, std::max<int64_t>(-e.before, 0),
                      std::max<int64_t>(self.size(d) - std::max<int64_t>(-e.after, 0), 0));
  }
  return part;
}

// A value everywhere, and the operand's part that is left laid into it.
Tensor fill_around(const Tensor& self, const std::vector<int64_t>& pad, const Scalar& value,
                   const Shape& shape) {
  check(self.dtype() != DType::f8_e8m0fnu || value.to_double() > 0,
        "value cannot be converted to type float8_e8m0fnu without overflow");
  Tensor out = full(shape, value, self.dtype(), self.device());
  const Tensor part = cropped(self, pad);
  Tensor inside = out;
  for (int64_t d = 0; d < self.dim(); ++d) {
    const int64_t start = std::max<int64_t>(edges_of(pad, self.dim(), d).before, 0);
    inside = inside.slice(d, start, start + part.size(d));
  }
  if (part.numel() > 0) inside.copy_(part);
  return out;
}

// The limits of the modes that repeat elements.
void check_repeating(PadMode mode, const Tensor& self, const std::vector<int64_t>& pad, const Shape& shape) {
  const int64_t padded = static_cast<int64_t>(pad.size() / 2), rank = self.dim();
  if (padded < 1 || padded > 3 || (rank != padded + 1 && rank != padded + 2))
    fail(ErrorKind::unsupported, "Padding size ", pad.size(), " is not supported for ", rank,
         "D input tensor.");
  // Only a batch may be empty.
  for (int64_t d = rank == padded + 2 ? 1 : 0; mode != PadMode::circular && d < rank; ++d)
    check(self.size(d) > 0,
          "Expected a tensor with possibly 0 batch size and other non-zero dimensions for input, but got: ",
          self.shape());
  for (int64_t d = rank - padded; d < rank; ++d) {
    const Edges e = edges_of(pad, rank, d);
    if (mode == PadMode::circular) {
      check(e.before <= self.size(d) && e.after <= self.size(d),
            "Padding value causes wrapping around more than once.");
      continue;
    }
    check(mode != PadMode::reflect || (e.before < self.size(d) && e.after < self.size(d)),
          "Padding size should be less than the corresponding input dimension, but got: padding ", both(e),
          " at dimension ", d, " of input ", self.shape());
    check(shape[d] > 0, "input ", self.shape(), " is too small. Calculated output ", shape);
  }
}

}  // namespace

Tensor pad(const Tensor& self, const std::vector<int64_t>& pad, std::string_view mode,
           std::optional<Scalar> value) {
  check_tensors("pad", {&self});
  check(pad.size() % 2 == 0, "Padding length must be divisible by 2");
  check(
      static_cast<int64_t>(pad.size()) <= 2 * self.dim(),
      "Padding length should be less than or equal to two times the input dimension but got padding length ",
      pad.size(), " and input of dimension ", self.dim());
  const bool constant = mode == "constant";
  if (!constant && mode != "reflect" && mode != "replicate" && mode != "circular")
    fail(ErrorKind::unsupported, "Unrecognised padding mode ", mode);
  check(constant || !value || value->to_complex() == 0.0, "Padding mode \"", mode,
        "\" doesn't take in value argument");
  const PadMode repeat = mode == "reflect"     ? PadMode::reflect
                         : mode == "replicate" ? PadMode::replicate
                                               : PadMode::circular;
  check_dtype("pad", self.dtype(),
              constant || repeat == PadMode::circular ? numeric : floats | integers | complex);
  const Shape shape = padded_shape(self.shape(), pad);
  if (!constant) check_repeating(repeat, self, pad, shape);
  if (Recorder* r = Recorder::active())
    return r->record("aten.pad.default",
                     {{"self", self}, {"pad", pad}, {"mode", std::string(mode)}, {"value", recorded(value)}},
                     shape, self.dtype());
  if (constant) return fill_around(self, pad, value.value_or(0), shape);
  Tensor out = empty(shape, self.dtype(), self.device());
  if (out.numel() == 0) return out;
  std::vector<int64_t> before;
  for (int64_t d = 0; d < self.dim(); ++d) before.push_back(edges_of(pad, self.dim(), d).before);
  Tensor source = self;
  if (repeat == PadMode::circular) {
    source = cropped(self, pad);
    for (int64_t& b : before) b = std::max<int64_t>(b, 0);
  }
  backend_of(self.device()).pad(repeat, source.contiguous(), before, out);
  return out;
}

}  // namespace sconce
