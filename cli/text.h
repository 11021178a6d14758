// Small pieces of text: sizes, counts, and strings from files made safe for a terminal.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace sconce::cli {

// "0 B", "1.7 kB", "97.8 MB"; powers of 1000.
std::string human_bytes(uint64_t bytes);
// "1,234,567".
std::string with_commas(int64_t count);
// "1 tensor", "2 tensors".
std::string counted(int64_t count, const std::string& noun);
// Columns that a line of UTF-8 takes, near enough: one for each character.
size_t columns_of(std::string_view line);
// Control characters and bytes that are no UTF-8 as \x1b: a file must not be able to write to the terminal.
std::string printable(std::string_view text);

}  // namespace sconce::cli
