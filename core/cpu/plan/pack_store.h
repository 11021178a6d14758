// The packed weights of a plan: made once, or found in a file.
#pragma once
#include <string>
#include <vector>

#include "cpu/engine/packs.h"
#include "cpu/plan/arena.h"

namespace sconce::plan {

// Records in order, 64-byte aligned, in blocks of huge pages, with 64 readable bytes behind each.
class PackStore : public engine::Packs {
 public:
  PackStore() = default;
  int64_t bytes() const { return bytes_; }

 private:
  friend class PackedFile;
  struct Made {
    const float* data;
    int64_t count;
  };
  Record reserve(int64_t count) override;

  std::vector<Arena> blocks_;
  std::byte* next_ = nullptr;
  size_t left_ = 0;
  int64_t bytes_ = 0;
  std::vector<Made> records_;
};

}  // namespace sconce::plan
