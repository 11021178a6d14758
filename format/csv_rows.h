// The rows and fields of comma-separated text.
#pragma once
#include "bytes.h"

#include <string>
#include <string_view>
#include <vector>

namespace sconce {

// Reads one row after another. Fields are given without quotes and, unless they were quoted, without spaces
// around them.
class CsvRows {
 public:
  // `text` must outlive the reader; a byte order mark is passed over.
  CsvRows(std::string_view text, char separator);

  // The next row that is not empty, into `fields`; false at the end. Throws ErrorKind::corrupt with the line
  // number.
  bool next(std::vector<std::string>& fields);
  // The line, counted from 1, on which that row began.
  size_t line() const { return row_line_; }

 private:
  void read_field(std::string& field);
  bool at_row_end() const { return at_ == text_.size() || text_[at_] == '\n' || text_[at_] == '\r'; }
  void pass_row_end();

  std::string_view text_;
  char separator_;
  size_t at_ = 0, line_ = 1, row_line_ = 1;
};

// The whole field as a number: decimal or scientific, a sign, nan, inf; false for anything else.
bool parse_number(std::string_view field, double& out);

}  // namespace sconce
