// A checkpoint as a tree for people: dotted keys become modules, ties are named, every branch is added up.
#pragma once
#include <sconce/checkpoint.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace sconce::cli {

// One tensor of a checkpoint, where it was found first.
struct TensorEntry {
  std::string path;  // "state_dict.layer1.0.conv1.weight", "optimizer.state[0].exp_avg"
  Value value;       // of kind tensor, quantized or sparse
  Tensor tensor;     // itself, or the part with the values
  Shape shape;
  DType dtype = DType::f32;
  uint64_t bytes = 0;    // of all parts
  std::string location;  // as saved: "cpu", "cuda:0"; empty when not known
  std::string tied_to;   // path of an earlier tensor that is the same view of the same bytes
  std::string view_of;   // path of an earlier tensor that shares the bytes otherwise
  std::string
      form;  // of a quantized or sparse tensor: "per_channel_affine, axis 0", "sparse_coo, 5 of 100 elements"
};

// One value that is neither a tensor nor a container.
struct ValueEntry {
  std::string path, type, text;
};

// A tensor's columns.
struct TensorCells {
  std::string dtype, shape, bytes, more;
  bool operator==(const TensorCells&) const = default;
};

struct TreeNode {
  std::string label;                      // "conv1", "0–11 ×12"
  std::string text = {};                  // a value, or the class of a container
  std::optional<TensorCells> cells = {};  // of a tensor
  int64_t tensors = 0, elements = 0;      // in it and below, ties once
  uint64_t bytes = 0;
  int64_t times = 1;  // how many equal blocks it stands for
  std::vector<TreeNode> children = {};
};

// Everything in the value tree, each container visited once, however often it is referred to.
class Contents {
 public:
  explicit Contents(const Checkpoint& checkpoint);

  const std::vector<TensorEntry>& tensors() const { return tensors_; }
  const std::vector<ValueEntry>& values() const { return values_; }
  const TreeNode& tree() const { return tree_; }
  // Elements and bytes of all tensors, ties counted once; bytes of the storages behind them, and of those the ones that
  // no tensor reaches (a slice keeps its whole storage).
  int64_t elements() const { return tree_.elements; }
  uint64_t tensor_bytes() const { return tree_.bytes; }
  uint64_t storage_bytes() const { return storage_bytes_; }
  uint64_t unreachable_bytes() const { return unreachable_bytes_; }
  // Elements of each dtype, ties counted once.
  const std::map<DType, int64_t>& by_dtype() const { return by_dtype_; }

 private:
  TreeNode visit(const std::string& label, const Value& value, const std::string& path);
  TreeNode leaf(const std::string& label, const Value& value, const std::string& path);
  TreeNode container(const std::string& label, const Value& value, const std::string& path);
  TreeNode tensor(const std::string& label, const Value& value, const std::string& path);
  void count_storages();

  const Checkpoint& checkpoint_;
  std::unordered_map<const void*, std::string> seen_;                // containers, by node
  std::unordered_map<const void*, std::vector<size_t>> by_storage_;  // indices into tensors_
  std::vector<TensorEntry> tensors_;
  std::vector<ValueEntry> values_;
  TreeNode tree_;
  std::map<DType, int64_t> by_dtype_;
  uint64_t storage_bytes_ = 0, unreachable_bytes_ = 0;
};

}  // namespace sconce::cli
