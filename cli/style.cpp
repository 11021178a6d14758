// Colours and widths of a terminal.
#include "style.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace sconce::cli {

Style::Style() {
  if (isatty(STDOUT_FILENO) != 1) return;
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  colours_ =
      (no_color == nullptr || *no_color == '\0') && (term == nullptr || std::strcmp(term, "dumb") != 0);
  winsize size{};
  columns_ = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::string Style::wrap(const char* code, std::string_view text) const {
  if (!colours_ || text.empty()) return std::string(text);
  return std::string("\x1b[") + code + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace sconce::cli
