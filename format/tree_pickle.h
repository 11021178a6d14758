// A value tree as the pickle program that torch.save would write for it.
#pragma once
#include "pickle_writer.h"
#include "storage_plan.h"

#include <sconce/value.h>

#include <string>
#include <unordered_set>
#include <vector>

namespace sconce {

// The program, data.pkl. Fills `plan` with the storages that the tree's tensors need. Throws
// ErrorKind::unsupported, with the path of the value, for what torch.load(weights_only=True) could not read
// back, and ErrorKind::invalid_argument for what no Python object could be.
std::string pickle_tree(const Value& root, StoragePlan& plan);

// One pass over the tree. The values are in tree_pickle.cpp, names in name_pickle.cpp, tensors and their storages in
// tensor_pickle.cpp.
class TreePickler {
 public:
  // Surveying, it only tells the plan which tensors there are, and its program is of no use.
  TreePickler(StoragePlan& plan, bool surveying) : plan_(plan), surveying_(surveying) {}
  std::string run(const Value& root);

 private:
  // A step on the way to a value: a dictionary's key, or, without one, an index.
  struct Step {
    const Value* key;
    size_t index;
  };
  std::string path() const;
  void step_into(Step step, const Value& v);

  void write(const Value& v);
  void write_new(const Value& v);
  void call(size_t count, const Value& v);
  void write_bytes(const Value& v);
  void write_list(const Value::Items& items, const void* identity);
  void write_tuple(const Value& v);
  void write_dict(const Value& v);
  void write_pairs(const Value& v);
  size_t write_factory(const Value& v);
  void write_attributes(const Value& v);
  void write_ints(const std::vector<int64_t>& values);
  void write_layout(std::string_view name);
  void write_global(const Value& v);

  void write_tensor(const Value& v);
  void write_function(std::string_view name, bool attributed);
  void write_plain(const Tensor& tensor, bool attributed);
  void write_meta(const Tensor& tensor, bool attributed);
  void write_strided(const Tensor& tensor, bool attributed);
  void write_quantized(const QuantizedTensor& q, bool attributed);
  void write_sparse(const SparseTensor& s, bool attributed);
  void write_part(const Tensor& tensor);
  void write_size(const Shape& shape);
  void write_hooks();
  Placement place(const Tensor& tensor);
  void write_storage(const Tensor& tensor, const Placement& place);

  StoragePlan& plan_;
  const bool surveying_;
  PickleWriter out_;
  size_t level_ = 0;
  std::vector<Step> path_;
  std::unordered_set<const void*> open_tuples_;
};

}  // namespace sconce
