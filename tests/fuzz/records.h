// Storages for pickles that come without any: every one that fits is there, and holds small numbers.
#pragma once
#include "pickle.h"
#include "rebuild.h"

#include "fuzz.h"

#include <numeric>

namespace sconce::fuzz {

class Records : public StorageSource {
 public:
  explicit Records(bool swaps)
      : swaps_(swaps), materialized_(std::make_shared<MaterializedBytes>(16 << 20)) {}
  const std::string& file() const override { return name_; }
  const std::shared_ptr<MaterializedBytes>& materialized() const override { return materialized_; }
  bool swaps() const override { return swaps_; }
  Storage open(StorageRequest request) override {
    // The exact length, on the heap, so that a read past it is seen.
    if (request.nbytes > 4096) fail(ErrorKind::corrupt, "the record has another length");
    const Storage out = Storage::allocate(request.nbytes);
    auto* bytes = static_cast<unsigned char*>(out.data());
    for (uint64_t i = 0; i < request.nbytes; ++i)
      bytes[i] = i % 8 == 0 ? static_cast<unsigned char>(i / 8 % 4) : 0;
    return out;
  }

 private:
  const std::string name_ = "fuzz";
  const bool swaps_;
  std::shared_ptr<MaterializedBytes> materialized_;
};

// The value of a checkpoint's pickle.
inline Value read_program(Bytes program, Records& records, const LoadOptions& options) {
  TorchMeaning meaning(records, options);
  PickleReader reader(program, meaning, options.profile, options.budget);
  Value root = reader.read();
  meaning.finish();
  return root;
}

}  // namespace sconce::fuzz
