// The report's page: head, summary, confidence and mistakes around the other parts.
#include "report.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "html.h"
#include "images.h"

namespace sconce::cli {
namespace {

using nn::metrics::ClassificationSummary;

std::string tile(const std::string& value, const std::string& name, const std::string& more = "") {
  std::string out = "<div class=\"tile\"><b>" + value + "</b><span>" + name + "</span>";
  if (!more.empty()) out += "<small>" + more + "</small>";
  return out + "</div>\n";
}

std::string tiles(const Evaluation& e) {
  const ClassificationSummary& s = e.summary;
  std::string out = "<section class=\"tiles\" aria-label=\"Main figures\">\n";
  out += tile(percent(s.accuracy), "accuracy", grouped(s.correct) + " of " + grouped(s.samples));
  if (s.classes.size() == 2) {
    const auto& positive = s.classes[1];
    out += tile(percent(positive.recall), "recall of “" + escape_html(positive.name) + "”",
                grouped(positive.support) + " samples");
    out += tile(percent(positive.precision), "precision of “" + escape_html(positive.name) + "”",
                grouped(positive.predicted) + " predictions");
    out += tile(figure(positive.f_score), "F1 of “" + escape_html(positive.name) + "”");
    out += tile(figure(s.auc), "ROC AUC", "average precision " + figure(s.average_precision));
  } else {
    if (static_cast<int64_t>(s.classes.size()) > s.top_k && s.top_k > 1)
      out += tile(percent(s.top_k_accuracy), "top-" + std::to_string(s.top_k) + " accuracy");
    out += tile(percent(s.balanced_accuracy), "balanced accuracy", "mean recall");
    out += tile(figure(s.macro.f_score), "macro F1", "weighted " + figure(s.weighted.f_score));
    out += tile(figure(s.auc), "ROC AUC", "one against the rest, mean");
  }
  out += tile(figure(s.loss), "cross-entropy", "mean over samples");
  return out + "</section>\n";
}

// A warning that accuracy deserves: what always naming the most frequent class would give.
std::string baseline_note(const ClassificationSummary& s) {
  if (s.samples == 0) return "";
  const auto most = std::max_element(s.classes.begin(), s.classes.end(),
                                     [](const auto& a, const auto& b) { return a.support < b.support; });
  const double share = static_cast<double>(most->support) / static_cast<double>(s.samples);
  if (share < 0.75) return "";
  return "<p class=\"note\">Always answering “" + escape_html(most->name) + "” would be right for " +
         percent(share) + " of these samples: look at recall and precision before accuracy.</p>\n";
}

std::string details(const Evaluation& e, const ReportInfo& info) {
  const ClassificationSummary& s = e.summary;
  std::string out = "<section aria-labelledby=\"about\"><h2 id=\"about\">About this run</h2>\n" +
                    baseline_note(s) + "<dl>\n";
  const auto row = [&](const std::string& name, const std::string& value) {
    if (!value.empty()) out += "<dt>" + escape_html(name) + "</dt><dd>" + escape_html(value) + "</dd>\n";
  };
  row("Model", info.model);
  row("Weights", info.weights);
  row("Data", info.data);
  row("Samples", grouped(s.samples) + " in " + grouped(static_cast<int64_t>(s.classes.size())) + " classes" +
                     (s.ignored > 0 ? ", " + grouped(s.ignored) + " ignored" : std::string()));
  row("Speed", grouped(std::llround(e.samples_per_second())) + " samples/s in the model, " +
                   figure(e.seconds, 2) + " s in all, " + grouped(e.batches) +
                   (e.batches == 1 ? " batch" : " batches"));
  row("Macro average", "precision " + figure(s.macro.precision) + ", recall " + figure(s.macro.recall) +
                           ", F1 " + figure(s.macro.f_score));
  row("Weighted average", "precision " + figure(s.weighted.precision) + ", recall " +
                              figure(s.weighted.recall) + ", F1 " + figure(s.weighted.f_score));
  row("Agreement",
      "Matthews correlation " + figure(s.matthews_corrcoef) + ", Cohen’s kappa " + figure(s.cohen_kappa));
  row("Probabilities",
      "Brier score " + figure(s.brier) + ", expected calibration error " + figure(e.calibration_error));
  for (const auto& [name, value] : info.details) row(name, value);
  return out + "</dl></section>\n";
}

std::string confidence_section(const Evaluation& e) {
  constexpr double left = 44, top = 10, side = 300, wide = 640;
  std::string out =
      "<section aria-labelledby=\"confidence\"><h2 id=\"confidence\">Confidence</h2>\n<p "
      "class=\"note\">Samples by the probability that the model gave its "
      "answer. Filled bars show how often it was right; where it knows its own doubt, they end on the "
      "line.</p>\n<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Accuracy by "
      "confidence\"><svg viewBox=\"0 0 640 350\" "
      "style=\"min-width:500px;max-width:760px\" role=\"img\" aria-labelledby=\"conf-title\"><title "
      "id=\"conf-title\">Accuracy by confidence, expected calibration error " +
      figure(e.calibration_error) + "</title>\n";
  for (int i = 0; i <= 5; ++i) {
    const double y = top + side * (1 - i / 5.0);
    out += "<path class=\"grid\" d=\"M44 " + figure(y, 0) + "H630\"/><text x=\"38\" y=\"" + figure(y + 4, 0) +
           "\" text-anchor=\"end\">" + figure(i / 5.0, 1) + "</text>\n";
  }
  const double step = (wide - left - 10) / 10;
  for (size_t i = 0; i < e.confidence.size(); ++i) {
    const ConfidenceBin& bin = e.confidence[i];
    const double x = left + step * static_cast<double>(i),
                 share = bin.samples > 0 ? static_cast<double>(bin.correct) / static_cast<double>(bin.samples)
                                         : 0;
    out += "<text x=\"" + figure(x, 0) + "\" y=\"326\" text-anchor=\"middle\">" +
           figure(static_cast<double>(i) / 10, 1) + "</text>";
    if (bin.samples == 0) continue;
    const double y = top + side * (1 - share);
    const std::string count = grouped(bin.samples);
    out += "<rect x=\"" + figure(x + 4, 1) + "\" y=\"" + figure(y, 1) + "\" width=\"" + figure(step - 8, 1) +
           "\" height=\"" + figure(top + side - y, 1) +
           "\" rx=\"2\" style=\"fill:var(--c0);opacity:.8\"><title>" + count + " samples, right " +
           percent(share, 1) + ", mean confidence " + figure(bin.confidence, 3) + "</title></rect>";
    // The count stands inside a high bar, above a low one.
    const bool inside = share > 0.12;
    out += "<text x=\"" + figure(x + step / 2, 1) + "\" y=\"" + figure(inside ? top + side - 8 : y - 6, 1) +
           "\" text-anchor=\"middle\"" + (inside ? " style=\"fill:var(--card)\"" : "") + ">" + count +
           "</text>\n";
  }
  out +=
      "<text x=\"630\" y=\"326\" text-anchor=\"middle\">1.0</text><path class=\"chance\" d=\"M44 310L630 "
      "10\"/><path class=\"frame\" d=\"M44 10V310H630\"/>";
  out +=
      "<text x=\"337\" y=\"346\" text-anchor=\"middle\">confidence</text><text transform=\"translate(11 160) "
      "rotate(-90)\" "
      "text-anchor=\"middle\">share right</text></svg></div></section>\n";
  return out;
}

std::string mistakes_section(const Evaluation& e, const Dataset& data) {
  std::string out =
      "<section aria-labelledby=\"mistakes\"><h2 id=\"mistakes\">Most confident mistakes</h2>\n";
  if (e.mistakes.empty()) {
    const bool none = e.summary.correct == e.summary.samples;
    return out + "<p class=\"note\">" + (none ? "None: every sample is right." : "None were kept.") +
           "</p></section>\n";
  }
  const int64_t wrong = e.summary.samples - e.summary.correct;
  out += "<p class=\"note\">" + grouped(static_cast<int64_t>(e.mistakes.size())) + " of " + grouped(wrong) +
         ", the surest first. Wrong labels in the data often show up here.</p>\n";
  const bool pictures = data.picture(e.mistakes.front().index).defined();
  out += pictures ? "<ul class=\"mistakes pictures\">\n" : "<ul class=\"mistakes\">\n";
  const auto name_of = [&](int64_t c) { return escape_html(e.summary.classes[static_cast<size_t>(c)].name); };
  for (const Mistake& m : e.mistakes) {
    out += "<li>";
    const Tensor picture = data.picture(m.index);
    const std::string name = escape_html(data.name(m.index));
    if (picture.defined()) {
      const bool tiny = std::max(picture.size(0), picture.size(1)) <= 64;
      out += std::string("<img") + (tiny ? " class=\"tiny\"" : "") + " src=\"" + thumbnail_uri(picture, 160) +
             "\" alt=\"" + name + "\">";
    }
    out += "<p><span class=\"wrong\">" + name_of(m.prediction) + "</span> " + percent(m.confidence, 1) +
           "</p><p>is <span class=\"truth\">" + name_of(m.label) + "</span> " +
           percent(m.label_probability, 1) + "</p><p class=\"name\">" + name + "</p>";
    const auto values = data.values(m.index);
    if (!values.empty()) {
      out += "<dl>";
      constexpr size_t shown = 16;
      for (size_t i = 0; i < std::min(values.size(), shown); ++i) {
        std::ostringstream number;
        number.precision(5);
        number << values[i].second;
        out += "<dt>" + escape_html(values[i].first) + "</dt><dd>" + number.str() + "</dd>";
      }
      if (values.size() > shown)
        out += "<dt>and " + std::to_string(values.size() - shown) + " more</dt><dd></dd>";
      out += "</dl>";
    }
    out += "</li>\n";
  }
  return out + "</ul></section>\n";
}

}  // namespace

std::string html_report(const Evaluation& e, const Dataset& data, const ReportInfo& info) {
  const std::string title = !info.title.empty() ? info.title
                                                : (info.model.empty() ? "Model" : info.model) + " on " +
                                                      (info.data.empty() ? "data" : info.data);
  std::string out =
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
      "content=\"width=device-width,initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\"><title>" +
      escape_html(title) + "</title>\n<style>";
  out += report_style();
  out += "</style></head>\n<body><main>\n<header><p class=\"kicker\">Evaluation</p><h1>" +
         escape_html(title) + "</h1></header>\n";
  out += tiles(e) + details(e, info) + confusion_section(e.summary) + class_table_section(e.summary) +
         curves_section(e.summary) + confidence_section(e) + mistakes_section(e, data);
  return out + "<footer>Made by Sconce. This page needs no network.</footer>\n</main></body></html>\n";
}

void write_report(const std::filesystem::path& file, const Evaluation& evaluation, const Dataset& data,
                  const ReportInfo& info) {
  const std::string page = html_report(evaluation, data, info);
  std::ofstream out(file, std::ios::binary);
  out.write(page.data(), static_cast<std::streamsize>(page.size()));
  out.close();
  if (!out) throw Error(ErrorKind::io, "cannot write the report").in_file(file.string());
}

}  // namespace sconce::cli
