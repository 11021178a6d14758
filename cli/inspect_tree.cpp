// From the value tree to the tree that is shown.
#include "inspect_tree.h"

#include <algorithm>
#include <cctype>

#include "text.h"

namespace sconce::cli {
namespace {

bool holds_tensors_by_dotted_name(const Value& value) {
  return std::ranges::any_of(value.pairs(), [](const auto& pair) {
    return pair.second.kind() == Value::Kind::tensor && pair.first.kind() == Value::Kind::string &&
           pair.first.as_string().find('.') != std::string::npos;
  });
}

// Puts a node under the modules that its dotted name goes through.
void place(TreeNode& parent, std::string_view name, TreeNode node) {
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) {
    node.label = printable(name);
    parent.children.push_back(std::move(node));
    return;
  }
  const std::string first = printable(name.substr(0, dot));
  // Modules come in runs, so the last child is nearly always the one.
  auto it = std::find_if(parent.children.rbegin(), parent.children.rend(),
                         [&](const TreeNode& child) { return child.label == first && child.note.empty(); });
  if (it == parent.children.rend()) {
    parent.children.push_back({first, ""});
    it = parent.children.rbegin();
  }
  place(*it, name.substr(dot + 1), std::move(node));
}

std::string key_text(const Value& key) {
  return key.kind() == Value::Kind::string ? key.as_string() : "[" + key.repr(40) + "]";
}

std::string join(const std::string& path, const std::string& key) {
  if (path.empty() || key.starts_with('[')) return path + key;
  return path + "." + key;
}

std::string strides_text(const Strides& strides) {
  std::string out = "strides (";
  for (size_t i = 0; i < strides.size(); ++i) out += (i > 0 ? ", " : "") + std::to_string(strides[i]);
  return out + ")";
}

}  // namespace

