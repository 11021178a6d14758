// What the names in a PyTorch checkpoint stand for: tensors, storages, dtypes, ordered dictionaries, numpy
// values. It is a closed list; every other class stays a closed object.
#pragma once
#include "pickle.h"
#include "storage_source.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sconce {

// A storage that a pickle has named: what it says of it, and the value that stands for it in the tree (a
// tensor of one dimension over the whole storage).
struct NamedStorage {
  Value value;
  DType dtype = DType::u8;  // u8 for an untyped one
  bool untyped = false;
  int64_t numel = 0;   // of `dtype`
  int64_t offset = 0;  // of a view into another storage, in elements
  Storage storage;
  SwapUnit swap_unit;
};

class TorchMeaning : public PickleMeaning {
 public:
  TorchMeaning(StorageSource& source, const LoadOptions& options);

  Value global(const std::string& module, const std::string& name) override;
  Value call(PickleReader& reader, const Value& callable, const Value& arguments) override;
  void build(PickleReader& reader, Value& target, const Value& state) override;
  Value persistent(PickleReader& reader, const Value& id) override;

  const std::map<const void*, std::string>& locations() const { return locations_; }

 private:
  struct Views;
  enum class Call : uint8_t;
  static const std::unordered_map<std::string_view, Call>& calls();
  std::optional<Value> known_call(PickleReader& reader, Call which, const Value& callable,
                                  const Value& arguments);

  Value storage(PickleReader& reader, const Value& storage_class, const Value& key, const Value& location,
                const Value& numel, const Value& view);
  NamedStorage& root_storage(PickleReader& reader, const std::string& key, DType dtype, bool untyped,
                             int64_t numel, const std::string& location);
  Value rebuild_tensor(PickleReader& reader, const Value::Items& arguments, int version);
  Value rebuild_from_type(PickleReader& reader, const Value::Items& arguments);
  Storage flipped(const Storage& storage, DType dtype, bool conjugate, bool negate);
  void set_swap_unit(NamedStorage& named, DType dtype);

  StorageSource& source_;
  const LoadOptions options_;
  uint64_t tensors_ = 0;
  std::unordered_map<std::string, NamedStorage> storages_;  // by key
  std::unordered_map<std::string, NamedStorage> views_;     // by key, offset and size
  std::unordered_map<const Value::Node*, NamedStorage*> by_node_;
  std::vector<std::unique_ptr<NamedStorage>> reinterpreted_;  // Profile::compat only
  std::map<std::pair<const void*, int>, Storage> flipped_;
  std::map<const void*, std::string> locations_;
};

}  // namespace sconce
