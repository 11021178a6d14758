// From the value tree to the tree that is shown.
#include "inspect_tree.h"

#include <sconce/tensors_in.h>

#include <algorithm>

#include "dense.h"
#include "text.h"

namespace sconce::cli {
namespace {

bool holds_tensors_by_dotted_name(const Value& value) {
  return std::ranges::any_of(value.pairs(), [](const auto& pair) {
    return shape_and_dtype(pair.second) && pair.first.kind() == Value::Kind::string &&
           pair.first.as_string().find('.') != std::string::npos;
  });
}

void add_sums(TreeNode& to, const TreeNode& child) {
  to.tensors += child.tensors;
  to.elements += child.elements;
  to.bytes += child.bytes;
}

// Puts a node under the modules that its dotted name goes through, and adds its sums to each.
void place(TreeNode& parent, std::string_view name, TreeNode node) {
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot == 0 || dot + 1 == name.size()) {
    node.label = printable(name);
    parent.children.push_back(std::move(node));
    return;
  }
  const std::string first = printable(name.substr(0, dot));
  // Modules come in runs, so the last child is nearly always the one.
  const auto is_module = [&](const TreeNode& child) {
    return child.label == first && child.text.empty() && !child.cells;
  };
  auto it = std::find_if(parent.children.rbegin(), parent.children.rend(), is_module);
  if (it == parent.children.rend()) {
    parent.children.push_back({first});
    it = parent.children.rbegin();
  }
  add_sums(*it, node);
  place(*it, name.substr(dot + 1), std::move(node));
}

std::string strides_text(const Strides& strides) {
  std::string out = "strides (";
  for (size_t i = 0; i < strides.size(); ++i) out += (i > 0 ? ", " : "") + std::to_string(strides[i]);
  return out + ")";
}

// The bytes from a tensor's first to its last element.
std::pair<uint64_t, uint64_t> span_of(const Tensor& t) {
  const auto item = static_cast<uint64_t>(size_of(t.dtype()));
  uint64_t begin = static_cast<uint64_t>(t.storage_offset()) * item, last = begin;
  if (t.numel() == 0) return {begin, begin};
  for (int64_t d = 0; d < t.dim(); ++d) last += static_cast<uint64_t>((t.size(d) - 1) * t.stride(d)) * item;
  return {begin, last + item};
}

}  // namespace

Contents::Contents(const Checkpoint& checkpoint) : checkpoint_(checkpoint) {
  tree_ = visit("", checkpoint.root(), "");
  count_storages();
}

void Contents::count_storages() {
  std::unordered_map<const void*, std::vector<std::pair<uint64_t, uint64_t>>> spans;
  std::unordered_map<const void*, uint64_t> sizes;
  for (const TensorEntry& entry : tensors_) {
    for (const Tensor& part : NamedTensor{entry.path, entry.value}.parts()) {
      if (part.device() == Device::parse("meta")) continue;
      spans[part.storage().id()].push_back(span_of(part));
      sizes[part.storage().id()] = part.storage().nbytes();
    }
  }
  for (auto& [id, list] : spans) {
    std::sort(list.begin(), list.end());
    uint64_t reached = 0, covered = 0;
    for (const auto& [begin, end] : list) {
      if (end <= covered) continue;
      reached += end - std::max(begin, covered);
      covered = end;
    }
    storage_bytes_ += sizes[id];
    unreachable_bytes_ += sizes[id] - std::min(sizes[id], reached);
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
  if (shape_and_dtype(value)) return tensor(label, value, path);
  if (value.kind() == Value::Kind::tensor) return {printable(label), "undefined tensor"};
  std::string text = value.repr(100);
  values_.push_back({path, value.type_name(), text});
  return {printable(label), printable(text)};
}

TreeNode Contents::container(const std::string& label, const Value& value, const std::string& path) {
  TreeNode out{printable(label)};
  const bool modules = holds_tensors_by_dotted_name(value);
  const auto add = [&](TreeNode child) {
    add_sums(out, child);
    out.children.push_back(std::move(child));
  };
  for (size_t i = 0; i < value.items().size(); ++i) {
    const std::string index = "[" + std::to_string(i) + "]";
    add(visit(index, value.items()[i], path + index));
  }
  for (const auto& [key, item] : value.pairs()) {
    const std::string name = path_key(key);
    TreeNode node = visit(name, item, join_path(path, name));
    if (modules) {
      add_sums(out, node);
      place(out, name, std::move(node));
    } else {
      add(std::move(node));
    }
  }
  if (value.kind() == Value::Kind::object) {
    for (size_t i = 0; i < value.arguments().size(); ++i) {
      const std::string name = "argument " + std::to_string(i);
      add(visit(name, value.arguments()[i], join_path(path, name)));
    }
    if (!value.state().is_none()) add(visit("state", value.state(), join_path(path, "state")));
  }
  out.text = printable(value.type_name());
  if (out.tensors == 0 && value.kind() != Value::Kind::object)
    out.text += " of " + with_commas(static_cast<int64_t>(value.size()));
  return out;
}

TreeNode Contents::tensor(const std::string& label, const Value& value, const std::string& path) {
  const auto [shape, dtype] = *shape_and_dtype(value);
  const std::vector<Tensor> parts = NamedTensor{path, value}.parts();
  if (parts.empty()) return {printable(label), "a tensor without values"};
  TensorEntry entry{path, value, parts.front(), shape, dtype, 0, "", "", "", form_of(value)};
  for (const Tensor& part : parts) entry.bytes += static_cast<uint64_t>(part.nbytes());
  const Tensor& t = entry.tensor;
  const void* id = t.storage().id();
  if (const std::string* location = checkpoint_.locations().find(id)) entry.location = *location;
  std::vector<size_t>& sharing = by_storage_[id];
  for (const size_t other : sharing) {
    if (!tensors_[other].tensor.is_same_view(t)) continue;
    entry.tied_to = tensors_[other].path;
    break;
  }
  if (entry.tied_to.empty() && !sharing.empty()) entry.view_of = tensors_[sharing.front()].path;
  sharing.push_back(tensors_.size());

  TreeNode out{printable(label)};
  out.cells = TensorCells{name_of(dtype), shape.str(), human_bytes(entry.bytes), ""};
  std::vector<std::string> more;
  if (!entry.form.empty()) more.push_back(entry.form);
  if (entry.form.empty() && !t.is_contiguous()) more.push_back(strides_text(t.strides()));
  if (t.storage_offset() != 0) more.push_back("offset " + with_commas(t.storage_offset()));
  if (!entry.location.empty() && entry.location != "cpu") more.push_back(printable(entry.location));
  if (!entry.tied_to.empty()) more.push_back("tied to " + printable(entry.tied_to));
  if (!entry.view_of.empty()) more.push_back("shares the bytes of " + printable(entry.view_of));
  for (const std::string& one : more) out.cells->more += (out.cells->more.empty() ? "" : "  ") + one;
  if (entry.tied_to.empty()) {
    out.elements = shape.numel();
    out.bytes = entry.bytes;
    by_dtype_[dtype] += out.elements;
  }
  out.tensors = 1;
  tensors_.push_back(std::move(entry));
  return out;
}

}  // namespace sconce::cli