Contents::Contents(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {
  tree_ = visit("", checkpoint.root(), "");
  for (const auto& [id, indices] : by_storage_) {
    if (id != nullptr) storage_bytes_ += tensors_[indices.front()].tensor.storage().nbytes();
  }
}

TreeNode Contents::visit(const std::string& label, const Value& value, const std::string& path) {
  switch (value.kind()) {
    case Value::Kind::list:
    case Value::Kind::tuple:
    case Value::Kind::set:
    case Value::Kind::dict:
    case Value::Kind::object: break;
    default: return leaf(label, value, path);
  }
  if (value.items().empty() && value.pairs().empty() && value.kind() != Value::Kind::object)
    return leaf(label, value, path);
  const auto [first, is_new] = seen_.emplace(value.node(), path);
  if (!is_new)
    return {printable(label),
            "the same as " + (first->second.empty() ? "the whole" : printable(first->second))};
  return container(label, value, path);
}

TreeNode Contents::leaf(const std::string& label, const Value& value, const std::string& path) {
  if (value.kind() == Value::Kind::tensor) return {printable(label), describe(value.as_tensor(), path)};
  std::string text = value.repr(100);
  values_.push_back({path, value.type_name(), text});
  return {printable(label), printable(text)};
}

TreeNode Contents::container(const std::string& label, const Value& value, const std::string& path) {
  TreeNode out{printable(label), ""};
  const size_t tensors_before = tensors_.size();
  const int64_t elements_before = elements_;
  const uint64_t bytes_before = tensor_bytes_;
  const bool modules = holds_tensors_by_dotted_name(value);
  for (size_t i = 0; i < value.items().size(); ++i) {
    const std::string index = "[" + std::to_string(i) + "]";
    out.children.push_back(visit(index, value.items()[i], path + index));
  }
  for (const auto& [key, item] : value.pairs()) {
    const std::string name = key_text(key);
    TreeNode node = visit(name, item, join(path, name));
    if (modules)
      place(out, name, std::move(node));
    else
      out.children.push_back(std::move(node));
  }
  if (value.kind() == Value::Kind::object) {
    for (size_t i = 0; i < value.arguments().size(); ++i) {
      const std::string name = "argument " + std::to_string(i);
      out.children.push_back(visit(name, value.arguments()[i], join(path, name)));
    }
    if (!value.state().is_none()) out.children.push_back(visit("state", value.state(), join(path, "state")));
  }
  out.note = printable(value.type_name());
  if (const auto found = static_cast<int64_t>(tensors_.size() - tensors_before); found > 0) {
    out.note += ": " + counted(found, "tensor") + ", " + counted(elements_ - elements_before, "element") +
                ", " + human_bytes(tensor_bytes_ - bytes_before);
  } else if (value.kind() != Value::Kind::object) {
    out.note += " of " + with_commas(static_cast<int64_t>(value.size()));
  }
  return out;
}

std::string Contents::describe(const Tensor& tensor, const std::string& path) {
  if (!tensor.defined()) return "undefined tensor";
  TensorEntry entry{path, tensor, "", "", ""};
  const void* id = tensor.storage().id();
  if (const auto it = checkpoint_.locations().find(id); it != checkpoint_.locations().end())
    entry.location = it->second;
  std::vector<size_t>& sharing = by_storage_[id];
  for (const size_t other : sharing) {
    if (!tensors_[other].tensor.is_same_view(tensor)) continue;
    entry.tied_to = tensors_[other].path;
    break;
  }
  if (entry.tied_to.empty() && !sharing.empty()) entry.view_of = tensors_[sharing.front()].path;
  if (entry.tied_to.empty()) {
    elements_ += tensor.numel();
    tensor_bytes_ += static_cast<uint64_t>(tensor.nbytes());
  }
  sharing.push_back(tensors_.size());

  std::string note = std::string(name_of(tensor.dtype())) + " " + tensor.shape().str() + "  " +
                     human_bytes(static_cast<uint64_t>(tensor.nbytes()));
  if (!tensor.is_contiguous()) note += "  " + strides_text(tensor.strides());
  if (tensor.storage_offset() != 0) note += "  offset " + with_commas(tensor.storage_offset());
  if (!entry.location.empty() && entry.location != "cpu") note += "  " + printable(entry.location);
  if (!entry.tied_to.empty()) note += "  tied to " + printable(entry.tied_to);
  if (!entry.view_of.empty()) note += "  shares the bytes of " + printable(entry.view_of);
  tensors_.push_back(std::move(entry));
  return note;
}

namespace {

bool equal_content(const TreeNode& a, const TreeNode& b) {
  return a.note == b.note && a.children.size() == b.children.size() &&
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

void draw_below(const TreeNode& node, const std::string& indent,
                std::vector<std::pair<std::string, std::string>>& lines) {
  for (size_t i = 0; i < node.children.size(); ++i) {
    const TreeNode& child = node.children[i];
    const bool last = i + 1 == node.children.size();
    lines.emplace_back(indent + (last ? "└─ " : "├─ ") + child.label, child.note);
    draw_below(child, indent + (last ? "   " : "│  "), lines);
  }
}

}  // namespace

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
    if (end - i > 1) out.back().label += "–" + tree.children[end - 1].label + " ×" + std::to_string(end - i);
    i = end;
  }
  tree.children = std::move(out);
}

std::string draw(const TreeNode& tree) {
  std::vector<std::pair<std::string, std::string>> lines;
  draw_below(tree, "", lines);
  size_t column = 0;
  for (const auto& [left, note] : lines) column = std::max(column, std::min<size_t>(columns_of(left), 48));
  std::string out = (tree.label.empty() ? "" : tree.label + "  ") + tree.note + "\n";
  for (const auto& [left, note] : lines) {
    const size_t width = columns_of(left);
    out += left;
    if (!note.empty()) out += std::string(width < column ? column - width + 2 : 2, ' ') + note;
    out += '\n';
  }
  return out;
}

}  // namespace sconce::cli
