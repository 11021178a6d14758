// Packed weights in plain memory, for tests of single operators.
#pragma once
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "cpu/engine/operator.h"
#include "cpu/engine/packs.h"

namespace sconce::test {

struct Freed {
  void operator()(void* p) const { std::free(p); }
};

// `count` floats on a line boundary, with the 64 readable bytes behind them that kernels may touch.
inline std::unique_ptr<float, Freed> aligned_floats(int64_t count) {
  const auto bytes = (static_cast<size_t>(count) * sizeof(float) + 127) / 64 * 64;
  return std::unique_ptr<float, Freed>(static_cast<float*>(std::aligned_alloc(64, bytes)));
}

class HeapPacks final : public engine::Packs {
 private:
  Record reserve(int64_t count) override {
    held_.push_back(aligned_floats(count));
    return {held_.back().get(), false};
  }
  std::vector<std::unique_ptr<float, Freed>> held_;
};

// Runs all of an operator's pieces, a few at a time.
inline void run_all(const engine::Operator& op, const std::vector<const void*>& inputs,
                    const std::vector<void*>& outputs, int64_t at_once = 3) {
  const auto scratch = aligned_floats(op.scratch_bytes() / 4 + 16);
  const engine::Operands operands{inputs.data(), outputs.data()};
  for (int64_t p = 0; p < op.pieces(); p += at_once)
    op.run(p, std::min(p + at_once, op.pieces()), operands, scratch.get());
}

}  // namespace sconce::test
