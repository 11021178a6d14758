// The storages that a checkpoint's pickle names, each opened once.
#pragma once
#include "pickle.h"
#include "storage_source.h"

#include <sconce/hash_index.h>

#include <deque>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sconce {

// A storage that a pickle has named: what it says of it, and the value that stands for it in the tree (a
// tensor of one dimension over the whole storage).
struct NamedStorage {
  std::string key;
  Value value;
  DType dtype = DType::u8;  // u8 for an untyped one
  bool untyped = false;
  int64_t numel = 0;   // of `dtype`
  int64_t offset = 0;  // of a view into another storage, in elements
  Storage storage;
  SwapUnit swap_unit;
};

// What the elements of a storage class are.
struct StorageClass {
  DType dtype = DType::u8;
  bool untyped = false;
};

class NamedStorages {
 public:
  NamedStorages(StorageSource& source, const LoadOptions& options) : source_(source), options_(options) {}

  // The value for a persistent id: ('storage', class, key, location, numel), with a sixth item in legacy
  // streams: None, or (view key, offset, size). ('module', class, ...) gives the class.
  Value open(PickleReader& reader, const Value& id);
  // The storage that such a value stands for, or null.
  NamedStorage* find(const Value& value);
  // Takes a storage from elsewhere: a contiguous tensor of one dimension over the whole of it.
  void adopt(const Value& value);
  // Tells an untyped storage of the other byte order what its numbers are. Throws ErrorKind::unsupported when
  // it holds numbers of two sizes.
  static void set_swap_unit(NamedStorage& named, DType dtype);
  // The storage with every number negated, every complex number conjugated, or both: what torch.save notes as
  // metadata instead of computing it. Tensors that share a storage share the result.
  Storage flipped(const Storage& storage, DType dtype, bool conjugate, bool negate);

  // Where each storage lay when it was saved, by Storage::id().
  const StorageLocations& locations() const { return locations_; }
  StorageLocations take_locations() { return std::move(locations_); }

 private:
  Value part(PickleReader& reader, const NamedStorage& root, const Value& view);
  NamedStorage& root(PickleReader& reader, const std::string& key, DType dtype, bool untyped, int64_t numel,
                     const std::string& location);
  NamedStorage& again(PickleReader& reader, const NamedStorage& named, DType dtype, bool untyped,
                      int64_t numel);
  NamedStorage& add(NamedStorage named);
  Storage placed(StorageRequest request, DType dtype, const std::string& location);

  StorageSource& source_;
  const LoadOptions& options_;
  Value last_class_;  // the storage class that was named last
  StorageClass last_known_;
  std::deque<NamedStorage> all_;  // whole ones, views, adopted ones, and Profile::compat's reinterpreted ones
  HashIndex by_key_;              // whole ones
  HashIndex by_node_;             // all, by the node of `value`
  std::unordered_map<std::string, size_t> parts_;  // views by key, offset and size
  std::map<std::pair<const void*, int>, Storage> flipped_;
  StorageLocations locations_;
};

}  // namespace sconce
