// The tree of a checkpoint as lines of text.
#include "inspect_draw.h"

#include <algorithm>
#include <cctype>

#include "text.h"

namespace sconce::cli {
namespace {

constexpr size_t widest_label = 48, widest_shape = 24;

bool equal_content(const TreeNode& a, const TreeNode& b) {
  return a.text == b.text && a.cells == b.cells && a.times == b.times &&
         a.children.size() == b.children.size() &&
         std::equal(
             a.children.begin(), a.children.end(), b.children.begin(),
             [](const TreeNode& x, const TreeNode& y) { return x.label == y.label && equal_content(x, y); });
}

// The number in "7" or "[7]", or -1.
int64_t number_of(std::string_view label) {
  if (label.starts_with('[') && label.ends_with(']')) label = label.substr(1, label.size() - 2);
  if (label.empty() || label.size() > 9) return -1;
  int64_t n = 0;
  for (const char c : label) {
    if (std::isdigit(static_cast<unsigned char>(c)) == 0) return -1;
    n = n * 10 + (c - '0');
  }
  return n;
}

bool is_module(const TreeNode& node) { return node.text.empty() && !node.cells; }

// A line in its parts; what is cut at the terminal's width is cut before colours come in.
struct Line {
  std::string branch, label;
  const TreeNode* node = nullptr;
};

void collect(const TreeNode& node, const std::string& indent, std::vector<Line>& lines) {
  for (size_t i = 0; i < node.children.size(); ++i) {
    const TreeNode& child = node.children[i];
    const bool last = i + 1 == node.children.size();
    lines.push_back({indent + (last ? "└─ " : "├─ "), child.label, &child});
    collect(child, indent + (last ? "   " : "│  "), lines);
  }
}

struct Widths {
  size_t label = 0, dtype = 0, shape = 0, bytes = 0;
};

std::string padded(const std::string& text, size_t width) {
  const size_t columns = columns_of(text);
  return columns < width ? text + std::string(width - columns, ' ') : text;
}

// Takes what fits into `room` columns from the text's beginning.
std::string fitting(const std::string& text, size_t& room) {
  const size_t columns = columns_of(text);
  if (columns <= room) {
    room -= columns;
    return text;
  }
  std::string out;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) {
      if (room <= 1) break;
      --room;
    }
    out += c;
  }
  if (room > 0) out += "…";
  room = 0;
  return out;
}

}  // namespace

std::string sums_of(const TreeNode& node) {
  return counted(node.tensors, "tensor") + ", " + counted(node.elements, "element") + ", " +
         human_bytes(node.bytes);
}

void fold_repeats(TreeNode& tree) {
  for (TreeNode& child : tree.children) fold_repeats(child);
  std::vector<TreeNode> out;
  for (size_t i = 0; i < tree.children.size();) {
    const int64_t first = number_of(tree.children[i].label);
    size_t end = i + 1;
    while (first >= 0 && end < tree.children.size() &&
           number_of(tree.children[end].label) == first + static_cast<int64_t>(end - i) &&
           equal_content(tree.children[i], tree.children[end])) {
      ++end;
    }
    out.push_back(std::move(tree.children[i]));
    if (end - i > 1) {
      out.back().label += "–" + tree.children[end - 1].label + " ×" + std::to_string(end - i);
      out.back().times = static_cast<int64_t>(end - i);
    }
    i = end;
  }
  tree.children = std::move(out);
  if (!is_module(tree) || tree.children.size() != 1 || tree.children[0].cells ||
      tree.children[0].label.empty())
    return;
  TreeNode child = std::move(tree.children[0]);
  if (!is_module(child)) {
    tree.children = {std::move(child)};
    return;
  }
  child.label = tree.label + "." + child.label;
  tree = std::move(child);
}

std::string draw(const TreeNode& tree, const Style& style) {
  std::vector<Line> lines;
  collect(tree, "", lines);
  Widths widths;
  for (const Line& line : lines) {
    widths.label =
        std::max(widths.label, std::min(columns_of(line.branch) + columns_of(line.label), widest_label));
    if (!line.node->cells) continue;
    widths.dtype = std::max(widths.dtype, line.node->cells->dtype.size());
    widths.shape = std::max(widths.shape, std::min(line.node->cells->shape.size(), widest_shape));
    widths.bytes = std::max(widths.bytes, line.node->cells->bytes.size());
  }
  std::string out = style.bold(tree.label) + (tree.label.empty() ? "" : "  ");
  if (tree.cells)
    out += tree.cells->dtype + "  " + tree.cells->shape + "  " + tree.cells->bytes +
           (tree.cells->more.empty() ? "" : "  " + tree.cells->more);
  else
    out += tree.text + (tree.tensors > 0 ? ": " + sums_of(tree) : "");
  out += '\n';
  for (const Line& line : lines) {
    const TreeNode& node = *line.node;
    size_t room = style.columns() > 0 ? static_cast<size_t>(style.columns()) : SIZE_MAX;
    std::string text = style.dim(fitting(line.branch, room));
    const bool branch = !node.children.empty();
    const std::string label = fitting(line.label, room);
    text += branch ? style.bold(label) : label;
    const size_t used = columns_of(line.branch) + columns_of(line.label);
    const auto column = [&](const std::string& content) { return fitting(content, room); };
    const std::string gap(used < widths.label ? widths.label - used + 2 : 2, ' ');
    if (node.cells) {
      const TensorCells& cells = *node.cells;
      text += column(gap) + style.cyan(column(padded(cells.dtype, widths.dtype) + "  "));
      text += column(padded(cells.shape, widths.shape) + "  ");
      text += style.dim(
          column(std::string(widths.bytes - std::min(widths.bytes, cells.bytes.size()), ' ') + cells.bytes));
      if (!cells.more.empty()) text += style.yellow(column("  " + cells.more));
    } else {
      std::string note = node.text;
      if (node.tensors > 1 && branch)
        note += (note.empty() ? "" : ": ") + std::string(node.times > 1 ? "each " : "") + sums_of(node);
      if (!note.empty()) text += column(gap) + (branch ? style.dim(column(note)) : column(note));
    }
    out += text + "\n";
  }
  return out;
}

}  // namespace sconce::cli
