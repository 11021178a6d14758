// What the fixtures of make_nn_zoo.py are made of, and how a result is held against them.
#pragma once
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "support/seeded.h"
#include "support/support.h"

namespace sconce::test {

// The same numbers as make_nn_zoo.py's tokens().
inline Tensor zoo_tokens(int64_t below, const Shape& shape) {
  const Tensor u = seeded("input", shape);
  Tensor out = empty(shape, DType::i64);
  for (int64_t i = 0; i < u.numel(); ++i) {
    const float scaled =
        (u.data<float>()[i] / 1.7f + 1.0f) * static_cast<float>(0.5 * static_cast<double>(below));
    out.mutable_data<int64_t>()[i] = std::clamp<int64_t>(static_cast<int64_t>(scaled), 0, below - 1);
  }
  return out;
}

// 64 results at equal distances, and the sum of all magnitudes, within 1e-5 of the largest result. On any device.
inline void check_summary(const Tensor& got, const nlohmann::json& expected) {
  CAPTURE(expected.at("name").get<std::string>());
  REQUIRE(got.shape() == Shape(expected.at("shape").get<std::vector<int64_t>>()));
  const Tensor flat = got.to(cpu).contiguous().flatten().to(DType::f64);
  const auto values = expected.at("values").get<std::vector<double>>();
  const auto count = static_cast<int64_t>(values.size()), n = flat.numel();
  const double largest = expected.at("largest").get<double>();
  double difference = 0, magnitudes = 0;
  for (int64_t i = 0; i < n; ++i) magnitudes += std::abs(flat.data<double>()[i]);
  for (int64_t i = 0; i < count; ++i)
    difference =
        std::max(difference, std::abs(flat.data<double>()[i * n / count] - values[static_cast<size_t>(i)]));
  CAPTURE(difference / largest);
  CHECK(difference <= 1e-5 * largest);
  CHECK(std::abs(magnitudes - expected.at("magnitudes").get<double>()) <=
        1e-5 * largest * static_cast<double>(n));
}

}  // namespace sconce::test
