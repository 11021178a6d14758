// The keys of a state_dict as a tree of their dotted components, so that fitting it is linear in the number
// of keys.
#pragma once
#include <sconce/state_dict.h>

#include <string_view>
#include <unordered_map>
#include <vector>

namespace sconce::nn {

class KeyTree {
 public:
  struct Node {
    int entry = -1;                                      // index of the entry whose key ends here, or -1
    std::unordered_map<std::string_view, int> children;  // component to index of node
  };

  // Views into the keys of `state`, which must outlive the tree.
  explicit KeyTree(const StateDict& state);

  // The root is node 0.
  const Node& node(int index) const { return nodes_[static_cast<size_t>(index)]; }
  // The child of that name, or -1; -1 has no children.
  int child(int index, std::string_view component) const;
  // Appends the entries at and below a node, in no particular order.
  void entries_below(int index, std::vector<int>& out) const;

 private:
  std::vector<Node> nodes_;
};

}  // namespace sconce::nn
