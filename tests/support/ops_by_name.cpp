#include "support/ops_by_name.h"

#include <sconce/ops.h>

#include <cmath>
#include <limits>
#include <sstream>

namespace sconce::test {

const std::map<std::string, std::function<Tensor(const Tensor&)>>& unary_ops() {
  static const std::map<std::string, std::function<Tensor(const Tensor&)>> ops = {
      {"neg", neg},
      {"abs", static_cast<Tensor (*)(const Tensor&)>(abs)},
      {"square", square},
      {"sign", sign},
      {"floor", static_cast<Tensor (*)(const Tensor&)>(floor)},
      {"ceil", static_cast<Tensor (*)(const Tensor&)>(ceil)},
      {"round", static_cast<Tensor (*)(const Tensor&)>(round)},
      {"exp", static_cast<Tensor (*)(const Tensor&)>(exp)},
      {"log", static_cast<Tensor (*)(const Tensor&)>(log)},
      {"log1p", static_cast<Tensor (*)(const Tensor&)>(log1p)},
      {"expm1", static_cast<Tensor (*)(const Tensor&)>(expm1)},
      {"sqrt", static_cast<Tensor (*)(const Tensor&)>(sqrt)},
      {"rsqrt", rsqrt},
      {"reciprocal", reciprocal},
      {"sin", static_cast<Tensor (*)(const Tensor&)>(sin)},
      {"cos", static_cast<Tensor (*)(const Tensor&)>(cos)},
      {"tanh", static_cast<Tensor (*)(const Tensor&)>(tanh)},
      {"erf", static_cast<Tensor (*)(const Tensor&)>(erf)},
      {"isnan", static_cast<Tensor (*)(const Tensor&)>(isnan)},
      {"isinf", static_cast<Tensor (*)(const Tensor&)>(isinf)},
      {"isfinite", isfinite},
      {"logical_not", logical_not},
      {"bitwise_not", bitwise_not},
      {"sigmoid", sigmoid},
      {"relu", relu},
      {"relu6", relu6},
      {"silu", silu},
      {"mish", mish},
      {"hardswish", hardswish},
      {"hardsigmoid", hardsigmoid},
      {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }},
      {"leaky_relu(0.2)", [](const Tensor& x) { return leaky_relu(x, 0.2); }},
      {"elu", [](const Tensor& x) { return elu(x); }},
      {"elu(0.5)", [](const Tensor& x) { return elu(x, 0.5); }},
      {"gelu", [](const Tensor& x) { return gelu(x); }},
      {"gelu_tanh", [](const Tensor& x) { return gelu(x, "tanh"); }},
      {"hardtanh", [](const Tensor& x) { return hardtanh(x); }},
      {"hardtanh(-0.5,2.5)", [](const Tensor& x) { return hardtanh(x, -0.5, 2.5); }},
      {"softplus", [](const Tensor& x) { return softplus(x); }},
      {"softplus(2,1)", [](const Tensor& x) { return softplus(x, 2, 1); }},
      {"clamp(1,2)", [](const Tensor& x) { return clamp(x, 1, 2); }},
      {"clamp(0.5,1.5)", [](const Tensor& x) { return clamp(x, 0.5, 1.5); }},
      {"clamp(min=2)", [](const Tensor& x) { return clamp(x, 2); }},
      {"clamp(max=-1)", [](const Tensor& x) { return clamp(x, {}, -1); }},
      {"clamp(3,1)", [](const Tensor& x) { return clamp(x, 3, 1); }},
  };
  return ops;
}

const std::map<std::string, std::function<Tensor(const Tensor&, const Tensor&)>>& binary_ops() {
  using T = const Tensor&;
  static const std::map<std::string, std::function<Tensor(const Tensor&, const Tensor&)>> ops = {
      {"add", [](T a, T b) { return a + b; }},
      {"sub", [](T a, T b) { return a - b; }},
      {"mul", [](T a, T b) { return a * b; }},
      {"div", [](T a, T b) { return a / b; }},
      {"pow", [](T a, T b) { return pow(a, b); }},
      {"maximum", maximum},
      {"minimum", minimum},
      {"remainder", [](T a, T b) { return remainder(a, b); }},
      {"fmod", [](T a, T b) { return fmod(a, b); }},
      {"logical_and", logical_and},
      {"logical_or", logical_or},
      {"logical_xor", logical_xor},
      {"bitwise_and", bitwise_and},
      {"bitwise_or", bitwise_or},
      {"bitwise_xor", bitwise_xor},
      {"div(floor)", [](T a, T b) { return div(a, b, "floor"); }},
      {"div(trunc)", [](T a, T b) { return div(a, b, "trunc"); }},
      {"add(alpha=2)", [](T a, T b) { return add(a, b, 2); }},
      {"sub(alpha=2)", [](T a, T b) { return sub(a, b, 2); }},
  };
  return ops;
}

