// Fixed-point sum over the whole range of double.
#include <sconce/error.h>
#include <sconce/nn/metrics/exact_sum.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "bytes.h"

namespace sconce::nn::metrics {
namespace {

constexpr int64_t base = int64_t{1} << 32;
constexpr int max_pending = 1 << 29;  // each addition moves a limb by less than 2^32

}  // namespace

void ExactSum::add(double term) {
  ++count_;
  if (std::isnan(term)) {
    ++nans_;
    return;
  }
  if (std::isinf(term)) {
    ++(term > 0 ? positive_infinities_ : negative_infinities_);
    return;
  }
  const uint64_t bits = std::bit_cast<uint64_t>(term);
  const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
  uint64_t mantissa = bits & ((uint64_t{1} << 52) - 1);
  if (exponent > 0) mantissa |= uint64_t{1} << 52;
  if (mantissa == 0) return;
  const int position = exponent > 0 ? exponent - 1 : 0;  // of the lowest bit, above 2^-1074
  const size_t limb = static_cast<size_t>(position / 32);
  const int shift = position % 32;
  const uint64_t low = (mantissa & 0xffffffff) << shift;
  const uint64_t high = (mantissa >> 32) << shift;
  const int64_t sign = bits >> 63 ? -1 : 1;
  limbs_[limb] += sign * static_cast<int64_t>(low & 0xffffffff);
  limbs_[limb + 1] += sign * static_cast<int64_t>((low >> 32) + (high & 0xffffffff));
  limbs_[limb + 2] += sign * static_cast<int64_t>(high >> 32);
  if (++pending_ >= max_pending) settle();
}

void ExactSum::settle() const {
  int64_t carry = 0;
  for (size_t i = 0; i + 1 < limbs_.size(); ++i) {
    const int64_t sum = limbs_[i] + carry;
    limbs_[i] = sum & (base - 1);
    carry = (sum - limbs_[i]) / base;
  }
  limbs_.back() += carry;
  pending_ = 0;
}

void ExactSum::merge(const ExactSum& other) {
  settle();
  other.settle();
  for (size_t i = 0; i < limbs_.size(); ++i) limbs_[i] += other.limbs_[i];
  pending_ = 1;
  settle();
  count_ += other.count_;
  nans_ += other.nans_;
  positive_infinities_ += other.positive_infinities_;
  negative_infinities_ += other.negative_infinities_;
}

double ExactSum::value() const {
  if (nans_ > 0 || (positive_infinities_ > 0 && negative_infinities_ > 0))
    return std::numeric_limits<double>::quiet_NaN();
  if (positive_infinities_ > 0) return std::numeric_limits<double>::infinity();
  if (negative_infinities_ > 0) return -std::numeric_limits<double>::infinity();
  settle();
  auto digits = limbs_;
  const bool negative = digits.back() < 0;
  if (negative) {
    int64_t carry = 0;
    for (size_t i = 0; i + 1 < digits.size(); ++i) {
      const int64_t sum = carry - digits[i];
      digits[i] = sum & (base - 1);
      carry = (sum - digits[i]) / base;
    }
    digits.back() = carry - digits.back();
  }
  // The sign limb is 2^32 terms of the largest double away from its own overflow, so it is an ordinary digit
  // here.
  int top = limb_count - 1;
  while (top >= 0 && digits[static_cast<size_t>(top)] == 0) --top;
  if (top < 0) return 0;
  // The highest 64 bits from the leading one down, and whether anything is left below them.
  const auto digit = [&](int i) {
    return i < 0 ? uint64_t{0} : static_cast<uint64_t>(digits[static_cast<size_t>(i)]);
  };
  const uint64_t leading = digit(top);
  if (leading >> 32)
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  const int width = std::bit_width(leading);  // 1 ... 32
  uint64_t window = leading << (64 - width) | digit(top - 1) << (32 - width);
  bool rest = false;
  if (width < 32) {
    window |= digit(top - 2) >> width;
    rest = (digit(top - 2) & ((uint64_t{1} << width) - 1)) != 0;
  } else {
    rest = digit(top - 2) != 0;
  }
  for (int i = top - 3; i >= 0 && !rest; --i) rest = digit(i) != 0;
  // Round to nearest, ties to even. Below 2^-1022 all bits fit, so nothing is rounded twice.
  uint64_t mantissa = window >> 11;
  const uint64_t tail = window & 0x7ff;
  if (tail > 0x400 || (tail == 0x400 && (rest || (mantissa & 1)))) ++mantissa;
  const int exponent = top * 32 + width - 53 - 1074;
  const double magnitude = std::ldexp(static_cast<double>(mantissa), exponent);
  return negative ? -magnitude : magnitude;
}

double ExactSum::mean() const {
  return count_ == 0 ? std::numeric_limits<double>::quiet_NaN() : value() / static_cast<double>(count_);
}

std::string ExactSum::bytes() const {
  settle();
  std::string out;
  for (int64_t v : {count_, nans_, positive_infinities_, negative_infinities_}) append_int64(out, v);
  for (int64_t limb : limbs_) append_int64(out, limb);
  return out;
}

ExactSum ExactSum::from_bytes(std::string_view bytes) {
  ByteReader in(bytes);
  ExactSum sum;
  for (int64_t* v : {&sum.count_, &sum.nans_, &sum.positive_infinities_, &sum.negative_infinities_})
    *v = in.count();
  for (size_t i = 0; i < sum.limbs_.size(); ++i) {
    sum.limbs_[i] = in.int64();
    const bool last = i + 1 == sum.limbs_.size();
    const int64_t low = last ? -base : 0;
    if (sum.limbs_[i] < low || sum.limbs_[i] >= base) in.refuse("a limb outside its range");
  }
  in.finish();
  return sum;
}

}  // namespace sconce::nn::metrics
