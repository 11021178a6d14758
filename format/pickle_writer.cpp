#include "pickle_writer.h"

#include "pickle_text.h"

#include <sconce/error.h>

#include <bit>
#include <limits>
#include <vector>

namespace sconce {
namespace {

// Two's complement of a decimal number, least significant byte first, as short as it goes.
std::string two_complement(std::string_view decimal) {
  const bool negative = !decimal.empty() && decimal.front() == '-';
  if (negative) decimal.remove_prefix(1);
  std::vector<uint32_t> words;  // least significant first
  for (const char digit : decimal) {
    if (digit < '0' || digit > '9')
      fail(ErrorKind::invalid_argument, "[save] expected the digits of an integer, got '", digit, "'");
    uint64_t carry = static_cast<uint64_t>(digit - '0');
    for (uint32_t& word : words) {
      carry += uint64_t{word} * 10;
      word = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry) words.push_back(static_cast<uint32_t>(carry));
  }
  words.push_back(0);  // room for the sign
  if (negative) {
    uint64_t carry = 1;
    for (uint32_t& word : words) {
      carry += static_cast<uint32_t>(~word);
      word = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
  }
  std::string bytes;
  for (const uint32_t word : words)
    for (int shift = 0; shift < 32; shift += 8) bytes += static_cast<char>(word >> shift & 0xff);
  // The last byte may go while the one before it carries the same sign.
  const auto byte = [&](size_t from_end) {
    return static_cast<unsigned char>(bytes[bytes.size() - from_end]);
  };
  while (bytes.size() > 1 && byte(1) == (negative ? 0xff : 0) && (byte(2) >= 0x80) == negative)
    bytes.pop_back();
  return bytes;
}

}  // namespace

PickleWriter::PickleWriter() {
  op(Op::proto);
  out_ += '\2';
}

std::string PickleWriter::finish() {
  op(Op::stop);
  return std::move(out_);
}

void PickleWriter::little(uint64_t value, size_t width) {
  for (size_t i = 0; i < width; ++i) out_ += static_cast<char>(value >> (8 * i) & 0xff);
}

void PickleWriter::integer(int64_t value) {
  if (value >= 0 && value <= 0xff) return op(Op::binint1), little(static_cast<uint64_t>(value), 1);
  if (value >= 0 && value <= 0xffff) return op(Op::binint2), little(static_cast<uint64_t>(value), 2);
  if (value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max())
    return op(Op::binint), little(static_cast<uint64_t>(value), 4);
  size_t width = 8;
  while (width > 1 && value >> (8 * width - 9) == (value < 0 ? -1 : 0)) --width;
  op(Op::long1);
  little(width, 1);
  little(static_cast<uint64_t>(value), width);
}

void PickleWriter::big_integer(std::string_view decimal) {
  // 2039 bits have 614 digits; past that the sum below would also take its time.
  if (decimal.size() > 700)
    fail(ErrorKind::unsupported, "[save] an integer of ", decimal.size(),
         " digits: torch.load(weights_only=True) takes at most 255 bytes");
  const std::string bytes = two_complement(decimal);
  if (bytes.size() > 255)
    fail(ErrorKind::unsupported, "[save] an integer of ", bytes.size(),
         " bytes: torch.load(weights_only=True) takes at most 255");
  op(Op::long1);
  little(bytes.size(), 1);
  out_ += bytes;
}

void PickleWriter::floating(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  op(Op::binfloat);
  for (int shift = 56; shift >= 0; shift -= 8) out_ += static_cast<char>(bits >> shift & 0xff);
}

void PickleWriter::unicode(std::string_view value) {
  if (value.size() > std::numeric_limits<uint32_t>::max())
    fail(ErrorKind::unsupported, "[save] a text of ", value.size(), " bytes; pickle takes less than 4 GiB");
  if (!is_utf8(value))
    fail(ErrorKind::invalid_argument, "[save] expected a text in UTF-8, got other bytes; use Value::bytes");
  op(Op::binunicode);
  little(value.size(), 4);
  out_ += value;
}

void PickleWriter::text(std::string_view value, const void* identity) {
  if (recall(identity)) return;
  unicode(value);
  remember(identity);
}

void PickleWriter::constant(std::string_view value) {
  const auto [at, fresh] = by_name_.emplace(value, remembered_);
  if (!fresh && recall_index(at->second)) return;
  unicode(value);
  remember();
}

void PickleWriter::global(std::string_view module, std::string_view name) {
  std::string line;
  line.reserve(module.size() + name.size() + 2);
  ((line += module) += '\n') += name;
  line += '\n';
  const auto [at, fresh] = by_name_.emplace(line, remembered_);
  if (!fresh && recall_index(at->second)) return;
  op(Op::global);
  out_ += line;
  remember();
}

void PickleWriter::tuple(size_t count, const void* identity) {
  switch (count) {
    case 0: return op(Op::empty_tuple);  // never remembered
    case 1: op(Op::tuple1); break;
    case 2: op(Op::tuple2); break;
    case 3: op(Op::tuple3); break;
    default: op(Op::tuple);
  }
  remember(identity);
}

bool PickleWriter::recall(const void* identity) {
  const auto found = by_identity_.find(identity);
  return identity && found != by_identity_.end() && recall_index(found->second);
}

bool PickleWriter::recall_index(uint32_t index) {
  op(index < 256 ? Op::binget : Op::long_binget);
  little(index, index < 256 ? 1 : 4);
  return true;
}

void PickleWriter::remember(const void* identity) {
  if (remembered_ == std::numeric_limits<uint32_t>::max())
    fail(ErrorKind::unsupported, "[save] more than ", remembered_, " values in one pickle");
  if (identity) by_identity_.emplace(identity, remembered_);
  op(remembered_ < 256 ? Op::binput : Op::long_binput);
  little(remembered_, remembered_ < 256 ? 1 : 4);
  ++remembered_;
}

}  // namespace sconce