const std::map<std::string, std::function<Tensor(const Tensor&, const Scalar&)>>& number_ops() {
  using T = const Tensor&;
  using S = const Scalar&;
  static const std::map<std::string, std::function<Tensor(const Tensor&, const Scalar&)>> ops = {
      {"add", [](T a, S s) { return a + s; }},
      {"sub", [](T a, S s) { return a - s; }},
      {"mul", [](T a, S s) { return s * a; }},
      {"div", [](T a, S s) { return a / s; }},
      {"pow", [](T a, S s) { return pow(a, s); }},
      {"remainder", [](T a, S s) { return remainder(a, s); }},
      {"fmod", [](T a, S s) { return fmod(a, s); }},
      {"rsub", [](T a, S s) { return s - a; }},
      {"rdiv", [](T a, S s) { return s / a; }},
      {"rpow", [](T a, S s) { return pow(s, a); }},
      {"div(floor)", [](T a, S s) { return div(a, s, "floor"); }},
      {"div(trunc)", [](T a, S s) { return div(a, s, "trunc"); }},
  };
  return ops;
}

const std::map<std::string, std::function<Tensor(const Tensor&)>>& whole_ops() {
  static const std::map<std::string, std::function<Tensor(const Tensor&)>> ops = {
      {"prod", [](const Tensor& x) { return prod(x); }},
      {"max", [](const Tensor& x) { return max(x); }},
      {"min", [](const Tensor& x) { return min(x); }},
      {"argmax", [](const Tensor& x) { return argmax(x); }},
      {"argmin", [](const Tensor& x) { return argmin(x); }},
  };
  return ops;
}

const std::map<std::string, std::function<std::vector<Tensor>(const Tensor&, int64_t)>>& along_ops() {
  using T = const Tensor&;
  using Results = std::vector<Tensor>;
  const auto both = [](const ValuesIndices& v) { return Results{v.values, v.indices}; };
  static const std::map<std::string, std::function<Results(const Tensor&, int64_t)>> ops = {
      {"prod", [](T x, int64_t d) { return Results{prod(x, d)}; }},
      {"max", [both](T x, int64_t d) { return both(max(x, d)); }},
      {"min", [both](T x, int64_t d) { return both(min(x, d)); }},
      {"argmax", [](T x, int64_t d) { return Results{argmax(x, d)}; }},
      {"argmin", [](T x, int64_t d) { return Results{argmin(x, d)}; }},
      {"cumsum", [](T x, int64_t d) { return Results{cumsum(x, d)}; }},
      {"cumprod", [](T x, int64_t d) { return Results{cumprod(x, d)}; }},
      {"softmax", [](T x, int64_t d) { return Results{softmax(x, d)}; }},
      {"log_softmax", [](T x, int64_t d) { return Results{log_softmax(x, d)}; }},
      {"sort", [both](T x, int64_t d) { return both(sort(x, d)); }},
      {"sort(descending)", [both](T x, int64_t d) { return both(sort(x, d, true)); }},
      {"argsort", [](T x, int64_t d) { return Results{argsort(x, d)}; }},
      {"topk(2)", [](T x, int64_t d) { return Results{topk(x, 2, d).values}; }},
      {"topk(3,smallest)", [](T x, int64_t d) { return Results{topk(x, 3, d, false).values}; }},
  };
  return ops;
}

Scalar scalar_from(const nlohmann::json& j) {
  if (j.is_boolean()) return j.get<bool>();
  if (j.is_number_integer()) return j.get<int64_t>();
  return j.get<double>();
}

namespace {

// The unit in the last place of a dtype at |value|.
double ulp(DType dtype, double value) {
  int digits = 53, lowest = -1074;
  switch (to_real(dtype)) {
    case DType::f32: digits = 24, lowest = -149; break;
    case DType::f16: digits = 11, lowest = -24; break;
    case DType::bf16: digits = 8, lowest = -133; break;
    case DType::f8_e4m3fn: digits = 4, lowest = -9; break;
    case DType::f8_e4m3fnuz: digits = 4, lowest = -10; break;
    case DType::f8_e5m2: digits = 3, lowest = -16; break;
    case DType::f8_e5m2fnuz: digits = 3, lowest = -17; break;
    case DType::f8_e8m0fnu: digits = 1, lowest = -127; break;
    default: break;
  }
  if (!std::isfinite(value)) return 1;
  return std::ldexp(1.0, std::max(value == 0 ? lowest : std::ilogb(value) - digits + 1, lowest));
}

std::vector<double> doubles(const Tensor& t) {
  const Tensor wide = t.to(DType::f64).contiguous();
  return {wide.data<double>(), wide.data<double>() + wide.numel()};
}

// Real and imaginary parts, one after the other, as an f64 tensor of one more dimension.
Tensor parts(const Tensor& t) {
  const Tensor wide = t.to(DType::complex128).contiguous();
  std::vector<int64_t> shape = t.shape().extents();
  shape.push_back(2);
  return Tensor(wide.storage(), DType::f64, Shape(shape));
}

std::string listed(const Tensor& t) {
  std::ostringstream out;
  for (double v : doubles(is_complex(t.dtype()) ? parts(t) : t)) out << v << ' ';
  return out.str();
}

}  // namespace

