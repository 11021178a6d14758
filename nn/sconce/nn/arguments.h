// Argument types of the layers: one or two extents, and paddings, as Python's int | tuple | str.
#pragma once
#include <sconce/ops/sizes.h>

#include <cstdint>
#include <string>
#include <type_traits>

namespace sconce::nn {

// An int, meant for both directions, or a pair (height, width): 3 or {3, 5}. Remembers which, for printing.
struct Pair {
  static constexpr int64_t unset = keep_extent;
  int64_t height = unset, width = unset;
  bool is_tuple = false;
  Pair() = default;  // not given: the layer's default holds
  bool given() const { return height != unset; }
  operator Sizes() const { return {height, width}; }
  template <class Int>
  requires std::is_integral_v<Int> Pair(Int both)
      : height(static_cast<int64_t>(both)), width(static_cast<int64_t>(both)) {}
  Pair(int64_t h, int64_t w) : height(h), width(w), is_tuple(true) {}
  // "3" or "(3, 5)", as it was given; with `tuple` always the latter.
  std::string str(bool tuple = false) const;
  friend bool operator==(const Pair& a, const Pair& b) { return a.height == b.height && a.width == b.width; }
};

// Padding of an image: one number, or {left, right, top, bottom}, as PyTorch orders them.
struct ImagePadding {
  int64_t left = 0, right = 0, top = 0, bottom = 0;
  template <class Int>
  requires std::is_integral_v<Int> ImagePadding(Int all)
      : left(static_cast<int64_t>(all)), right(left), top(left), bottom(left) {}
  ImagePadding(int64_t l, int64_t r, int64_t t, int64_t b) : left(l), right(r), top(t), bottom(b) {}
  std::string str() const;  // "(1, 1, 2, 2)"
};

// What a convolution reads outside of its input.
enum class PaddingMode { zeros, reflect, replicate, circular };
const char* to_string(PaddingMode mode);

}  // namespace sconce::nn
