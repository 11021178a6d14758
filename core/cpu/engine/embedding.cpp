// Rows of a table by their numbers.
#include "cpu/engine/embedding.h"

#include <sconce/error.h>

#include <algorithm>

#include "cpu/engine/split.h"

namespace sconce::engine {
namespace {

class Embedding final : public Operator {
 public:
  Embedding(const float* table, int64_t count, const Image& y)
      : table_(table), count_(count), y_(y), split_(Split::by_cost(y.rows(), y.c, kFloatsOfPiece)) {}

  int64_t pieces() const override { return split_.pieces(); }
  void run(int64_t begin, int64_t end, const Operands& operands, void*) const override {
    const auto* indices = static_cast<const int64_t*>(operands.inputs[0]);
    for (int64_t i = split_.begin(begin); i < split_.begin(end); ++i) {
      check(indices[i] >= 0 && indices[i] < count_, "index out of range in self");
      std::copy_n(table_ + indices[i] * y_.c, y_.c, operands.out(0) + i * y_.pitch);
    }
  }

  std::string algorithm() const override { return "embedding"; }
  double flops() const override { return 0; }
  double bytes() const override { return 8.0 * static_cast<double>(y_.rows() * y_.c); }

 private:
  const float* table_;
  int64_t count_;
  Image y_;
  Split split_;
};

}  // namespace

std::unique_ptr<Operator> make_embedding(const float* table, int64_t count, const Image& y) {
  return std::make_unique<Embedding>(table, count, y);
}

}  // namespace sconce::engine
