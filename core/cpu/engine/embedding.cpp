// Embeddings as an operator.
#include "cpu/engine/embedding.h"

#include <sconce/error.h>

#include "cpu/engine/split.h"

namespace sconce::engine {
namespace {

constexpr size_t kMostTables = 8;

class Embedding final : public Operator {
 public:
  Embedding(const std::vector<EmbeddingTable>& tables, const Spread* added, const Image& y,
            const isa::Kernels& kernels)
      : tables_(tables),
        has_added_(added != nullptr),
        added_(added ? *added : Spread{}),
        y_(y),
        kernels_(kernels),
        split_(Split::by_cost(y.rows(), y.c, kFloatsOfPiece)) {
    check(!tables.empty() && tables.size() <= kMostTables, "[embedding] expected 1 to ", kMostTables,
          " tables, got ", tables.size());
  }

  int64_t pieces() const override { return split_.pieces(); }
  void run(int64_t begin, int64_t end, const Operands& operands, void*) const override {
    const float* rows[kMostTables + 1];
    for (int64_t i = split_.begin(begin); i < split_.begin(end); ++i) {
      size_t count = 0;
      for (; count < tables_.size(); ++count) {
        const int64_t index = static_cast<const int64_t*>(operands.inputs[count])[i];
        check(index >= 0 && index < tables_[count].count, "index out of range in self");
        rows[count] = tables_[count].rows + index * y_.c;
      }
      if (has_added_) {
        const int64_t x = i % y_.w, line = i / y_.w % y_.h, image = i / (y_.w * y_.h);
        const float* added = operands.in(static_cast<int>(count));
        rows[count++] = added + (image * added_.image + line * added_.line + x * added_.pixel);
      }
      kernels_.tokens->sum_rows(rows, static_cast<int64_t>(count), operands.out(0) + i * y_.pitch, y_.c);
    }
  }

  std::string algorithm() const override { return std::string("embedding ") + kernels_.name; }
  double flops() const override {
    return static_cast<double>(y_.rows() * y_.c) * static_cast<double>(tables_.size());
  }
  double bytes() const override {
    return 4.0 * static_cast<double>(y_.rows() * y_.c) * static_cast<double>(tables_.size() + 1 + has_added_);
  }

 private:
  std::vector<EmbeddingTable> tables_;
  bool has_added_;
  Spread added_;
  Image y_;
  const isa::Kernels& kernels_;
  Split split_;
};

}  // namespace

std::unique_ptr<Operator> make_embedding(const std::vector<EmbeddingTable>& tables, const Spread* added,
                                         const Image& y, const isa::Kernels& kernels) {
  return std::make_unique<Embedding>(tables, added, y, kernels);
}

}  // namespace sconce::engine
