// Colours and widths of a terminal; plain text everywhere else.
#pragma once
#include <string>
#include <string_view>

namespace sconce::cli {

// How stdout is to be written: with colours only on a terminal, and never with NO_COLOR set or TERM=dumb.
class Style {
 public:
  Style();

  bool colours() const { return colours_; }
  // Columns of the terminal, 0 when stdout is none: then nothing is cut.
  int columns() const { return columns_; }

  std::string bold(std::string_view text) const { return wrap("1", text); }
  std::string dim(std::string_view text) const { return wrap("2", text); }
  std::string red(std::string_view text) const { return wrap("31", text); }
  std::string green(std::string_view text) const { return wrap("32", text); }
  std::string yellow(std::string_view text) const { return wrap("33", text); }
  std::string cyan(std::string_view text) const { return wrap("36", text); }

 private:
  std::string wrap(const char* code, std::string_view text) const;
  bool colours_ = false;
  int columns_ = 0;
};

}  // namespace sconce::cli
