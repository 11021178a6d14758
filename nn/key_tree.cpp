#include "key_tree.h"

namespace sconce::nn {

KeyTree::KeyTree(const StateDict& state) : nodes_(1) {
  int index = 0;
  for (const auto& entry : state) {
    std::string_view rest = entry.key;
    int at = 0;
    while (true) {
      const size_t dot = rest.find('.');
      const auto fresh = static_cast<int>(nodes_.size());
      const auto [found, added] =
          nodes_[static_cast<size_t>(at)].children.try_emplace(rest.substr(0, dot), fresh);
      at = found->second;
      if (added) nodes_.emplace_back();
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    nodes_[static_cast<size_t>(at)].entry = index++;
  }
}

int KeyTree::child(int index, std::string_view component) const {
  if (index < 0) return -1;
  const auto found = node(index).children.find(component);
  return found == node(index).children.end() ? -1 : found->second;
}

void KeyTree::entries_below(int index, std::vector<int>& out) const {
  std::vector<int> open{index};
  while (!open.empty()) {
    const Node& at = node(open.back());
    open.pop_back();
    if (at.entry >= 0) out.push_back(at.entry);
    for (const auto& [component, child] : at.children) open.push_back(child);
  }
}

}  // namespace sconce::nn
