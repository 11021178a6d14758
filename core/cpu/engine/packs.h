// Memory for packed weights.
#pragma once
#include <cstddef>
#include <cstdint>

namespace sconce::engine {

// Gives operators room for what they prepare once. A plan that was read from a file gives the same records in the same order, already
// filled; so operators fill through it, and never look at how they got the bytes.
class Packs {
 public:
  virtual ~Packs() = default;

  // `count` floats, 64-byte aligned, with 64 readable bytes behind them, that live as long as the plan. fill(pointer) writes all of them
  // and is called at once, or not at all when they are there already.
  template <class Fill>
  const float* add(int64_t count, Fill&& fill) {
    const Record record = reserve(count);
    if (!record.filled) fill(record.data);
    return record.data;
  }

 protected:
  struct Record {
    float* data;
    bool filled;
  };
  virtual Record reserve(int64_t count) = 0;
};

}  // namespace sconce::engine
