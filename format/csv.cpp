// Tables of numbers with a label column.
#include "csv_rows.h"
#include "data_readers.h"

#include <sconce/datasets.h>
#include <sconce/ops/create.h>

#include "mapped_file.h"
#include "number_copy.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

namespace sconce {
namespace {

// A field as part of a message.
std::string in_quotes(const std::string& field) {
  return "'" + (field.size() > 40 ? field.substr(0, 40) + "..." : field) + "'";
}

// Index of the label column, or nullopt without one.
std::optional<size_t> find_label(const CsvOptions& options, const std::vector<std::string>& header,
                                 size_t columns) {
  if (options.label.empty()) return std::nullopt;
  const auto named = std::find(header.begin(), header.end(), options.label);
  if (named != header.end()) return static_cast<size_t>(named - header.begin());
  int64_t index = 0;
  const char* end = options.label.data() + options.label.size();
  const auto parsed = std::from_chars(options.label.data(), end, index);
  if (parsed.ec == std::errc() && parsed.ptr == end) {
    if (index < 0) index += static_cast<int64_t>(columns);
    check(index >= 0 && static_cast<size_t>(index) < columns, "[load_csv] expected a label column among ",
          columns, ", got ", options.label);
    return static_cast<size_t>(index);
  }
  std::string names;
  for (const std::string& name : header)
    if (names.size() < 300) names += (names.empty() ? "" : ", ") + in_quotes(name);
  fail(ErrorKind::invalid_argument, "[load_csv] expected a label column named ", in_quotes(options.label),
       ", got ", header.empty() ? "a file without a header; name the column by its index" : names);
}

// Turns label texts into class indices, or into plain numbers where they are no classes.
void read_labels(const std::vector<std::string>& texts, DType dtype, LabeledData& out) {
  const auto rows = static_cast<int64_t>(texts.size());
  std::vector<double> numbers(texts.size());
  bool numeric = true, whole = true, indices = true;
  for (size_t i = 0; i < texts.size() && numeric; ++i) {
    numeric = parse_number(texts[i], numbers[i]);
    whole = whole && numeric && numbers[i] == std::floor(numbers[i]) &&
            std::abs(numbers[i]) <= 9007199254740992.0;
    indices = indices && whole && numbers[i] >= 0;
  }
  if (numeric && !whole) {
    out.labels = tensor(numbers, Shape{rows}).to(dtype);
    return;
  }
  out.labels = empty({rows}, DType::i64);
  auto* to = out.labels.mutable_data<int64_t>();
  if (numeric && indices) {
    for (size_t i = 0; i < numbers.size(); ++i) to[i] = static_cast<int64_t>(numbers[i]);
    return;
  }
  // Whole numbers are sorted as numbers, so that "10" comes after "2"; texts byte by byte.
  std::map<std::pair<double, std::string_view>, int64_t> classes;
  const auto key = [&](size_t i) {
    return std::pair(numeric ? numbers[i] : 0.0, numeric ? std::string_view{} : std::string_view(texts[i]));
  };
  for (size_t i = 0; i < texts.size(); ++i) classes.emplace(key(i), 0);
  int64_t next = 0;
  for (auto& item : classes) {
    item.second = next++;
    out.class_names.push_back(numeric ? std::to_string(static_cast<int64_t>(item.first.first))
                                      : std::string(item.first.second));
  }
  for (size_t i = 0; i < texts.size(); ++i) to[i] = classes.at(key(i));
}

}  // namespace

LabeledData read_csv(std::string_view text, const CsvOptions& options) {
  check(options.dtype == DType::f32 || options.dtype == DType::f64,
        "[load_csv] expected dtype float32 or float64, got ", name_of(options.dtype));
  check(options.separator != '"' && options.separator != '\n' && options.separator != '\r',
        "[load_csv] the separator cannot be a quote or a line end");
  CsvRows rows(text, options.separator);
  std::vector<std::string> fields, header, label_texts;
  if (!rows.next(fields)) fail(ErrorKind::corrupt, "[load_csv] the file has no rows");
  const size_t columns = fields.size();
  double number = 0;
  const bool has_header = options.header.value_or(std::none_of(
      fields.begin(), fields.end(), [&](const std::string& f) { return parse_number(f, number); }));
  bool more = true;
  if (has_header) {
    header = fields;
    more = rows.next(fields);
  }
  const std::optional<size_t> label = find_label(options, header, columns);
  const size_t inputs = columns - (label ? 1 : 0);

  std::vector<double> values;
  int64_t count = 0;
  for (; more; more = rows.next(fields), ++count) {
    if (fields.size() != columns)
      fail(ErrorKind::corrupt, "[load_csv] line ", rows.line(), ": expected ", columns, " fields, got ",
           fields.size());
    check_budget("load_csv", static_cast<uint64_t>(values.size() + columns) * sizeof(double), options.budget);
    for (size_t c = 0; c < columns; ++c) {
      if (label && c == *label) {
        if (fields[c].empty())
          fail(ErrorKind::corrupt, "[load_csv] line ", rows.line(), ": the label is empty");
        label_texts.push_back(std::move(fields[c]));
      } else if (parse_number(fields[c], number)) {
        values.push_back(number);
      } else {
        fail(ErrorKind::corrupt, "[load_csv] line ", rows.line(), ", column ",
             header.empty() ? std::to_string(c) : in_quotes(header[c]), ": expected a number, got ",
             in_quotes(fields[c]));
      }
    }
  }
  if (count == 0) fail(ErrorKind::corrupt, "[load_csv] the file has a header and no rows");

  LabeledData out;
  out.inputs = tensor(values, Shape{count, static_cast<int64_t>(inputs)}).to(options.dtype);
  if (label) {
    read_labels(label_texts, options.dtype, out);
    if (!header.empty()) header.erase(header.begin() + static_cast<std::ptrdiff_t>(*label));
  }
  out.column_names = std::move(header);
  return out;
}

LabeledData load_csv(const std::string& path, const CsvOptions& options) {
  try {
    const auto file = MappedFile::open(path);
    return read_csv(text_of(file->bytes()), options);
  } catch (Error& e) {
    if (e.kind() != ErrorKind::invalid_argument) e.in_file(path);
    throw;
  }
}

}  // namespace sconce
