// Reading untrusted bytes: every read is checked against what is left, and an error says where.
#pragma once
#include <sconce/error.h>
#include <sconce/storage.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>

namespace sconce {

using Bytes = std::span<const std::byte>;

inline Bytes bytes_of(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline Bytes bytes_of(const Storage& s) { return {static_cast<const std::byte*>(s.data()), s.nbytes()}; }
inline std::string_view text_of(Bytes b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

// a + b and a * b, false when the result leaves 64 bits.
inline bool checked_sum(uint64_t a, uint64_t b, uint64_t& out) { return !__builtin_add_overflow(a, b, &out); }
inline bool checked_product(uint64_t a, uint64_t b, uint64_t& out) {
  return !__builtin_mul_overflow(a, b, &out);
}

// An integer or floating-point number at `from`, which need not be aligned. The caller has checked that it is
// all there.
template <class T>
T load_number(const std::byte* from, std::endian order) {
  static_assert(std::is_arithmetic_v<T>);
  T value;
  if (order == std::endian::native) {
    std::memcpy(&value, from, sizeof(T));
    return value;
  }
  std::byte raw[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i) raw[i] = from[sizeof(T) - 1 - i];
  std::memcpy(&value, raw, sizeof(T));
  return value;
}
template <class T>
T load_little(const std::byte* from) {
  return load_number<T>(from, std::endian::little);
}
template <class T>
T load_big(const std::byte* from) {
  return load_number<T>(from, std::endian::big);
}

// A cursor over a span that it does not own. Positions count from `base`, so that a reader of one part of a
// file can speak of offsets in the whole. Every read past the end throws ErrorKind::corrupt with the offset
// where the read began.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes, uint64_t base = 0) : bytes_(bytes), base_(base) {}

  uint64_t position() const { return base_ + at_; }
  size_t remaining() const { return bytes_.size() - at_; }
  bool at_end() const { return at_ == bytes_.size(); }

  // Moves to a position (counted from `base`); the end itself is allowed.
  void seek(uint64_t position) {
    if (position < base_ || position - base_ > bytes_.size())
      fail_at(position, "expected a position in the data, which has ", bytes_.size(), " bytes");
    at_ = static_cast<size_t>(position - base_);
  }
  void skip(uint64_t count) { take(count); }

  // The next `count` bytes, in place.
  Bytes take(uint64_t count) {
    if (count > remaining())
      fail_at(position(), "expected ", count, " more bytes, the data ends after ", remaining());
    const Bytes out = bytes_.subspan(at_, static_cast<size_t>(count));
    at_ += static_cast<size_t>(count);
    return out;
  }
  std::string_view take_text(uint64_t count) { return text_of(take(count)); }
  // Everything that is left.
  Bytes rest() const { return bytes_.subspan(at_); }
  // The next byte without moving, or -1 at the end.
  int peek() const { return at_end() ? -1 : std::to_integer<int>(bytes_[at_]); }

  uint8_t u8() { return std::to_integer<uint8_t>(take(1)[0]); }
  // The next number: little<uint32_t>(), big<double>().
  template <class T>
  T little() {
    return load_little<T>(take(sizeof(T)).data());
  }
  template <class T>
  T big() {
    return load_big<T>(take(sizeof(T)).data());
  }
  // Text up to and without the next newline, which is passed too. Throws when there is none.
  std::string_view line() {
    const auto* found = at_end() ? nullptr : std::memchr(bytes_.data() + at_, '\n', remaining());
    if (!found)
      fail_at(position(), "expected a line, the data ends after ", remaining(), " bytes without a newline");
    const auto length = static_cast<size_t>(static_cast<const std::byte*>(found) - (bytes_.data() + at_));
    const std::string_view out = text_of(bytes_.subspan(at_, length));
    at_ += length + 1;
    return out;
  }

  // Throws ErrorKind::corrupt with the given offset.
  template <class... Parts>
  [[noreturn]] static void fail_at(uint64_t offset, const Parts&... parts) {
    Error error(ErrorKind::corrupt, concat(parts...));
    error.at_offset(offset);
    throw error;
  }

 private:
  Bytes bytes_;
  uint64_t base_;
  size_t at_ = 0;
};

}  // namespace sconce
