// The packed weights of a plan: made once, or found in a file.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cpu/engine/packs.h"
#include "cpu/plan/arena.h"

namespace sconce::plan {

class PackedFile;

// Records in order, 64-byte aligned, in blocks of huge pages, with 64 readable bytes behind each.
class PackStore : public engine::Packs {
 public:
  struct Made {
    const float* data;
    int64_t count;
  };

  PackStore();
  // Gives the records of a file, as long as they are asked for in their order and sizes. Throws ErrorKind::mismatch from add() where they
  // are not.
  explicit PackStore(std::unique_ptr<PackedFile> file);
  ~PackStore() override;

  // Of all records, with the space between them.
  int64_t bytes() const { return bytes_; }
  const std::vector<Made>& records() const { return records_; }
  // Whether every record of the file was asked for. True without a file.
  bool used_all() const;

 private:
  Record reserve(int64_t count) override;

  std::unique_ptr<PackedFile> file_;
  std::vector<Arena> blocks_;
  std::byte* next_ = nullptr;
  size_t left_ = 0;
  int64_t bytes_ = 0;
  std::vector<Made> records_;
};

}  // namespace sconce::plan
