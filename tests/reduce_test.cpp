// Reductions against PyTorch.
#include <doctest/doctest.h>
#include <sconce/graph.h>
#include <sconce/ops.h>

#include <cmath>
#include <limits>

#include "support/ops_by_name.h"

using namespace sconce;
using namespace sconce::test;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Tensor reduce_by_name(const std::string& op, const Tensor& x, const Dims& dim, bool keepdim) {
  if (op == "sum") return sum(x, dim, keepdim);
  if (op.starts_with("sum ")) return sum(x, dim, keepdim, parse_dtype(op.substr(4)));
  if (op == "mean") return mean(x, dim, keepdim);
  if (op == "amax") return amax(x, dim, keepdim);
  if (op == "amin") return amin(x, dim, keepdim);
  if (op == "any") return any(x, dim, keepdim);
  if (op == "all") return all(x, dim, keepdim);
  if (op == "var") return var(x, dim, 1, keepdim);
  if (op == "var(0)") return var(x, dim, 0, keepdim);
  if (op == "std") return sconce::std(x, dim, 1, keepdim);
  if (op == "logsumexp") return logsumexp(x, dim, keepdim);
  if (op == "norm") return norm(x, 2, dim, keepdim);
  REQUIRE(op.starts_with("norm("));
  const std::string p = op.substr(5, op.size() - 6);
  return vector_norm(x, p == "inf" ? infinity : p == "-inf" ? -infinity : std::stod(p), dim, keepdim);
}

Dims dims_from(const nlohmann::json& j) { return j.is_null() ? Dims() : Dims(j.get<std::vector<int64_t>>()); }

// Exact values have PyTorch's own error in f64 too; sums are never worse than PyTorch's.
double bound(DType dtype, double torchs) {
  if (dtype == DType::f64) return 2 * torchs + 4;
  return dtype == DType::f32 ? 2 * torchs + 1 : std::max(torchs, 0.5) + 0.02;
}

}  // namespace

TEST_CASE("reduce: takes and refuses the dtypes that torch does") {
  const auto j = json_fixture("ops_reduce.json");
  for (const auto& c : j["dtypes"]) {
    const Tensor x = tensor_from(c["x"]);
    const std::string dtype = name_of(x.dtype());
    CAPTURE(dtype);
    for (const auto& item : c["reduce"].items()) {
      const std::string& op = item.key();
      const auto& expected = item.value();
      CAPTURE(op);
      CHECK(judge(
                expected, [&] { return reduce_by_name(op, x, 1, false); }, 4) == "");
    }
    for (const auto& item : c["whole"].items()) {
      const std::string& op = item.key();
      const auto& expected = item.value();
      CAPTURE(op);
      CHECK(judge(
                expected, [&] { return whole_ops().at(op)(x); }, 4) == "");
    }
    for (const auto& item : c["along"].items()) {
      const std::string& op = item.key();
      const auto& expected = item.value();
      CAPTURE(op);
      CHECK(judge_several(
                expected, [&] { return along_ops().at(op)(x, 1); }, 4) == "");
    }
  }
}

TEST_CASE("reduce: over any dimensions of plain and transposed tensors, with NaN and infinities") {
  const auto j = json_fixture("ops_reduce.json");
  const Tensor base = tensor_from(j["base"]);
  for (const auto& c : j["shapes"]) {
    const std::string op = c["op"], dtype = c["dtype"], view = c["view"], dims = c["dim"].dump();
    CAPTURE(op);
    CAPTURE(dtype);
    CAPTURE(view);
    CAPTURE(dims);
    Tensor x = base.to(*parse_dtype(dtype));
    if (view == "transposed") x = x.transpose(0, 2);
    if (c["dim"].is_number())
      CHECK(judge_several(
                c, [&] { return along_ops().at(op)(x, c["dim"].get<int64_t>()); }, 4) == "");
    else
      CHECK(judge(
                c, [&] { return reduce_by_name(op, x, dims_from(c["dim"]), c["keepdim"]); }, 4) == "");
  }
}

TEST_CASE("reduce: errors against float64 stay near PyTorch's own") {
  Tensor x;
  const auto j = json_fixture("ops_reduce.json");
  for (const auto& c : j["accuracy"]) {
    const std::string op = c["op"];
    if (c.contains("x")) x = tensor_from(c["x"]);
    const std::string dtype = name_of(x.dtype());
    const Tensor torchs = tensor_from(c["torch"]), exact = tensor_from(c["exact"]);
    const Tensor ours =
        along_ops().contains(op) ? along_ops().at(op)(x, 0)[0] : reduce_by_name(op, x, {}, false);
    CAPTURE(op);
    CAPTURE(dtype);
    CAPTURE(x.numel());
    REQUIRE(ours.dtype() == torchs.dtype());
    if (op == "prod" || op == "sum" || op == "cumsum" ||
        op == "log_softmax")  // may cancel: against the largest element
      CHECK(judge(
                {{"result", c["torch"]}}, [&] { return ours; }, 8) == "");
    CHECK(max_ulps(ours, exact) <= bound(x.dtype(), max_ulps(torchs, exact)));
  }
}

