// Large blocks of memory that tensors have let go of, kept for the next ones: a page that is touched first costs more than the work on it.
#pragma once
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

namespace sconce {

// Owns what it keeps, at most `most` bytes of it; what was kept longest goes first. Any thread.
class SpareBlocks : public std::enable_shared_from_this<SpareBlocks> {
 public:
  explicit SpareBlocks(size_t most) : most_(most) {}
  ~SpareBlocks();
  SpareBlocks(const SpareBlocks&) = delete;
  SpareBlocks& operator=(const SpareBlocks&) = delete;

  // 64-byte aligned; null when there is no memory. It comes back here when the last handle is gone.
  std::shared_ptr<void> allocate(size_t bytes);

 private:
  struct Block {
    void* data;
    size_t bytes;
  };
  Block take(size_t bytes);
  void give_back(Block block);

  const size_t most_;
  std::mutex mutex_;
  std::vector<Block> blocks_;  // oldest first
  size_t kept_ = 0;
};

}  // namespace sconce
