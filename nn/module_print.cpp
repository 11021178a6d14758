// A module printed as PyTorch's repr.
#include <sconce/nn/module.h>

#include <ostream>

namespace sconce::nn {
namespace {

// Every line but the first moves two to the right.
std::string indented(const std::string& text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "  ";
  }
  return out;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  if (text.empty()) return out;
  size_t start = 0;
  for (size_t end = 0; end != std::string::npos; start = end + 1) {
    end = text.find('\n', start);
    out.push_back(text.substr(start, end - start));
  }
  return out;
}

}  // namespace

std::string Module::str() const {
  const std::vector<std::string> extra = lines_of(extra_repr());
  std::vector<std::string> lines = extra;
  std::vector<std::pair<std::string, std::string>> shown;  // name and repr of each child
  for (const auto& child : members_of(*this).children)
    shown.emplace_back(child.name, child.module ? child.module->str() : "None");
  for (size_t i = 0; i < shown.size();) {
    size_t last = i;
    while (folds_repeats() && last + 1 < shown.size() && shown[last + 1].second == shown[i].second) ++last;
    const std::string& text = shown[i].second;
    lines.push_back(indented(last == i ? "(" + shown[i].first + "): " + text
                                       : "(" + shown[i].first + "-" + shown[last].first +
                                             "): " + std::to_string(last - i + 1) + " x " + text));
    i = last + 1;
  }
  std::string out = class_name() + "(";
  if (extra.size() == 1 && shown.empty()) return out + extra[0] + ")";
  for (const auto& line : lines) out += "\n  " + line;
  return out + (lines.empty() ? ")" : "\n)");
}

std::ostream& operator<<(std::ostream& out, const Module& module) { return out << module.str(); }

}  // namespace sconce::nn