TEST_CASE("reduce: long sums keep their digits") {
  const Tensor tenth = full({300, 1000}, 0.1);
  CHECK(sum(tenth).item() == doctest::Approx(300000 * static_cast<double>(0.1f)).epsilon(1e-7));
  CHECK(sum(tenth, 0).to(DType::f64).data<double>()[7] ==
        doctest::Approx(300 * static_cast<double>(0.1f)).epsilon(1e-7));
  CHECK(mean(full({70000}, 65504.0, DType::f16)).item() == 65504.0);
  CHECK(norm(full({4}, 1e30)).item() == doctest::Approx(2e30));
  CHECK(norm(full({4}, 1e300, DType::f64)).item() == doctest::Approx(2e300));
  CHECK(norm(full({4}, 1e-300, DType::f64)).item() == doctest::Approx(2e-300));
  CHECK(sum(full({3}, int64_t{1} << 62, DType::i64)).item<int64_t>() ==
        static_cast<int64_t>(uint64_t{3} << 62));
}

TEST_CASE("reduce: empty and 0-dim operands") {
  const Tensor none = empty({2, 0}), number = full({}, 2.0);
  CHECK(sum(none).item() == 0);
  CHECK(prod(none).item() == 1);
  CHECK(std::isnan(mean(none).item()));
  CHECK(std::isnan(var(ones({1})).item()));
  CHECK(logsumexp(none, 1).to(DType::f64).data<double>()[1] == -infinity);
  CHECK(all(none).item<bool>());
  CHECK_FALSE(any(none).item<bool>());
  CHECK(norm(none, 2, 1).shape() == Shape{2});
  CHECK(sum(none, 0).shape() == Shape{0});
  CHECK(max(empty({0, 2}), 1).values.shape() == Shape{0});
  CHECK(sum(number, 0).item() == 2);
  CHECK(sum(number, -1, true).shape() == Shape{});
  CHECK(max(number, 0).indices.item<int64_t>() == 0);
  CHECK(argmax(number).item<int64_t>() == 0);
  CHECK(cumsum(number, 0).shape() == Shape{});
  CHECK(argmax(ones({2, 3}), {}, true).shape() == Shape{1, 1});
}

TEST_CASE("reduce: refusals in PyTorch's words") {
  const Tensor x = ones({2, 3}), none = empty({2, 0});
  CHECK_THROWS_WITH_AS(sum(x, 5), "Dimension out of range (expected to be in range of [-2, 1], but got 5)",
                       Error);
  CHECK_THROWS_WITH_AS(sum(x, {0, -2}), "dim 0 appears multiple times in the list of dims", Error);
  CHECK_THROWS_WITH_AS(argmax(empty({0})),
                       "argmax(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
                       "reduction dim with the 'dim' argument.",
                       Error);
  CHECK_THROWS_WITH_AS(argmax(none, 1), "argmax(): Expected reduction dim 1 to have non-zero size.", Error);
  CHECK_THROWS_WITH_AS(amax(none, 1), "amax(): Expected reduction dim 1 to have non-zero size.", Error);
  CHECK_THROWS_AS(max(empty({0})), Error);
  CHECK_THROWS_WITH_AS(mean(ones({2}, DType::i64)),
                       "mean(): could not infer output dtype. Input dtype must be either a floating point or "
                       "complex dtype. Got: Long",
                       Error);
  CHECK_THROWS_WITH_AS(amax(x.to(DType::u16)), "[amax] is not implemented for dtype uint16", Error);
  CHECK_THROWS_AS(norm(none, infinity), Error);
  CHECK_THROWS_AS(sum(Tensor()), Error);
  CHECK(max(x, x * 2).shape() == x.shape());
}

TEST_CASE("reduce: recorded with ATen's names") {
  Recorder r;
  const Tensor x = r.input({2, 3, 4}, DType::f32);
  CHECK(sum(x).shape() == Shape{});
  CHECK(mean(x, {-1, -2}).shape() == Shape{2});
  CHECK(max(x, 1, true).indices.dtype() == DType::i64);
  CHECK(var(x, 0).shape() == Shape{3, 4});
  CHECK(topk(softmax(x, -1), 2).values.shape() == Shape{2, 3, 2});
  CHECK(argmax(x, -1).shape() == Shape{2, 3});
  CHECK(pad(x, {1, 1}).shape() == Shape{2, 3, 6});
  std::string ops;
  for (const Node& node : r.graph().nodes) ops += node.op + " ";
  CHECK(ops ==
        "aten.sum.default aten.mean.dim aten.max.dim aten.var.correction aten.softmax.int aten.topk.default "
        "aten.argmax.default "
        "aten.pad.default ");
}
