#include "cpu/plan/strided_copy.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace sconce::plan {
namespace {

// A dimension of the loop nest, distances in bytes.
struct Loop {
  int64_t extent, from, to;
};

// The loops, outermost first, those that go on where another ends made one.
std::vector<Loop> loops_of(const Tensor& from, const Tensor& to) {
  const auto item = static_cast<int64_t>(size_of(to.dtype()));
  std::vector<Loop> loops;
  for (int64_t d = 0; d < to.dim(); ++d)
    if (to.size(d) != 1) loops.push_back({to.size(d), from.stride(d) * item, to.stride(d) * item});
  // Writing in order matters more than reading in order.
  std::stable_sort(loops.begin(), loops.end(), [](const Loop& a, const Loop& b) { return a.to > b.to; });
  std::vector<Loop> merged;
  for (const Loop& l : loops) {
    if (!merged.empty() && merged.back().from == l.extent * l.from && merged.back().to == l.extent * l.to)
      merged.back() = {merged.back().extent * l.extent, l.from, l.to};
    else
      merged.push_back(l);
  }
  return merged;
}

template <class T>
void copy_row(const std::byte* from, std::byte* to, int64_t count, int64_t from_step, int64_t to_step) {
  for (int64_t i = 0; i < count; ++i) std::memcpy(to + i * to_step, from + i * from_step, sizeof(T));
}

class StridedCopy final : public engine::Operator {
 public:
  StridedCopy(const Tensor& from, const Tensor& to)
      : item_(static_cast<int64_t>(size_of(to.dtype()))), elements_(to.numel()) {
    std::vector<Loop> loops = loops_of(from, to);
    if (loops.empty()) loops.push_back({1, item_, item_});
    inner_ = loops.back();
    loops.pop_back();
    outer_ = std::move(loops);
    for (const Loop& l : outer_) rows_ *= l.extent;
    if (elements_ == 0) rows_ = 0;
    rows_each_ = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, inner_.extent));
  }

  int64_t pieces() const override { return (rows_ + rows_each_ - 1) / rows_each_; }
  void run(int64_t begin, int64_t end, const engine::Operands& operands, void*) const override {
    const auto* from = static_cast<const std::byte*>(operands.inputs[0]);
    auto* to = static_cast<std::byte*>(operands.outputs[0]);
    const int64_t last = std::min(end * rows_each_, rows_);
    for (int64_t row = begin * rows_each_; row < last; ++row) {
      int64_t rest = row, a = 0, b = 0;
      for (size_t d = outer_.size(); d-- > 0;) {
        const int64_t i = rest % outer_[d].extent;
        rest /= outer_[d].extent;
        a += i * outer_[d].from, b += i * outer_[d].to;
      }
      copy_one(from + a, to + b);
    }
  }
  std::string algorithm() const override { return "copy"; }
  double flops() const override { return 0; }
  double bytes() const override { return 2.0 * static_cast<double>(elements_ * item_); }

 private:
  void copy_one(const std::byte* from, std::byte* to) const {
    const int64_t n = inner_.extent;
    if (inner_.from == item_ && inner_.to == item_) {
      std::memcpy(to, from, static_cast<size_t>(n * item_));
      return;
    }
    switch (item_) {
      case 1: return copy_row<uint8_t>(from, to, n, inner_.from, inner_.to);
      case 2: return copy_row<uint16_t>(from, to, n, inner_.from, inner_.to);
      case 4: return copy_row<uint32_t>(from, to, n, inner_.from, inner_.to);
      case 8: return copy_row<uint64_t>(from, to, n, inner_.from, inner_.to);
      default: return copy_row<std::array<uint64_t, 2>>(from, to, n, inner_.from, inner_.to);
    }
  }

  int64_t item_, elements_, rows_ = 1, rows_each_ = 1;
  Loop inner_{};
  std::vector<Loop> outer_;
};

class Fill final : public engine::Operator {
 public:
  Fill(const Tensor& to, float value) : value_(value), elements_(to.numel()) {
    std::vector<Loop> loops = loops_of(to, to);
    if (loops.empty()) loops.push_back({1, 4, 4});
    inner_ = loops.back();
    loops.pop_back();
    outer_ = std::move(loops);
    for (const Loop& l : outer_) rows_ *= l.extent;
    if (elements_ == 0) rows_ = 0;
  }

  int64_t pieces() const override { return rows_ > 0 ? 1 : 0; }
  void run(int64_t, int64_t, const engine::Operands& operands, void*) const override {
    auto* to = static_cast<std::byte*>(operands.outputs[0]);
    for (int64_t row = 0; row < rows_; ++row) {
      int64_t rest = row, at = 0;
      for (size_t d = outer_.size(); d-- > 0;)
        at += rest % outer_[d].extent * outer_[d].to, rest /= outer_[d].extent;
      for (int64_t i = 0; i < inner_.extent; ++i)
        std::memcpy(to + at + i * inner_.to, &value_, sizeof(value_));
    }
  }
  std::string algorithm() const override { return "fill"; }
  double flops() const override { return 0; }
  double bytes() const override { return 4.0 * static_cast<double>(elements_); }

 private:
  float value_;
  int64_t elements_, rows_ = 1;
  Loop inner_{};
  std::vector<Loop> outer_;
};

}  // namespace

std::unique_ptr<engine::Operator> make_strided_copy(const Tensor& from, const Tensor& to) {
  return std::make_unique<StridedCopy>(from, to);
}

std::unique_ptr<engine::Operator> make_fill(const Tensor& to, float value) {
  return std::make_unique<Fill>(to, value);
}

}  // namespace sconce::plan
