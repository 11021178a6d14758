// The accumulators' own byte form: 64-bit numbers, little-endian.
#pragma once
#include <sconce/error.h>

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace sconce::nn::metrics {

inline void append_int64(std::string& out, int64_t value) {
  for (int shift = 0; shift < 64; shift += 8)
    out += static_cast<char>(static_cast<uint64_t>(value) >> shift & 0xff);
}
inline void append_double(std::string& out, double value) {
  append_int64(out, std::bit_cast<int64_t>(value));
}

// Reads what append_* wrote; every doubt is ErrorKind::corrupt.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  [[noreturn]] void refuse(const char* what) const {
    throw Error(ErrorKind::corrupt, concat("[metrics] expected a saved accumulator, got ", what))
        .at_offset(at_);
  }
  int64_t int64() {
    if (bytes_.size() - at_ < 8) refuse("too few bytes");
    uint64_t value = 0;
    for (size_t i = 0; i < 8; ++i) value |= uint64_t{static_cast<unsigned char>(bytes_[at_ + i])} << (8 * i);
    at_ += 8;
    return static_cast<int64_t>(value);
  }
  double real() { return std::bit_cast<double>(int64()); }
  // A number that counts something.
  int64_t count() {
    const int64_t value = int64();
    if (value < 0 || value > int64_t{1} << 56) refuse("an impossible count");
    return value;
  }
  // A count of items of 8 bytes that are still to come.
  int64_t length() {
    const int64_t value = count();
    if (static_cast<uint64_t>(value) > (bytes_.size() - at_) / 8) refuse("a length past the end");
    return value;
  }
  std::string_view take(int64_t words) {
    const size_t n = static_cast<size_t>(words) * 8;
    if (bytes_.size() - at_ < n) refuse("too few bytes");
    const std::string_view part = bytes_.substr(at_, n);
    at_ += n;
    return part;
  }
  void finish() const {
    if (at_ != bytes_.size()) refuse("bytes after its end");
  }

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

}  // namespace sconce::nn::metrics
