// Which bytes of which storages a file will hold, and where each tensor then lies.
#pragma once
#include <sconce/tensor.h>

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace sconce {

// The content of one record: bytes of a storage as they are, or the elements of a view, gathered.
struct SavedRecord {
  Storage storage;
  uint64_t begin = 0, size = 0;  // bytes
  Tensor gathered;               // defined: the record is its elements in row-major order
};

// How a tensor is written down: its record, and its place in it.
struct Placement {
  size_t key = 0;        // the record's number
  bool untyped = false;  // named as bytes, and the tensor by its own dtype (_rebuild_tensor_v3)
  uint64_t nbytes = 0;   // of the record
  int64_t offset = 0;    // in elements
  const Strides* strides = nullptr;
};

// One record for each storage; with `compact` one for each group of overlapping views, without the bytes that
// no view reaches, and a view with gaps that is alone in its group is gathered, so that its strides change.
// Two passes: survey every tensor, then place every one. Tensors on Device::meta have no place.
class StoragePlan {
 public:
  explicit StoragePlan(bool compact) : compact_(compact) {}

  void survey(const Tensor& tensor);
  // Between the passes.
  void decide();
  // Records are numbered as they are first asked for.
  Placement place(const Tensor& tensor);
  const std::vector<SavedRecord>& records() const { return records_; }

 private:
  struct Group {
    uint64_t begin = 0, end = 0;  // bytes of the storage
    DType dtype = DType::u8;
    bool mixed = false;            // read as several dtypes, or not a whole number of elements
    const Tensor* only = nullptr;  // while views are grouped: the one that all views of the group equal
    Strides strides;               // of a gathered view; else empty
    Tensor dense;                  // its elements in the order in which they lie
    int64_t key = -1;
  };
  struct Seen {
    Storage storage;
    std::vector<Tensor> views;  // that have elements, while they are grouped
    std::vector<Group> groups;  // by begin
    Group nothing;              // for tensors without elements, which then need no bytes
    bool has_nothing = false;
  };

  void group_views(Seen& seen) const;
  static void join(std::vector<Group>& groups, const Tensor& view);
  static void gather(const Seen& seen, Group& group);

  const bool compact_;
  std::unordered_map<const void*, Seen> seen_;  // by Storage::id()
  std::vector<SavedRecord> records_;
};

}  // namespace sconce
