// Printing a classifier's result.
#include <sconce/nn/metrics/classification.h>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <ostream>
#include <sstream>

namespace sconce::nn::metrics {
namespace {

std::string fixed(double value, int digits) {
  if (std::isnan(value)) return "nan";
  std::ostringstream out;
  out << std::fixed << std::setprecision(digits) << value;
  return std::move(out).str();
}

// Characters, not bytes, of UTF-8 text.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

std::string right(const std::string& text, size_t width) {
  const size_t own = width_of(text);
  return std::string(own < width ? width - own : 0, ' ') + text;
}

std::string row(const std::string& name, size_t width, const std::vector<std::string>& cells) {
  std::string out = right(name, width) + " ";
  for (const std::string& cell : cells) out += " " + right(cell, 9);
  return out + "\n";
}

}  // namespace

std::string ClassificationSummary::table(int digits) const {
  digits = std::clamp(digits, 0, 17);
  size_t width = std::max<size_t>(std::string("weighted avg").size(), static_cast<size_t>(digits));
  for (const ClassSummary& c : classes) width = std::max(width, width_of(c.name));
  const auto line = [&](const std::string& name, const ClassScores& s) {
    return row(name, width,
               {fixed(s.precision, digits), fixed(s.recall, digits), fixed(s.f_score, digits),
                std::to_string(s.support)});
  };
  std::string out = row("", width, {"precision", "recall", "f1-score", "support"}) + "\n";
  for (const ClassSummary& c : classes) out += line(c.name, c);
  out += "\n" + row("accuracy", width, {"", "", fixed(micro.f_score, digits), std::to_string(samples)});
  return out + line("macro avg", macro) + line("weighted avg", weighted);
}

std::ostream& operator<<(std::ostream& out, const ClassificationSummary& s) {
  out << "accuracy " << fixed(s.accuracy, 4) << " (" << s.correct << " of " << s.samples << "), loss "
      << fixed(s.loss, 4);
  if (static_cast<int64_t>(s.classes.size()) > s.top_k && s.top_k > 1)
    out << ", top-" << s.top_k << " " << fixed(s.top_k_accuracy, 4);
  if (!std::isnan(s.auc)) out << ", ROC AUC " << fixed(s.auc, 4);
  if (!std::isnan(s.average_precision)) out << ", average precision " << fixed(s.average_precision, 4);
  if (s.ignored > 0) out << ", " << s.ignored << " ignored";
  return out << "\n\n" << s.table(4);
}

}  // namespace sconce::nn::metrics
