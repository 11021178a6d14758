// Extents of a tensor, and the arithmetic on them.
#pragma once
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace sconce {

using Strides = std::vector<int64_t>;  // in elements, one per dimension

// The extents of a tensor, outermost first; an empty shape is a scalar. A value.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> extents) : Shape(std::vector<int64_t>(extents)) {}
  // Throws ErrorKind::invalid_argument on a negative extent.
  explicit Shape(std::vector<int64_t> extents);
  explicit Shape(std::span<const int64_t> extents)
      : Shape(std::vector<int64_t>(extents.begin(), extents.end())) {}

  int64_t dim() const { return static_cast<int64_t>(extents_.size()); }
  // Dimension d, which may count from the end (-1 is the last). Throws ErrorKind::invalid_argument out of range.
  int64_t operator[](int64_t d) const;
  // Number of elements; 1 for a scalar. Throws ErrorKind::invalid_argument when it does not fit int64.
  int64_t numel() const;
  // Row-major strides, as torch.empty makes them (extents of 0 count as 1).
  Strides contiguous_strides() const;
  // Resolves a negative dimension. `dims` is the count to resolve against, by default dim().
  // Throws PyTorch's "Dimension out of range (expected to be in range of [-2, 1], but got 2)".
  int64_t wrap(int64_t d) const { return wrap(d, dim()); }
  static int64_t wrap(int64_t d, int64_t dims);

  const std::vector<int64_t>& extents() const { return extents_; }
  auto begin() const { return extents_.begin(); }
  auto end() const { return extents_.end(); }
  // "[3, 4]".
  std::string str() const;

  friend bool operator==(const Shape&, const Shape&) = default;

 private:
  std::vector<int64_t> extents_;
};

std::ostream& operator<<(std::ostream& out, const Shape& shape);

// The shape that two shapes broadcast to, by PyTorch's rule: aligned at the end, extents equal or 1.
// Throws PyTorch's "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1".
Shape broadcast(const Shape& a, const Shape& b);

// a * b and a + b for sizes that may come from a file; false when the result leaves int64.
bool checked_multiply(int64_t a, int64_t b, int64_t& out);
bool checked_add(int64_t a, int64_t b, int64_t& out);

}  // namespace sconce
