// A checkpoint as a tree for people: dotted keys become modules, repeated blocks fold, ties are named.
#pragma once
#include <sconce/checkpoint.h>

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace sconce::cli {

// One tensor of a checkpoint, where it was found first.
struct TensorEntry {
  std::string path;  // "state_dict.layer1.0.conv1.weight", "optimizer.state[0].exp_avg"
  Tensor tensor;
  std::string location;  // as saved: "cpu", "cuda:0"; empty when not known
  std::string tied_to;   // path of an earlier tensor that is the same view of the same bytes
  std::string view_of;   // path of an earlier tensor that shares the bytes otherwise
};

// One value that is neither a tensor nor a container.
struct ValueEntry {
  std::string path, type, text;
};

struct TreeNode {
  std::string label;  // "conv1", "0–11 ×12"
  std::string note;   // what stands after it: "float32 [16, 3, 3, 3]  1.7 kB"
  std::vector<TreeNode> children = {};
};

// Everything in the value tree, each container visited once, however often it is referred to.
class Contents {
 public:
  explicit Contents(const Checkpoint& checkpoint);

  const std::vector<TensorEntry>& tensors() const { return tensors_; }
  const std::vector<ValueEntry>& values() const { return values_; }
  const TreeNode& tree() const { return tree_; }
  // Elements and bytes of all tensors, ties counted once; and bytes of the storages behind them.
  int64_t elements() const { return elements_; }
  uint64_t tensor_bytes() const { return tensor_bytes_; }
  uint64_t storage_bytes() const { return storage_bytes_; }

 private:
  TreeNode visit(const std::string& label, const Value& value, const std::string& path);
  TreeNode leaf(const std::string& label, const Value& value, const std::string& path);
  TreeNode container(const std::string& label, const Value& value, const std::string& path);
  std::string describe(const Tensor& tensor, const std::string& path);

  const Checkpoint& checkpoint_;
  std::unordered_map<const void*, std::string> seen_;                // containers, by node
  std::unordered_map<const void*, std::vector<size_t>> by_storage_;  // indices into tensors_
  std::vector<TensorEntry> tensors_;
  std::vector<ValueEntry> values_;
  TreeNode tree_;
  int64_t elements_ = 0;
  uint64_t tensor_bytes_ = 0, storage_bytes_ = 0;
};

// Folds runs of numbered siblings with equal content into one: "0–11 ×12".
void fold_repeats(TreeNode& tree);
// Draws it with box lines, the notes in one column.
std::string draw(const TreeNode& tree);

}  // namespace sconce::cli
