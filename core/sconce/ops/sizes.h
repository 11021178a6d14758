// Arguments that are one number or one number for each spatial dimension.
#pragma once
#include <array>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <vector>

namespace sconce {

// What PyTorch calls an int[]: 3, {3, 3}, or a vector. Empty stands for "not given" where an op has such a
// default.
class Sizes : public std::vector<int64_t> {
 public:
  Sizes() = default;
  template <std::integral T>
  Sizes(T value) : std::vector<int64_t>{static_cast<int64_t>(value)} {}
  Sizes(std::initializer_list<int64_t> values) : std::vector<int64_t>(values) {}
  Sizes(std::vector<int64_t> values) : std::vector<int64_t>(std::move(values)) {}
  template <size_t N>
  Sizes(const std::array<int64_t, N>& values) : std::vector<int64_t>(values.begin(), values.end()) {}
};

// In an adaptive pooling's output size: the input's own extent (Python's None).
inline constexpr int64_t keep_extent = std::numeric_limits<int64_t>::min();

// A convolution's padding: numbers, or "same" (the output has the input's size; stride 1 only) or "valid"
// (none).
struct ConvPadding {
  Sizes sizes{0};
  std::string mode;  // empty: use sizes

  ConvPadding() = default;
  template <std::integral T>
  ConvPadding(T value) : sizes(value) {}
  ConvPadding(std::initializer_list<int64_t> values) : sizes(values) {}
  ConvPadding(std::vector<int64_t> values) : sizes(std::move(values)) {}
  ConvPadding(Sizes values) : sizes(std::move(values)) {}
  template <size_t N>
  ConvPadding(const std::array<int64_t, N>& values) : sizes(values) {}
  ConvPadding(std::string text) : mode(std::move(text)) {}
  ConvPadding(const char* text) : mode(text) {}
};

}  // namespace sconce
