// Small pieces of text.
#include "text.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace sconce::cli {
namespace {

// Length of the well-formed UTF-8 character at the beginning, 0 when there is none. C1 controls count as none.
size_t character_length(std::string_view text) {
  const auto at = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char c = at(0);
  if (c < 0x80) return c >= 0x20 && c != 0x7f ? 1 : 0;
  const size_t length = c >= 0xc2 && c <= 0xdf   ? 2
                        : c >= 0xe0 && c <= 0xef ? 3
                        : c >= 0xf0 && c <= 0xf4 ? 4
                                                 : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  const bool overlong = (c == 0xe0 && at(1) < 0xa0) || (c == 0xf0 && at(1) < 0x90);
  const bool outside = (c == 0xed && at(1) > 0x9f) || (c == 0xf4 && at(1) > 0x8f);
  // Besides C1, the characters that turn the direction of what follows.
  const bool control = (c == 0xc2 && at(1) < 0xa0) ||
                       (c == 0xe2 && at(1) == 0x80 && at(2) >= 0xaa && at(2) <= 0xae) ||
                       (c == 0xe2 && at(1) == 0x81 && at(2) >= 0xa6 && at(2) <= 0xa9);
  return overlong || outside || control ? 0 : length;
}

}  // namespace

std::string human_bytes(uint64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + " B";
  static constexpr std::array units = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  size_t unit = 0;
  while (value >= 999.95 && unit + 1 < units.size()) value /= 1000, ++unit;
  std::array<char, 32> out{};
  std::snprintf(out.data(), out.size(), "%.1f %s", value, units[unit]);
  return out.data();
}

std::string with_commas(int64_t count) {
  std::string digits = std::to_string(count);
  for (size_t i = digits.size(); i > (count < 0 ? 4u : 3u);) digits.insert(i -= 3, ",");
  return digits;
}

std::string counted(int64_t count, const std::string& noun) {
  return with_commas(count) + " " + noun + (count == 1 ? "" : "s");
}

size_t columns_of(std::string_view line) {
  return static_cast<size_t>(std::count_if(
      line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = character_length(text);
    if (length > 0) {
      out += text.substr(0, length);
    } else if (text[0] == '\n' || text[0] == '\t') {
      out += text[0] == '\n' ? "\\n" : "\\t";
    } else {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned char>(text[0]));
      out += escape.data();
    }
    text.remove_prefix(length > 0 ? length : 1);
  }
  return out;
}

}  // namespace sconce::cli
