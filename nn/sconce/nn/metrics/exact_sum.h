// A sum of doubles that is the same whatever the order and grouping of its terms.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sconce::nn::metrics {

// Holds the sum exactly, as a fixed-point number that spans every double, and rounds once when asked. So the
// sums of parts, merged in any order, give the bits of the unsplit sum.
class ExactSum {
 public:
  void add(double term);
  void merge(const ExactSum& other);
  // The exact sum rounded to nearest; NaN and infinities combine as in IEEE addition. 0 when empty.
  double value() const;
  int64_t count() const { return count_; }  // terms
  double mean() const;                      // NaN when empty

  // 72 numbers of 8 bytes, little-endian; equal sums have equal bytes.
  std::string bytes() const;
  // Throws ErrorKind::corrupt on anything that bytes() does not give.
  static ExactSum from_bytes(std::string_view bytes);

 private:
  static constexpr int limb_count = 68;  // of 32 bits, from 2^-1074 up; the top one carries the sign
  void settle() const;                   // makes all limbs but the top one lie in [0, 2^32)

  mutable std::array<int64_t, limb_count> limbs_{};
  mutable int pending_ = 0;  // additions since settle(); bounded so that no limb overflows
  int64_t count_ = 0, nans_ = 0, positive_infinities_ = 0, negative_infinities_ = 0;
};

}  // namespace sconce::nn::metrics
