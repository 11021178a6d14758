// The page that `eval --report` writes.
#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "evaluation.h"

namespace sconce::cli {

struct ReportInfo {
  std::string title;  // empty: made from model and data
  std::string model, weights, data;
  // Further rows of the summary, such as {"Device", "cpu"} or {"Command", "sconce eval ..."}.
  std::vector<std::pair<std::string, std::string>> details;
};

// One self-contained HTML page: no script, no reference to anything outside. All strings are escaped.
std::string html_report(const Evaluation& evaluation, const Dataset& data, const ReportInfo& info);
// The same, into a file. Throws ErrorKind::io naming the file.
void write_report(const std::filesystem::path& file, const Evaluation& evaluation, const Dataset& data,
                  const ReportInfo& info);

}  // namespace sconce::cli
