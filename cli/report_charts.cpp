// The report's curves, as SVG.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "html.h"

namespace sconce::cli {
namespace {

using nn::metrics::ClassificationSummary;

constexpr double left = 44, top = 8, side = 300, width = 360, height = 348;
constexpr size_t most_curves = 8;

struct Curve {
  std::string name, value;
  std::vector<double> x, y;
  bool stepped = false;  // y holds until the next x
  int color = 0;
};

std::string coordinate(double v) {
  std::string out = figure(v, 1);
  return out.ends_with(".0") ? out.substr(0, out.size() - 2) : out;
}

// Points closer than the eye sees are left out, so that a curve of a million steps stays small.
std::string path_of(const Curve& curve) {
  std::string out;
  double last_x = -9, last_y = -9;
  const auto point = [&](double x, double y, bool forced) {
    const double px = left + side * x, py = top + side * (1 - y);
    if (!forced && std::abs(px - last_x) + std::abs(py - last_y) < 0.4) return;
    out += (out.empty() ? "M" : "L") + coordinate(px) + " " + coordinate(py);
    last_x = px;
    last_y = py;
  };
  for (size_t i = 0; i < curve.x.size(); ++i) {
    if (curve.stepped && i > 0) point(curve.x[i], curve.y[i - 1], false);
    point(curve.x[i], curve.y[i], i == 0 || i + 1 == curve.x.size());
  }
  return out;
}

std::string chart(const std::string& id, const std::string& title, const char* x_name, const char* y_name,
                  const std::vector<Curve>& curves, bool chance) {
  std::string described;
  for (const Curve& c : curves) described += c.name + " " + c.value + ". ";
  std::string out = "<figure><figcaption>" + title + "</figcaption><svg viewBox=\"0 0 " + coordinate(width) +
                    " " + coordinate(height) + "\" role=\"img\" aria-labelledby=\"" + id + "-title " + id +
                    "-text\"><title id=\"" + id + "-title\">" + title + "</title><desc id=\"" + id +
                    "-text\">" + described + "</desc>\n";
  for (int i = 0; i <= 5; ++i) {
    const double at = i / 5.0, x = left + side * at, y = top + side * (1 - at);
    out += "<path class=\"grid\" d=\"M" + coordinate(x) + " " + coordinate(top) + "V" +
           coordinate(top + side) + "M" + coordinate(left) + " " + coordinate(y) + "H" +
           coordinate(left + side) + "\"/>";
    out += "<text x=\"" + coordinate(x) + "\" y=\"" + coordinate(top + side + 16) +
           "\" text-anchor=\"middle\">" + figure(at, 1) + "</text>";
    out += "<text x=\"" + coordinate(left - 6) + "\" y=\"" + coordinate(y + 4) + "\" text-anchor=\"end\">" +
           figure(at, 1) + "</text>\n";
  }
  out += "<path class=\"frame\" d=\"M" + coordinate(left) + " " + coordinate(top) + "V" +
         coordinate(top + side) + "H" + coordinate(left + side) + "\"/>";
  if (chance)
    out += "<path class=\"chance\" d=\"M" + coordinate(left) + " " + coordinate(top + side) + "L" +
           coordinate(left + side) + " " + coordinate(top) + "\"/>";
  out += "<text x=\"" + coordinate(left + side / 2) + "\" y=\"" + coordinate(height - 6) +
         "\" text-anchor=\"middle\">" + x_name + "</text>";
  out += "<text transform=\"translate(11 " + coordinate(top + side / 2) +
         ") rotate(-90)\" text-anchor=\"middle\">" + y_name + "</text>\n";
  for (const Curve& c : curves)
    out += "<path class=\"curve\" style=\"stroke:var(--c" + std::to_string(c.color) + ")\" d=\"" +
           path_of(c) + "\"><title>" + c.name + "</title></path>\n";
  out += "</svg>\n<ul class=\"legend\">";
  for (const Curve& c : curves)
    out += "<li><i style=\"border-color:var(--c" + std::to_string(c.color) + ")\"></i><span title=\"" +
           c.name + "\">" + c.name + "</span><em>" + c.value + "</em></li>";
  return out + "</ul></figure>\n";
}

// The mean of all classes' curves over x, at 201 places; scikit-learn's way of a macro ROC curve.
Curve macro_roc(const ClassificationSummary& s) {
  constexpr int places = 201;
  Curve out;
  out.y.assign(places, 0);
  int64_t counted = 0;
  for (const auto& roc : s.roc) {
    if (std::isnan(roc.area)) continue;
    ++counted;
    size_t at = 0;
    for (int i = 0; i < places; ++i) {
      const double x = i / (places - 1.0);
      const auto& xs = roc.false_positive_rate;
      const auto& ys = roc.true_positive_rate;
      while (at + 1 < xs.size() && xs[at + 1] <= x) ++at;
      double y = ys[at];
      if (at + 1 < xs.size() && xs[at + 1] > xs[at])
        y += (ys[at + 1] - ys[at]) * (x - xs[at]) / (xs[at + 1] - xs[at]);
      out.y[static_cast<size_t>(i)] += y;
    }
  }
  for (int i = 0; i < places; ++i) {
    out.x.push_back(i / (places - 1.0));
    out.y[static_cast<size_t>(i)] /= static_cast<double>(std::max<int64_t>(counted, 1));
  }
  // From the origin, as every curve.
  out.x.insert(out.x.begin(), 0);
  out.y.insert(out.y.begin(), 0);
  return out;
}

// The classes to draw: class 1 of two; all of a few; else those with the smallest area.
std::vector<size_t> chosen(const ClassificationSummary& s) {
  std::vector<size_t> classes;
  for (size_t c = 0; c < s.classes.size(); ++c)
    if (!std::isnan(s.classes[c].auc)) classes.push_back(c);
  if (s.classes.size() == 2 && !classes.empty()) return {1};
  // One colour stays free for the mean.
  const size_t room = most_curves - 1;
  if (classes.size() > room) {
    std::stable_sort(classes.begin(), classes.end(),
                     [&](size_t a, size_t b) { return s.classes[a].auc < s.classes[b].auc; });
    classes.resize(room);
  }
  return classes;
}

}  // namespace

std::string curves_section(const ClassificationSummary& s) {
  if (s.roc.empty()) return "";
  const auto classes = chosen(s);
  if (classes.empty()) return "";
  const bool two = s.classes.size() == 2, some = !two && classes.size() < s.classes.size();
  std::vector<Curve> roc, precision_recall;
  int color = 0;
  if (!two) {
    Curve mean = macro_roc(s);
    mean.name = "mean of all classes";
    mean.value = figure(s.auc);
    mean.color = 7;
    roc.push_back(std::move(mean));
  }
  for (size_t c : classes) {
    const auto& one = s.classes[c];
    roc.push_back({escape_html(one.name), figure(one.auc), s.roc[c].false_positive_rate,
                   s.roc[c].true_positive_rate, false, color});
    Curve pr{escape_html(one.name),
             figure(one.average_precision),
             s.precision_recall[c].recall,
             s.precision_recall[c].precision,
             true,
             color};
    // The last point is there by convention only; the curve ends at the height it has.
    if (pr.y.size() > 1) pr.y.back() = pr.y[pr.y.size() - 2];
    precision_recall.push_back(std::move(pr));
    ++color;
  }
  std::string note = two ? "Every threshold on the probability of “" + escape_html(s.classes[1].name) + "”."
                         : "Each class against the rest, at every threshold on its probability.";
  if (some) note += " Drawn are the " + std::to_string(classes.size()) + " classes with the smallest area.";
  std::string out = "<section aria-labelledby=\"curves\"><h2 id=\"curves\">Curves</h2>\n<p class=\"note\">" +
                    note + "</p>\n<div class=\"charts\">\n";
  out += chart("roc", "ROC, with area", "false positive rate", "true positive rate", roc, true);
  out += chart("pr", "Precision and recall, with average precision", "recall", "precision", precision_recall,
               false);
  return out + "</div></section>\n";
}

}  // namespace sconce::cli
