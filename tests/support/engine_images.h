// Engine operators on poisoned memory: what lies around the given channels and rows is NaN to read, and checked after writing.
#pragma once
#include <sconce/ops/create.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "support/packs.h"
#include "support/seeded.h"

namespace sconce::test {

// An image in memory of its own, with lines of poison before and behind it and between its pixels' channels.
class PlacedImage {
 public:
  static constexpr int64_t guard = 32;
  static constexpr float untouched = 777.25f;

  // To be written.
  PlacedImage(int64_t n, int64_t h, int64_t w, int64_t c, int64_t pitch) : image{n, h, w, c, pitch} {
    fill(untouched);
  }
  // To be read.
  PlacedImage(const Tensor& planes, int64_t pitch)
      : image{planes.size(0), planes.size(2), planes.size(3), planes.size(1), pitch} {
    fill(std::numeric_limits<float>::quiet_NaN());
    const float* from = planes.data<float>();
    for_each([&](int64_t plane, int64_t at) { data()[at] = from[plane]; });
  }

  float* data() { return memory_.get() + guard; }
  Tensor planes() {
    Tensor t = empty({image.n, image.c, image.h, image.w});
    for_each([&](int64_t plane, int64_t at) { t.mutable_data<float>()[plane] = data()[at]; });
    return t;
  }
  // Whether all but the channels of its pixels is as it was.
  bool clean() {
    for_each([&](int64_t, int64_t at) { data()[at] = untouched; });
    for (int64_t i = 0; i < size(); ++i)
      if (memory_.get()[i] != untouched) return false;
    return true;
  }

  const engine::Image image;

 private:
  int64_t size() const { return image.rows() * image.pitch + 2 * guard; }
  void fill(float value) {
    memory_ = aligned_floats(size());
    for (int64_t i = 0; i < size(); ++i) memory_.get()[i] = value;
  }
  template <class F>
  void for_each(F f) const {
    for (int64_t n = 0; n < image.n; ++n)
      for (int64_t c = 0; c < image.c; ++c)
        for (int64_t i = 0; i < image.h * image.w; ++i)
          f((n * image.c + c) * image.h * image.w + i, (n * image.h * image.w + i) * image.pitch + c);
  }
  std::unique_ptr<float, Freed> memory_;
};

// Runs the pieces one by one from the last to the first, on scratch memory full of NaN.
inline void run_backwards(const engine::Operator& op, std::vector<const void*> inputs,
                          std::vector<void*> outputs) {
  const auto scratch = aligned_floats(op.scratch_bytes() / 4 + 16);
  std::memset(scratch.get(), 0xff, static_cast<size_t>(op.scratch_bytes()));
  for (int64_t piece = op.pieces(); piece-- > 0;)
    op.run(piece, piece + 1, {inputs.data(), outputs.data()}, scratch.get());
}

// Whole numbers of -limit .. limit, by name.
inline Tensor whole_numbers(std::string_view name, const Shape& shape, int limit) {
  Tensor t = empty(shape);
  const uint64_t hash = fnv1a(name);
  for (int64_t i = 0; i < t.numel(); ++i)
    t.mutable_data<float>()[i] = static_cast<float>(
        std::floor(seeded_uniform(hash, static_cast<uint64_t>(i)) * (2 * limit + 1)) - limit);
  return t;
}

// How many elements differ; NaN equals NaN.
inline int64_t differences(const Tensor& got, const Tensor& expected) {
  const Tensor want = expected.to(DType::f32).contiguous();
  if (got.numel() != want.numel()) return got.numel() + want.numel();
  int64_t count = 0;
  for (int64_t i = 0; i < got.numel(); ++i) {
    const float a = got.data<float>()[i], b = want.data<float>()[i];
    count += a != b && !(std::isnan(a) && std::isnan(b));
  }
  return count;
}

// Root of the mean square of got - expected, over that of expected.
inline double relative_error(const Tensor& got, const Tensor& expected) {
  const Tensor want = expected.to(DType::f64).contiguous();
  double error = 0, size = 0;
  for (int64_t i = 0; i < got.numel(); ++i) {
    const double a = static_cast<double>(got.data<float>()[i]), b = want.data<double>()[i];
    error += (a - b) * (a - b);
    size += b * b;
  }
  return std::sqrt(error / size);
}

}  // namespace sconce::test
