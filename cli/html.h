// Small pieces for the report's page.
#pragma once
#include <sconce/nn/metrics.h>

#include <string>
#include <string_view>
#include <vector>

namespace sconce::cli {

// Text for an element or an attribute: & < > " ' escaped, bytes that are not UTF-8 and control characters
// replaced.
std::string escape_html(std::string_view text);
// "0.9173"; "–" for NaN.
std::string figure(double value, int digits = 4);
// "91.73 %"; "–" for NaN.
std::string percent(double share, int digits = 2);
// "10 000", with thin spaces that do not break.
std::string grouped(int64_t n);

// The style sheet of the page: light and dark, screen, phone and paper.
const char* report_style();

// --- parts of the page, each one <section> or nothing (report_charts.cpp, report_tables.cpp) ---
std::string confusion_section(const nn::metrics::ClassificationSummary& summary);
std::string class_table_section(const nn::metrics::ClassificationSummary& summary);
std::string curves_section(const nn::metrics::ClassificationSummary& summary);

}  // namespace sconce::cli
