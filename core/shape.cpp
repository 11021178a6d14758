#include <sconce/error.h>
#include <sconce/shape.h>

#include <algorithm>
#include <ostream>

namespace sconce {

Shape::Shape(std::vector<int64_t> extents) : extents_(std::move(extents)) {
  for (int64_t n : extents_) check(n >= 0, "[Shape] expected extents of at least 0, got ", n);
}

int64_t Shape::operator[](int64_t d) const { return extents_[static_cast<size_t>(wrap(d))]; }

int64_t Shape::numel() const {
  int64_t count = 1;
  bool fits = true;
  for (int64_t n : extents_) {
    if (n == 0) return 0;
    fits = fits && checked_multiply(count, n, count);
  }
  check(fits, "[Shape] the number of elements of ", *this, " does not fit 64 bits");
  return count;
}

Strides Shape::contiguous_strides() const {
  Strides strides(extents_.size());
  int64_t step = 1;
  for (size_t d = extents_.size(); d-- > 0;) {
    strides[d] = step;
    check(checked_multiply(step, std::max<int64_t>(extents_[d], 1), step), "[Shape] the strides of ", *this,
          " do not fit 64 bits");
  }
  return strides;
}

int64_t Shape::wrap(int64_t d, int64_t dims) {
  const int64_t range = std::max<int64_t>(dims, 1);
  check(d >= -range && d < range, "Dimension out of range (expected to be in range of [", -range, ", ",
        range - 1, "], but got ", d, ")");
  return d < 0 ? d + range : d;
}

std::string Shape::str() const {
  std::string text = "[";
  for (size_t d = 0; d < extents_.size(); ++d) text += (d ? ", " : "") + std::to_string(extents_[d]);
  return text + "]";
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.str(); }

Shape broadcast(const Shape& a, const Shape& b) {
  const int64_t dims = std::max(a.dim(), b.dim());
  std::vector<int64_t> out(static_cast<size_t>(dims));
  for (int64_t d = dims - 1; d >= 0; --d) {
    const int64_t da = d - (dims - a.dim()), db = d - (dims - b.dim());
    const int64_t na = da < 0 ? 1 : a[da], nb = db < 0 ? 1 : b[db];
    check(na == nb || na == 1 || nb == 1, "The size of tensor a (", na, ") must match the size of tensor b (",
          nb, ") at non-singleton dimension ", d);
    out[static_cast<size_t>(d)] = na == 1 ? nb : na;
  }
  return Shape(std::move(out));
}

bool checked_multiply(int64_t a, int64_t b, int64_t& out) { return !__builtin_mul_overflow(a, b, &out); }
bool checked_add(int64_t a, int64_t b, int64_t& out) { return !__builtin_add_overflow(a, b, &out); }

}  // namespace sconce
