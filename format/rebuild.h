// What the names in a PyTorch checkpoint stand for: tensors, storages, dtypes, ordered dictionaries, numpy
// values. It is a closed list (rebuild_calls.h); every other class stays a closed object.
#pragma once
#include "pickle.h"
#include "rebuild_storage.h"
#include "storage_source.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sconce {

struct RebuildCall;
// See rebuild_calls.h.
using Rebuild = std::optional<Value> (*)(const RebuildCall& call);

class TorchMeaning : public PickleMeaning {
 public:
  TorchMeaning(StorageSource& source, const LoadOptions& options)
      : source_(source), options_(options), storages_(source, options_) {}

  Value global(const std::string& module, const std::string& name) override;
  Value call(PickleReader& reader, const Value& callable, const Value& arguments) override;
  void build(PickleReader& reader, Value& target, const Value& state) override;
  Value persistent(PickleReader& reader, const Value& id) override { return storages_.open(reader, id); }

  const StorageLocations& locations() const { return storages_.locations(); }
  StorageLocations take_locations() { return storages_.take_locations(); }

  // For the calls on the list.
  NamedStorages& storages() { return storages_; }
  MaterializedBytes& materialized() { return *source_.materialized(); }
  const std::shared_ptr<MaterializedBytes>& shared_materialized() { return source_.materialized(); }
  // Counts a tensor; throws ErrorKind::out_of_budget past the limit.
  void count_tensor();
  // Has `check` run by finish(); `path` is the key of what it looks at, for its error.
  void after_reading(std::string path, std::function<void()> check);

  // To be called once, when the pickle has been read and its storages can be opened: checks and completes what
  // depends on the numbers in them, such as the indices of sparse tensors. Throws what they throw.
  void finish();

 private:
  Rebuild rebuild_of(const Value& callable);

  StorageSource& source_;
  const LoadOptions options_;
  uint64_t tensors_ = 0;
  std::vector<std::pair<Value, Rebuild>> recent_;  // names that were called, with what they mean
  NamedStorages storages_;
  std::vector<std::pair<std::string, std::function<void()>>> after_reading_;
};

}  // namespace sconce