double max_ulps(const Tensor& got, const Tensor& exact) {
  if (is_complex(got.dtype())) {
    // The error of the number against its modulus: a part may cancel to nothing.
    const Tensor a = parts(got), b = parts(exact);
    const auto x = doubles(a), y = doubles(b);
    double worst = 0;
    for (size_t i = 0; i + 1 < x.size(); i += 2) {
      const double error = std::hypot(x[i] - y[i], x[i + 1] - y[i + 1]);
      worst = std::max(worst, std::isnan(error) ? std::numeric_limits<double>::infinity()
                                                : error / ulp(got.dtype(), std::hypot(y[i], y[i + 1])));
    }
    return worst;
  }
  const auto x = doubles(got), y = doubles(exact), rounded = doubles(exact.to(got.dtype()));
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] == rounded[i] && !std::isfinite(x[i])) continue;
    if (std::isnan(x[i]) && std::isnan(rounded[i])) continue;
    const double error = std::abs(x[i] - y[i]) / ulp(got.dtype(), y[i]);
    worst = std::max(
        worst, std::isfinite(x[i]) && std::isfinite(error) ? error : std::numeric_limits<double>::infinity());
  }
  return worst;
}

bool same_values(const Tensor& a, const Tensor& b) {
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  if (is_complex(a.dtype())) return same_values(parts(a), parts(b));
  if (!is_floating_point(a.dtype())) return bit_equal(a, b);
  const auto x = doubles(a), y = doubles(b);
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) && std::isnan(y[i])) continue;
    if (x[i] != y[i] || std::signbit(x[i]) != std::signbit(y[i])) return false;
  }
  return true;
}

std::string judge(const nlohmann::json& expected, const std::function<Tensor()>& f, double ulps) {
  Tensor got;
  try {
    got = f();
  } catch (const Error& e) {
    if (expected.contains("error")) return {};
    return concat("threw: ", e.what());
  }
  if (expected.contains("error")) return concat("should be refused: ", expected["error"].get<std::string>());
  const Tensor want = tensor_from(expected["result"]);
  if (got.dtype() != want.dtype())
    return concat("dtype ", name_of(got.dtype()), ", expected ", name_of(want.dtype()));
  if (got.shape() != want.shape()) return concat("shape ", got.shape(), ", expected ", want.shape());
  if (got.numel() == 0) return {};
  if (ulps > 0 && is_floating_point(got.dtype())) {
    // Special values exactly, others within ulps of the largest value around.
    const auto x = doubles(got), y = doubles(want);
    double scale = 0;
    for (double v : y)
      if (std::isfinite(v)) scale = std::max(scale, std::abs(v));
    for (size_t i = 0; i < x.size(); ++i) {
      const bool special = y[i] == 0 || !std::isfinite(y[i]);
      const bool same = (std::isnan(x[i]) && std::isnan(y[i])) ||
                        (x[i] == y[i] && std::signbit(x[i]) == std::signbit(y[i]));
      if (special ? !same : !(std::abs(x[i] - y[i]) <= ulps * ulp(got.dtype(), scale)))
        return concat("values differ: ", listed(got), "expected ", listed(want));
    }
    return {};
  }
  if (ulps > 0 && is_complex(got.dtype())) {
    const double error = max_ulps(got, want);
    return error <= ulps ? std::string()
                         : concat("off by ", error, " ulps: ", listed(got), "expected ", listed(want));
  }
  return same_values(got, want) ? std::string()
                                : concat("values differ: ", listed(got), "expected ", listed(want));
}

std::string judge_several(const nlohmann::json& expected, const std::function<std::vector<Tensor>()>& f,
                          double ulps) {
  std::vector<Tensor> got;
  if (expected.contains("error") || expected.contains("result"))
    return judge(
        expected, [&] { return f().at(0); }, ulps);
  try {
    got = f();
  } catch (const Error& e) {
    return concat("threw: ", e.what());
  }
  if (got.size() != expected["results"].size()) return concat(got.size(), " results");
  for (size_t i = 0; i < got.size(); ++i)
    if (std::string wrong = judge(
            {{"result", expected["results"][i]}}, [&] { return got[i]; }, ulps);
        !wrong.empty())
      return wrong;
  return {};
}

}  // namespace sconce::test
