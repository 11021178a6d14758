// Elementwise operators: how the result's pixels are walked while operands broadcast.
#include "cpu/engine/elementwise.h"

#include "cpu/engine/split.h"

namespace sconce::engine {
namespace {

const char* name_of(isa::Binary op) {
  constexpr const char* kNames[] = {"add", "sub", "mul", "div", "max", "min"};
  return kNames[static_cast<int>(op)];
}

// Lines and images that follow each other evenly are one line.
void merge(Image& y, Spread& a, Spread& b) {
  const auto even = [](int64_t outer, int64_t inner, int64_t count) {
    return count == 1 || outer == inner * count;
  };
  if (even(a.line, a.pixel, y.w) && even(b.line, b.pixel, y.w)) {
    y.w *= y.h, y.h = 1;
    a.line = b.line = 0;
    if (even(a.image, a.pixel, y.w) && even(b.image, b.pixel, y.w)) y.w *= y.n, y.n = 1;
  }
}

class BinaryOperator final : public Operator {
 public:
  BinaryOperator(isa::Binary op, const Spread& a, const Spread& b, float alpha, const Image& y,
                 isa::Activation activation, const isa::Kernels& kernels)
      : op_(op), a_(a), b_(b), alpha_(alpha), y_(y), activation_(activation), kernels_(kernels) {
    total_ = y.rows() * y.c;
    bytes_ = 4.0 * static_cast<double>(total_) * (1 + (a.pixel > 0) + (b.pixel > 0));
    merge(y_, a_, b_);
    // Everything adjacent: one row, cut anywhere.
    const auto adjacent = [&](const Spread& s) { return s.channels ? s.pixel == y_.c : s.pixel == 0; };
    flat_ = y_.n == 1 && y_.h == 1 && y_.pitch == y_.c && adjacent(a_) && adjacent(b_);
    split_ = flat_ ? Split::by_cost(y_.w * y_.c, 1, kFloatsOfPiece)
                   : Split::by_cost(y_.rows(), y_.c, kFloatsOfPiece);
  }

  int64_t pieces() const override { return split_.pieces(); }
  void run(int64_t begin, int64_t end, const Operands& operands, void*) const override {
    const int64_t first = split_.begin(begin), last = split_.begin(end);
    const float* a = a_.is_number ? &a_.number : operands.in(0);
    const float* b = b_.is_number ? &b_.number : operands.in(1);
    isa::BinaryCall call{.a = a,
                         .b = b,
                         .y = operands.out(0),
                         .a_pitch = a_.pixel,
                         .b_pitch = b_.pixel,
                         .y_pitch = y_.pitch,
                         .rows = 1,
                         .channels = y_.c,
                         .a_channels = a_.channels,
                         .b_channels = b_.channels,
                         .alpha = alpha_,
                         .op = op_,
                         .activation = activation_};
    if (flat_) {
      call.a += a_.channels ? first : 0;
      call.b += b_.channels ? first : 0;
      call.y += first;
      call.channels = last - first;
      return kernels_.tokens->binary(call);
    }
    for (int64_t pixel = first; pixel < last; pixel += call.rows) {
      const int64_t x = pixel % y_.w, line = pixel / y_.w % y_.h, image = pixel / (y_.w * y_.h);
      call.rows = std::min(y_.w - x, last - pixel);
      call.a = a + (image * a_.image + line * a_.line + x * a_.pixel);
      call.b = b + (image * b_.image + line * b_.line + x * b_.pixel);
      call.y = operands.out(0) + pixel * y_.pitch;
      kernels_.tokens->binary(call);
    }
  }

  std::string algorithm() const override { return std::string(name_of(op_)) + " " + kernels_.name; }
  double flops() const override { return static_cast<double>(total_); }
  double bytes() const override { return bytes_; }

 private:
  isa::Binary op_;
  Spread a_, b_;
  float alpha_;
  Image y_;
  isa::Activation activation_;
  const isa::Kernels& kernels_;
  bool flat_ = false;
  int64_t total_ = 0;
  double bytes_ = 0;
  Split split_;
};

// Rows of one input, each by itself.
template <class Op, void (*isa::TokensKernels::*Kernel)(const isa::RowsCall&, Op)>
class UnaryOperator final : public Operator {
 public:
  UnaryOperator(Op op, const Image& x, const Image& y, const char* name, const isa::Kernels& kernels)
      : op_(op),
        x_(x),
        y_(y),
        name_(name),
        kernels_(kernels),
        flat_(x.pitch == x.c && y.pitch == y.c),
        split_(Split::by_cost(flat_ ? y.rows() * y.c : y.rows(), flat_ ? 2 : 2 * y.c, kFloatsOfPiece)) {}

  int64_t pieces() const override { return split_.pieces(); }
  void run(int64_t begin, int64_t end, const Operands& operands, void*) const override {
    const int64_t first = split_.begin(begin), count = split_.begin(end) - first;
    (kernels_.tokens->*Kernel)({.x = operands.in(0) + first * (flat_ ? 1 : x_.pitch),
                                .y = operands.out(0) + first * (flat_ ? 1 : y_.pitch),
                                .x_pitch = x_.pitch,
                                .y_pitch = y_.pitch,
                                .rows = flat_ ? 1 : count,
                                .channels = flat_ ? count : y_.c},
                               op_);
  }

  std::string algorithm() const override { return std::string(name_) + " " + kernels_.name; }
  double flops() const override { return static_cast<double>(y_.rows() * y_.c); }
  double bytes() const override { return 8 * flops(); }

 private:
  Op op_;
  Image x_, y_;
  const char* name_;
  const isa::Kernels& kernels_;
  bool flat_;
  Split split_;
};

}  // namespace

std::unique_ptr<Operator> make_binary(isa::Binary op, const Spread& a, const Spread& b, float alpha,
                                      const Image& y, isa::Activation activation,
                                      const isa::Kernels& kernels) {
  return std::make_unique<BinaryOperator>(op, a, b, alpha, y, activation, kernels);
}

std::unique_ptr<Operator> make_unary(isa::Unary op, const Image& x, const Image& y,
                                     const isa::Kernels& kernels) {
  return std::make_unique<UnaryOperator<isa::Unary, &isa::TokensKernels::unary>>(op, x, y, "unary", kernels);
}
std::unique_ptr<Operator> make_activation(isa::Activation activation, const Image& x, const Image& y,
                                          const isa::Kernels& kernels) {
  return std::make_unique<UnaryOperator<isa::Activation, &isa::TokensKernels::activation>>(
      activation, x, y, "activation", kernels);
}

}  // namespace sconce::engine
