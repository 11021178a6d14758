// Runs the cases that fixtures/make_engine.py records with real PyTorch.
#pragma once
#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "support/support.h"

namespace sconce::test {

// A case's input tensor on the CPU; undefined where it is null or absent.
inline Tensor input_of(const nlohmann::json& c, const char* name) {
  const auto& inputs = c.at("inputs");
  if (!inputs.contains(name) || inputs.at(name).is_null()) return {};
  const Tensor t = tensor_from(inputs.at(name));
  return c.contains("as") ? t.to(parse_dtype(c.at("as").get<std::string>()).value()) : t;
}

// A case's argument, or the default.
template <class T>
T arg_of(const nlohmann::json& c, const char* name, T otherwise) {
  const auto& args = c.at("args");
  return args.contains(name) && !args.at(name).is_null() ? args.at(name).get<T>() : otherwise;
}

// What rounding once costs, at the largest value. The truth of f64 cases is itself f64, summed in another
// order.
inline double rounding_of(DType dtype, double magnitude) {
  switch (dtype) {
    case DType::f64:
    case DType::complex128: return 16 * std::numeric_limits<double>::epsilon() * magnitude;
    case DType::f32:
    case DType::complex64: return std::numeric_limits<float>::epsilon() * magnitude;
    case DType::f16: return std::ldexp(magnitude, -10);
    case DType::bf16: return std::ldexp(magnitude, -7);
    default: return 0;
  }
}

// Exactly PyTorch's result, or, where the case has a float64 truth, an error of at most twice PyTorch's own
// and one rounding.
inline void check_result(const nlohmann::json& c, const Tensor& result) {
  Tensor expected = tensor_from(c.at("expected"));
  if (c.contains("as")) expected = expected.to(parse_dtype(c.at("as").get<std::string>()).value());
  REQUIRE(result.shape() == expected.shape());
  REQUIRE(result.dtype() == expected.dtype());
  if (!c.contains("truth")) {
    CHECK(bit_equal(result, expected));
    return;
  }
  const Tensor truth = tensor_from(c.at("truth"));
  const double own = max_difference(expected, truth);
  const double magnitude = c.value("scale", max_magnitude(truth));
  const double rounding = std::isfinite(magnitude) ? rounding_of(result.dtype(), magnitude) : 0;
  CHECK(max_difference(result, truth) <= 2 * own + rounding);
}

// Runs every case of a fixture file: `run` gives the result of one, or throws what the case says.
inline void run_cases(const std::string& file, const std::function<Tensor(const nlohmann::json&)>& run) {
  const nlohmann::json cases = json_fixture(file);
  CHECK(cases.size() > 0);
  for (const auto& c : cases) {
    const std::string name = c.at("name").get<std::string>();
    CAPTURE(name);
    std::string thrown = "nothing";
    Tensor result;
    try {
      result = run(c);
    } catch (const Error& e) {
      thrown = e.what();
    }
    if (c.contains("throws")) {
      CHECK(thrown == c.at("throws").get<std::string>());
    } else {
      REQUIRE(thrown == "nothing");
      check_result(c, result);
    }
  }
}

}  // namespace sconce::test
