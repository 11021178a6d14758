#include "key_tree.h"

#include <utility>

namespace sconce::nn {

KeyTree::KeyTree(const StateDict& state) : nodes_(1) {
  nodes_.reserve(2 * state.size());
  index_.reserve(2 * state.size());
  int entry = 0;
  for (const auto& [key, value] : state) {
    std::string_view rest = key;
    int at = 0;
    while (true) {
      const size_t dot = rest.find('.');
      const std::string_view component = rest.substr(0, dot);
      const uint64_t key_hash = hash(at, component);
      int below = find(key_hash, at, component);
      if (below < 0) {
        below = static_cast<int>(nodes_.size());
        Node& parent = nodes_[static_cast<size_t>(at)];
        const int next = std::exchange(parent.first_child, below);
        nodes_.push_back({component, at, -1, -1, next});
        index_.insert(key_hash, static_cast<size_t>(below));
      }
      at = below;
      if (dot == std::string_view::npos) break;
      rest.remove_prefix(dot + 1);
    }
    nodes_[static_cast<size_t>(at)].entry = entry++;
  }
}

uint64_t KeyTree::hash(int parent, std::string_view component) {
  return HashIndex::hash(component) + static_cast<uint64_t>(parent) * 0x9e3779b97f4a7c15;
}

int KeyTree::find(uint64_t hash, int parent, std::string_view component) const {
  const size_t place = index_.find(
      hash, [&](size_t i) { return nodes_[i].parent == parent && nodes_[i].component == component; });
  return place == HashIndex::npos ? -1 : static_cast<int>(place);
}

int KeyTree::child(int index, std::string_view component) const {
  return index < 0 ? -1 : find(hash(index, component), index, component);
}

void KeyTree::entries_below(int index, std::vector<int>& out) const {
  std::vector<int> open{index};
  while (!open.empty()) {
    const Node& at = node(open.back());
    open.pop_back();
    if (at.entry >= 0) out.push_back(at.entry);
    for (int child = at.first_child; child >= 0; child = node(child).next) open.push_back(child);
  }
}

}  // namespace sconce::nn
