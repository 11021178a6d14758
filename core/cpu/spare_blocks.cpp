#include "cpu/spare_blocks.h"

#include <cstdlib>

namespace sconce {
namespace {

constexpr size_t alignment = 64, quantum = 64 << 10;

}  // namespace

SpareBlocks::~SpareBlocks() {
  for (const Block& block : blocks_) std::free(block.data);
}

std::shared_ptr<void> SpareBlocks::allocate(size_t bytes) {
  const size_t rounded = ((bytes + alignment) / quantum + 1) * quantum;
  Block block = take(rounded);
  if (!block.data) block = {std::aligned_alloc(alignment, rounded), rounded};
  if (!block.data) return nullptr;
  return {block.data, [spares = weak_from_this(), block](void*) {
            if (const auto alive = spares.lock())
              alive->give_back(block);
            else
              std::free(block.data);
          }};
}

// The newest, which may be in a cache still, of those that fit without waste.
SpareBlocks::Block SpareBlocks::take(size_t bytes) {
  const std::lock_guard lock(mutex_);
  for (size_t i = blocks_.size(); i-- > 0;)
    if (const Block found = blocks_[i]; found.bytes >= bytes && found.bytes <= bytes + bytes / 4) {
      blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(i));
      kept_ -= found.bytes;
      return found;
    }
  return {nullptr, 0};
}

void SpareBlocks::give_back(Block block) {
  std::vector<Block> old;
  {
    const std::lock_guard lock(mutex_);
    blocks_.push_back(block);
    kept_ += block.bytes;
    while (kept_ > most_) {
      old.push_back(blocks_.front());
      kept_ -= blocks_.front().bytes;
      blocks_.erase(blocks_.begin());
    }
  }
  for (const Block& b : old) std::free(b.data);
}

}  // namespace sconce
