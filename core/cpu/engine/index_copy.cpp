// Rows put where an index says, in place where source and result are one; and which rows of a cache a token may look at.
#include "cpu/engine/index_copy.h"

#include <sconce/error.h>

#include <algorithm>
#include <cstring>

namespace sconce::engine {
namespace {

class IndexCopy final : public Operator {
 public:
  explicit IndexCopy(const IndexCopyGeometry& g) : g_(g) {}

  // One: where it matters, it moves a few rows.
  int64_t pieces() const override { return 1; }

  void run(int64_t, int64_t, const Operands& operands, void*) const override {
    const float *self = operands.in(0), *source = operands.in(2);
    const auto* index = static_cast<const int64_t*>(operands.inputs[1]);
    float* y = operands.out(0);
    for (int64_t i = 0; i < g_.count; ++i)
      check(index[i] >= 0 && index[i] < g_.rows, "index_copy_(): index ", index[i],
            " is out of bounds for dimension ", g_.dim, " with size ", g_.rows);
    for (int64_t image = 0; image < g_.images; ++image)
      for (int64_t head = 0; head < g_.heads; ++head) {
        const int64_t at = image * g_.image + head * g_.head;
        if (y != self) std::memcpy(y + at, self + at, static_cast<size_t>(g_.rows * g_.size) * sizeof(float));
        const float* from = source + image * g_.source_image + head * g_.source_head;
        for (int64_t i = 0; i < g_.count; ++i)
          std::memcpy(y + at + index[i] * g_.size, from + i * g_.source_row,
                      static_cast<size_t>(g_.size) * sizeof(float));
      }
  }

  std::string algorithm() const override { return "index_copy"; }
  double flops() const override { return 0; }
  double bytes() const override {
    return 8.0 * static_cast<double>(g_.images * g_.heads * g_.count * g_.size);
  }

 private:
  IndexCopyGeometry g_;
};

class PositionMask final : public Operator {
 public:
  PositionMask(int64_t rows, int64_t columns) : rows_(rows), columns_(columns) {}

  int64_t pieces() const override { return 1; }
  void run(int64_t, int64_t, const Operands& operands, void*) const override {
    const auto* positions = static_cast<const int64_t*>(operands.inputs[0]);
    auto* mask = static_cast<uint8_t*>(operands.outputs[0]);
    int64_t most = 1;
    for (int64_t i = 0; i < rows_; ++i, mask += columns_) {
      const int64_t seen = std::clamp<int64_t>(positions[i], -1, columns_ - 1) + 1;
      std::memset(mask, 1, static_cast<size_t>(seen));
      std::memset(mask + seen, 0, static_cast<size_t>(columns_ - seen));
      most = std::max(most, seen);
    }
    *static_cast<int64_t*>(operands.outputs[1]) = most;
  }

  std::string algorithm() const override { return "position mask"; }
  double flops() const override { return 0; }
  double bytes() const override { return static_cast<double>(rows_ * columns_); }

 private:
  int64_t rows_, columns_;
};

}  // namespace

std::unique_ptr<Operator> make_index_copy(const IndexCopyGeometry& geometry) {
  return std::make_unique<IndexCopy>(geometry);
}

std::unique_ptr<Operator> make_position_mask(int64_t rows, int64_t columns) {
  check(rows > 0 && columns > 0, "[le] expected something to do");
  return std::make_unique<PositionMask>(rows, columns);
}

}  // namespace sconce::engine
