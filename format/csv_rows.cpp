#include "csv_rows.h"

#include <charconv>
#include <limits>

namespace sconce {

CsvRows::CsvRows(std::string_view text, char separator) : text_(text), separator_(separator) {
  if (text_.substr(0, 3) == "\xef\xbb\xbf") text_.remove_prefix(3);
}

void CsvRows::pass_row_end() {
  if (at_ < text_.size() && text_[at_] == '\r') ++at_;
  if (at_ < text_.size() && text_[at_] == '\n') ++at_;
  ++line_;
}

bool CsvRows::next(std::vector<std::string>& fields) {
  fields.clear();
  while (at_ < text_.size() && at_row_end()) pass_row_end();
  if (at_ == text_.size()) return false;
  row_line_ = line_;
  for (;;) {
    read_field(fields.emplace_back());
    if (at_row_end()) break;
    ++at_;  // the separator
  }
  if (at_ < text_.size()) pass_row_end();
  return true;
}

void CsvRows::read_field(std::string& field) {
  const auto is_space = [&](size_t i) {
    return (text_[i] == ' ' || text_[i] == '\t') && text_[i] != separator_;
  };
  while (at_ < text_.size() && is_space(at_)) ++at_;
  if (at_ == text_.size() || text_[at_] != '"') {
    const size_t begin = at_;
    while (!at_row_end() && text_[at_] != separator_) ++at_;
    size_t end = at_;
    while (end > begin && is_space(end - 1)) --end;
    field = text_.substr(begin, end - begin);
    return;
  }
  const size_t opened = line_;
  for (++at_;; ++at_) {
    if (at_ == text_.size())
      fail(ErrorKind::corrupt, "[load_csv] line ", opened, ": a quoted field has no end");
    if (text_[at_] == '"') {
      if (text_.substr(at_ + 1, 1) != "\"") break;
      ++at_;
    }
    if (text_[at_] == '\n') ++line_;
    field += text_[at_];
  }
  ++at_;
  while (at_ < text_.size() && is_space(at_)) ++at_;
  if (!at_row_end() && text_[at_] != separator_)
    fail(ErrorKind::corrupt, "[load_csv] line ", line_, ": expected a separator after a quoted field, got '",
         text_[at_], "'");
}

bool parse_number(std::string_view field, double& out) {
  if (field.substr(0, 1) == "+" && field.substr(1, 1) != "-") field.remove_prefix(1);
  const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), out);
  if (end != field.data() + field.size()) return false;
  if (error == std::errc::result_out_of_range) {
    // Too small becomes zero and too large infinity, as everywhere else.
    const bool minus = field.substr(0, 1) == "-";
    const std::string_view digits = field.substr(minus ? 1 : 0);
    const bool tiny = digits.find("e-") != std::string_view::npos ||
                      digits.find("E-") != std::string_view::npos || digits[0] == '0' || digits[0] == '.';
    out = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    if (minus) out = -out;
    return true;
  }
  return error == std::errc();
}

}  // namespace sconce
