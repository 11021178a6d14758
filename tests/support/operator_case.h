// Running an engine's operator in tests: on guarded memory, whole and piece by piece, and beside PyTorch's own errors.
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/engine/packs.h"
#include "cpu/isa_choice.h"
#include "support/seeded.h"
#include "support/support.h"

namespace sconce::test {

// Seeded numbers in [-1.7, 1.7).
inline std::vector<float> numbers(const std::string& name, int64_t count) {
  std::vector<float> v(static_cast<size_t>(count));
  const uint64_t hash = fnv1a(name);
  for (size_t i = 0; i < v.size(); ++i) v[i] = static_cast<float>((2 * seeded_uniform(hash, i) - 1) * 1.7);
  return v;
}

// Rows in memory whose other floats are poison: NaN where inputs are read, and what must not change where outputs are written.
class Rows {
 public:
  Rows(int64_t rows, int64_t channels, int64_t pitch) : rows_(rows), channels_(channels), pitch_(pitch) {
    floats_.assign(static_cast<size_t>(kGuard + rows * pitch + kGuard),
                   std::numeric_limits<float>::quiet_NaN());
  }
  Rows(const std::vector<float>& values, int64_t rows, int64_t channels, int64_t pitch)
      : Rows(rows, channels, pitch) {
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < channels; ++c) at(r, c) = values[static_cast<size_t>(r * channels + c)];
  }
  float* data() { return floats_.data() + kGuard; }
  float& at(int64_t r, int64_t c) { return data()[r * pitch_ + c]; }
  std::vector<float> values() {
    std::vector<float> v;
    for (int64_t r = 0; r < rows_; ++r)
      for (int64_t c = 0; c < channels_; ++c) v.push_back(at(r, c));
    return v;
  }
  // Nothing was written outside of the rows.
  bool guarded() {
    const Rows fresh(rows_, channels_, pitch_);
    for (size_t i = 0; i < floats_.size(); ++i) {
      const int64_t place = static_cast<int64_t>(i) - kGuard;
      const bool inside = place >= 0 && place < rows_ * pitch_ && place % pitch_ < channels_;
      if (!inside && std::memcmp(&floats_[i], &fresh.floats_[i], sizeof(float)) != 0) return false;
    }
    return true;
  }

 private:
  static constexpr int64_t kGuard = 32;
  int64_t rows_, channels_, pitch_;
  std::vector<float> floats_;
};

// Packs on the heap, 64-byte aligned, with NaN behind each record.
class VectorPacks final : public engine::Packs {
 private:
  Record reserve(int64_t count) override {
    records_.push_back(
        std::vector<float>(static_cast<size_t>(count) + 32, std::numeric_limits<float>::quiet_NaN()));
    auto address = reinterpret_cast<uintptr_t>(records_.back().data());
    return {reinterpret_cast<float*>((address + 63) / 64 * 64), false};
  }
  std::vector<std::vector<float>> records_;
};

// Runs all pieces; `backwards` one by one from the last, with scratch memory full of NaN each time.
inline void run(const engine::Operator& op, const std::vector<const void*>& inputs,
                const std::vector<void*>& outputs, bool backwards = false) {
  std::vector<float> scratch(static_cast<size_t>(op.scratch_bytes() / 4 + 32),
                             std::numeric_limits<float>::quiet_NaN());
  void* aligned = reinterpret_cast<void*>((reinterpret_cast<uintptr_t>(scratch.data()) + 63) / 64 * 64);
  const engine::Operands operands{inputs.data(), outputs.data()};
  if (!backwards) return op.run(0, op.pieces(), operands, aligned);
  for (int64_t piece = op.pieces() - 1; piece >= 0; --piece) {
    std::fill(scratch.begin(), scratch.end(), std::numeric_limits<float>::quiet_NaN());
    op.run(piece, piece + 1, operands, aligned);
  }
}

// Relative error in the L2 sense; infinity if anything is not finite.
inline double relative_error(const std::vector<float>& values, const std::vector<double>& truth) {
  double difference = 0, magnitude = 0;
  for (size_t i = 0; i < truth.size(); ++i) {
    const double d = static_cast<double>(values[i]) - truth[i];
    if (!std::isfinite(d)) return std::numeric_limits<double>::infinity();
    difference += d * d, magnitude += truth[i] * truth[i];
  }
  return std::sqrt(difference / magnitude);
}

// The truth agrees with PyTorch's float64 samples, and the values' error is at most twice that of PyTorch's own f32 kernels.
inline void check_beside_torch(const std::string& name, const std::vector<float>& values,
                               const std::vector<double>& truth) {
  static const nlohmann::json cases = json_fixture("token_errors.json");
  CAPTURE(name);
  const auto& c = cases.at(name);
  const auto& samples = c.at("samples");
  for (size_t i = 0; i < samples.size(); ++i)
    CHECK(truth[i * c.at("step").get<size_t>()] == doctest::Approx(samples[i].get<double>()).epsilon(1e-9));
  CHECK(relative_error(values, truth) <= 2 * c.at("error").get<double>());
}

}  // namespace sconce::test
