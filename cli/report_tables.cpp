// The report's confusion matrix and class table.
#include <algorithm>
#include <cmath>

#include "html.h"

namespace sconce::cli {
namespace {

using nn::metrics::ClassificationSummary;
using nn::metrics::ClassScores;

std::string bar_cell(double value) {
  if (std::isnan(value)) return "<td>–</td>";
  return "<td class=\"bar\" style=\"--v:" + figure(std::clamp(value, 0.0, 1.0), 3) + "\">" + figure(value) +
         "</td>";
}

std::string average_row(const char* name, const ClassScores& s, double auc) {
  std::string out = std::string("<tr><th scope=\"row\">") + name + "</th><td>" + grouped(s.support) + "</td>";
  for (double v : {s.precision, s.recall, s.f_score, s.specificity, auc}) out += "<td>" + figure(v) + "</td>";
  return out + "</tr>\n";
}

// The text colour that can be read on a cell of this share, in both modes.
std::string cell_style(double share) {
  std::string style = "background:rgba(var(--heat)," + figure(0.03 + 0.93 * std::pow(share, 0.65), 3) + ")";
  if (share > 0.35) style += ";color:var(--card)";
  return style;
}

}  // namespace

std::string confusion_section(const ClassificationSummary& s) {
  const int64_t n = s.confusion.classes();
  const bool dense = n > 24, turned = n > 6;
  // Cells shrink with the number of classes, so that 100 of them still fit a page.
  const int64_t cell = n <= 6 ? 72 : n <= 12 ? 50 : n <= 24 ? 34 : std::max<int64_t>(6, 800 / n);
  std::string out =
      "<section aria-labelledby=\"confusion\"><h2 id=\"confusion\">Confusion matrix</h2>\n<p "
      "class=\"note\">Rows are true classes, columns "
      "predictions. Colour is the share of the row; ";
  out += dense ? "point at a cell for its count." : "figures are counts.";
  out +=
      "</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Confusion matrix\"><table "
      "class=\"matrix";
  out += dense ? " dense" : "";
  out += "\" style=\"--cell:" + std::to_string(cell) + "px\"><thead>";
  out += "<tr><th></th><th class=\"axis\" colspan=\"" + std::to_string(n) +
         "\">predicted</th></tr>\n<tr><th></th>";
  for (const auto& c : s.classes) {
    const std::string name = escape_html(c.name);
    out += turned ? "<th scope=\"col\" class=\"turned\" title=\"" + name + "\"><span>" + name + "</span></th>"
                  : "<th scope=\"col\" title=\"" + name + "\">" + name + "</th>";
  }
  out += "</tr></thead>\n<tbody>";
  for (int64_t label = 0; label < n; ++label) {
    const auto& row = s.classes[static_cast<size_t>(label)];
    const std::string name = escape_html(row.name);
    out += "<tr><th scope=\"row\" title=\"" + name + "\">" + name + "</th>";
    for (int64_t guess = 0; guess < n; ++guess) {
      const int64_t count = s.confusion.at(label, guess);
      if (dense && count == 0 && label != guess) {
        out += "<td></td>";
        continue;
      }
      const double share =
          row.support > 0 ? static_cast<double>(count) / static_cast<double>(row.support) : 0;
      out += "<td";
      if (label == guess) out += " class=\"right\"";
      out += " title=\"" + name + " → " + escape_html(s.classes[static_cast<size_t>(guess)].name) + ": " +
             grouped(count) + " (" + percent(share, 1) + ")\" style=\"" +
             (count > 0 ? cell_style(share) : "background:rgba(var(--heat),.03)") + "\">" +
             (count > 0 ? grouped(count) : std::string("<span style=\"opacity:.45\">0</span>")) + "</td>";
    }
    out += "</tr>\n";
  }
  return out + "</tbody></table></div></section>\n";
}

std::string class_table_section(const ClassificationSummary& s) {
  std::string out =
      "<section aria-labelledby=\"classes\"><h2 id=\"classes\">Classes</h2>\n<p class=\"note\">Precision is "
      "the share of a class's predictions "
      "that are right, recall the share of its samples that are found, specificity the share of all other "
      "samples that are kept out.</p>\n"
      "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Figures of each class\"><table "
      "class=\"classes\"><thead><tr><th "
      "scope=\"col\">Class</th>";
  for (const char* name : {"Support", "Precision", "Recall", "F1", "Specificity", "ROC AUC"})
    out += std::string("<th scope=\"col\">") + name + "</th>";
  out += "</tr></thead>\n<tbody>";
  double auc = 0, weights = 0, weighted = 0;
  int64_t with_auc = 0;
  for (const auto& c : s.classes) {
    out += "<tr><th scope=\"row\">" + escape_html(c.name) + "</th><td>" + grouped(c.support) + "</td>";
    for (double v : {c.precision, c.recall, c.f_score, c.specificity, c.auc}) out += bar_cell(v);
    out += "</tr>\n";
    if (std::isnan(c.auc)) continue;
    auc += c.auc;
    weighted += c.auc * static_cast<double>(c.support);
    weights += static_cast<double>(c.support);
    ++with_auc;
  }
  const double none = std::nan("");
  out += "</tbody>\n<tfoot>";
  out += average_row("Macro average", s.macro, with_auc > 0 ? auc / static_cast<double>(with_auc) : none);
  out += average_row("Weighted average", s.weighted, weights > 0 ? weighted / weights : none);
  return out + "</tfoot></table></div></section>\n";
}

}  // namespace sconce::cli
