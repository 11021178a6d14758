// Text inside pickles: numbers and strings as Python writes them.
#include "pickle_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <vector>

namespace sconce {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// `count` hexadecimal digits at text[at]; false when they are not there.
bool read_hex(std::string_view text, size_t at, size_t count, uint32_t& out) {
  if (count > text.size() || at > text.size() - count) return false;
  out = 0;
  for (size_t i = 0; i < count; ++i) {
    const int digit = hex_digit(text[at + i]);
    if (digit < 0) return false;
    out = out << 4 | static_cast<uint32_t>(digit);
  }
  return true;
}

// The code point at text[at], which it moves past; false when the bytes are no UTF-8.
bool next_code_point(std::string_view text, size_t& at, uint32_t& out) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const uint32_t first = byte(at);
  if (first < 0x80) return out = first, ++at, true;
  const size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || length > text.size() - at) return false;
  uint32_t c = first & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(at + i) & 0xc0) != 0x80) return false;
    c = c << 6 | (byte(at + i) & 0x3fu);
  }
  constexpr std::array<uint32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  if (c < smallest[length] || c > 0x10ffff) return false;
  out = c;
  at += length;
  return true;
}

[[noreturn]] void fail_text(const char* what, std::string_view line) {
  fail(ErrorKind::corrupt, "expected ", what, ", got ", Value(std::string(line.substr(0, 40))).repr(60));
}

}  // namespace

void append_utf8(std::string& out, uint32_t c) {
  auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
  if (c < 0x10000) return put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
}

bool is_utf8(std::string_view text) {
  uint32_t c = 0;
  size_t at = 0;
  for (uint64_t word = 0; text.size() - at >= sizeof word; at += sizeof word) {  // nearly all text is ASCII
    std::memcpy(&word, text.data() + at, sizeof word);
    if (word & 0x8080808080808080) break;
  }
  while (at < text.size())
    if (!next_code_point(text, at, c)) return false;
  return true;
}

bool encode_latin1(std::string_view text, std::string& out) {
  out.clear();
  out.reserve(text.size());
  uint32_t c = 0;
  for (size_t at = 0; at < text.size();) {
    if (!next_code_point(text, at, c) || c > 0xff) return false;
    out += static_cast<char>(c);
  }
  return true;
}

std::string decode_latin1(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) append_utf8(out, static_cast<unsigned char>(c));
  return out;
}

std::string decode_raw_unicode_escape(std::string_view line) {
  std::string out;
  out.reserve(line.size());
  for (size_t at = 0; at < line.size();) {
    if (line[at] != '\\' || at + 1 == line.size()) {
      append_utf8(out, static_cast<unsigned char>(line[at++]));
      continue;
    }
    const char letter = line[at + 1];
    if (letter != 'u' && letter != 'U') {  // a backslash guards what follows it, also another backslash
      out += '\\';
      append_utf8(out, static_cast<unsigned char>(letter));
      at += 2;
      continue;
    }
    const size_t digits = letter == 'u' ? 4 : 8;
    uint32_t c = 0;
    if (!read_hex(line, at + 2, digits, c) || c > 0x10ffff) fail_text("a unicode escape", line.substr(at));
    append_utf8(out, c);
    at += 2 + digits;
  }
  return out;
}

std::string decode_string_literal(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.remove_suffix(1);
  if (line.size() < 2 || line.front() != line.back() || (line.front() != '\'' && line.front() != '"'))
    fail_text("a string in quotes", line);
  line = line.substr(1, line.size() - 2);
  std::string out;
  out.reserve(line.size());
  for (size_t at = 0; at < line.size(); ++at) {
    if (line[at] != '\\') {
      out += line[at];
      continue;
    }
    if (++at == line.size()) fail_text("a character after the backslash", line);
    const char c = line[at];
    constexpr std::string_view letters = "\\'\"abfnrtv", meanings = "\\'\"\a\b\f\n\r\t\v";
    if (const size_t known = letters.find(c); known != letters.npos) {
      out += meanings[known];
    } else if (c == 'x') {
      uint32_t value = 0;
      if (!read_hex(line, at + 1, 2, value)) fail_text("two hexadecimal digits", line.substr(at));
      out += static_cast<char>(value);
      at += 2;
    } else if (c >= '0' && c <= '7') {
      unsigned value = 0;
      size_t end = at;
      while (end < line.size() && end < at + 3 && line[end] >= '0' && line[end] <= '7')
        value = value * 8 + static_cast<unsigned>(line[end++] - '0');
      out += static_cast<char>(value & 0xff);
      at = end - 1;
    } else {
      (out += '\\') += c;
    }
  }
  return out;
}

Value decode_decimal(std::string_view line, bool is_long) {
  std::string_view digits = line;
  if (!digits.empty() && digits.back() == '\r') digits.remove_suffix(1);
  if (is_long && !digits.empty() && digits.back() == 'L') digits.remove_suffix(1);
  const bool negative = !digits.empty() && digits.front() == '-';
  if (negative || (!digits.empty() && digits.front() == '+')) digits.remove_prefix(1);
  if (digits.empty() || (digits.size() > 1 && digits.front() == '0') ||
      !std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; }))
    fail_text("a decimal integer", line);
  const std::string number = (negative && digits != "0" ? "-" : "") + std::string(digits);
  int64_t small = 0;
  if (std::from_chars(number.data(), number.data() + number.size(), small).ec == std::errc()) return small;
  return Value::big_integer(number);
}

double decode_float(std::string_view line) {
  std::string_view digits = line;
  while (!digits.empty() && (digits.back() == '\r' || digits.back() == ' ')) digits.remove_suffix(1);
  if (!digits.empty() && digits.front() == '+') digits.remove_prefix(1);
  double value = 0;
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (problem != std::errc() || end != digits.data() + digits.size())
    fail_text("a floating-point number", line);
  return value;
}

Value decode_integer(std::string_view bytes) {
  const bool negative = !bytes.empty() && static_cast<unsigned char>(bytes.back()) >= 0x80;
  if (bytes.size() <= 8) {
    uint64_t value = negative ? ~uint64_t{0} : 0;
    for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
    return static_cast<int64_t>(value);
  }
  // The magnitude as 32-bit words, least significant first; then repeated division by 10^9.
  std::vector<uint32_t> words((bytes.size() + 3) / 4, negative ? ~uint32_t{0} : 0);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const unsigned shift = 8 * static_cast<unsigned>(i % 4);
    words[i / 4] =
        (words[i / 4] & ~(uint32_t{0xff} << shift)) | uint32_t{static_cast<unsigned char>(bytes[i])} << shift;
  }
  if (negative) {
    uint64_t carry = 1;
    for (uint32_t& word : words) {
      carry += static_cast<uint32_t>(~word);
      word = static_cast<uint32_t>(carry);
      carry >>= 32;
    }
    if (carry) words.push_back(1);
  }
  std::string reversed;
  while (!words.empty()) {
    uint64_t rest = 0;
    for (size_t i = words.size(); i-- > 0;) {
      rest = rest << 32 | words[i];
      words[i] = static_cast<uint32_t>(rest / 1'000'000'000);
      rest %= 1'000'000'000;
    }
    while (!words.empty() && words.back() == 0) words.pop_back();
    for (int i = 0; i < 9; ++i, rest /= 10) reversed += static_cast<char>('0' + rest % 10);
  }
  while (reversed.size() > 1 && reversed.back() == '0') reversed.pop_back();
  if (reversed.empty()) reversed = "0";
  if (negative) reversed += '-';
  return decode_decimal(std::string(reversed.rbegin(), reversed.rend()));
}

}  // namespace sconce
