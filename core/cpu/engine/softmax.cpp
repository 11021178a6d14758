// Softmax over channels as an operator.
#include "cpu/engine/softmax.h"

#include "cpu/engine/split.h"
#include "cpu/isa/tokens.h"

namespace sconce::engine {
namespace {

class Softmax final : public Operator {
 public:
  Softmax(const Image& x, const Image& y, bool logarithm, const isa::Kernels& kernels)
      : x_(x),
        y_(y),
        logarithm_(logarithm),
        kernels_(kernels),
        split_(Split::by_cost(x.rows(), 2 * x.c, kFloatsOfPiece)) {}

  int64_t pieces() const override { return split_.pieces(); }
  void run(int64_t begin, int64_t end, const Operands& operands, void*) const override {
    const int64_t first = split_.begin(begin);
    kernels_.tokens->softmax({.x = operands.in(0) + first * x_.pitch,
                              .y = operands.out(0) + first * y_.pitch,
                              .x_pitch = x_.pitch,
                              .y_pitch = y_.pitch,
                              .rows = split_.begin(end) - first,
                              .channels = x_.c},
                             logarithm_);
  }

  std::string algorithm() const override {
    return std::string(logarithm_ ? "log softmax " : "softmax ") + kernels_.name;
  }
  double flops() const override { return 20.0 * static_cast<double>(x_.rows() * x_.c); }
  double bytes() const override { return 8.0 * static_cast<double>(x_.rows() * x_.c); }

 private:
  Image x_, y_;
  bool logarithm_;
  const isa::Kernels& kernels_;
  Split split_;
};

}  // namespace

std::unique_ptr<Operator> make_softmax(const Image& x, const Image& y, bool logarithm,
                                       const isa::Kernels& kernels) {
  return std::make_unique<Softmax>(x, y, logarithm, kernels);
}

}  // namespace sconce::engine
