// The keys of a state_dict as a tree of their dotted components, so that fitting it is linear in the number
// of keys.
#pragma once
#include <sconce/hash_index.h>
#include <sconce/state_dict.h>

#include <string_view>
#include <vector>

namespace sconce::nn {

class KeyTree {
 public:
  struct Node {
    std::string_view component;  // the last one of its path
    int parent = -1;
    int entry = -1;  // index of the entry whose key ends here, or -1
    // The list of a node's children, in no particular order: its first one, and each one's next; -1 at the end.
    int first_child = -1, next = -1;
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
  static uint64_t hash(int parent, std::string_view component);
  int find(uint64_t hash, int parent, std::string_view component) const;

  std::vector<Node> nodes_;
  HashIndex index_;  // of all nodes but the root, by parent and component
};

}  // namespace sconce::nn
