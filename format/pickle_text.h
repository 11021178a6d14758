// Text inside pickles: numbers and strings as Python writes them.
#pragma once
#include <sconce/value.h>

#include <string>
#include <string_view>
#include <utility>

namespace sconce {

// UTF-8; lone surrogates are allowed, as Python's "surrogatepass" writes them.
bool is_utf8(std::string_view text);
// Adds a code point of up to 0x10ffff to UTF-8.
void append_utf8(std::string& out, uint32_t code_point);
// Each code point as one byte; false when one is above 255 (Python's text.encode("latin1")).
bool encode_latin1(std::string_view text, std::string& out);
// Each byte as one code point.
std::string decode_latin1(std::string_view bytes);
// Python's raw-unicode-escape: Latin-1 with \uXXXX and \UXXXXXXXX. Throws ErrorKind::corrupt.
std::string decode_raw_unicode_escape(std::string_view line);
// A quoted Python 2 string literal: 'it\'s', "\x00". Throws ErrorKind::corrupt.
std::string decode_string_literal(std::string_view line);

// A decimal integer with a sign and without leading zeros; a long of Python 2 may end with L. Throws ErrorKind::corrupt.
Value decode_decimal(std::string_view line, bool is_long = false);
// As float() reads it: "1.5e-05", "inf", "nan". Throws ErrorKind::corrupt.
double decode_float(std::string_view line);
// Two's complement, least significant byte first; no bytes are 0.
Value decode_integer(std::string_view bytes);

// Python 3's name of what Python 2 called `module.name`, as pickle's fix_imports maps it.
std::pair<std::string, std::string> python3_name(std::string module, std::string name);

}  // namespace sconce
