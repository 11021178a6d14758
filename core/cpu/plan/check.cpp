#include "cpu/plan/check.h"

#include <sconce/error.h>
#include <sconce/ops.h>

#include <cmath>
#include <limits>

#include "graph/interpret.h"

namespace sconce::plan {
namespace {

constexpr double tolerance = 1e-3;

// What differs, in words; empty when nothing does.
std::string difference(const Tensor& got, const Tensor& expected) {
  if (got.numel() == 0) return {};
  if (!is_floating_point(got.dtype())) return equal(got, expected) ? "" : "other values";
  const Tensor a = got.to(DType::f64).contiguous(), b = expected.to(DType::f64).contiguous();
  const double *x = a.data<double>(), *y = b.data<double>();
  double largest = 0, worst = 0;
  int64_t at = 0;
  for (int64_t i = 0; i < a.numel(); ++i) {
    if (std::isfinite(y[i])) largest = std::max(largest, std::abs(y[i]));
    const bool same = x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]));
    const double d = same ? 0 : std::abs(x[i] - y[i]);
    if (!(d <= worst)) worst = std::isnan(d) ? std::numeric_limits<double>::infinity() : d, at = i;
  }
  if (worst <= tolerance * largest) return {};
  return concat("element ", at, " is ", x[at], " instead of ", y[at], " (largest ", largest, ")");
}

}  // namespace

void run_checked(const Executor& executor, const Graph& recorded, const std::vector<Tensor>& inputs,
                 std::vector<Tensor>& outputs) {
  std::vector<Tensor> expected(recorded.values.size());
  interpret(recorded, inputs,
            [&](const Node&, ValueId id, const Tensor& t) { expected[static_cast<size_t>(id)] = t; });
  const Program& program = executor.program();
  const std::function<void(size_t, Context&)> watch = [&](size_t index, Context& context) {
    const Step& step = program.steps[index];
    if (step.node.op == "aten.clone.default") return;  // moves nothing but places
    // Of several steps for one node, the last one is looked at.
    if (index + 1 < program.steps.size() && program.steps[index + 1].node.outputs == step.node.outputs)
      return;
    for (ValueId id : step.node.outputs) {
      if (static_cast<size_t>(id) >= expected.size() || !expected[static_cast<size_t>(id)].defined())
        continue;
      for (const auto& [value, place] : program.values) {
        if (value != id) continue;
        const std::string text =
            difference(Executor::tensor_at(place, context), expected[static_cast<size_t>(id)]);
        if (!text.empty())
          fail(ErrorKind::mismatch, "[prepare] step ", index, " (", step.node.op,
               step.node.scope.empty() ? "" : " of " + step.node.scope, ", ",
               step.op ? step.op->algorithm() : "interpreted", ") differs from the eager op: ", text);
      }
    }
  };
  executor.run(inputs, outputs, &watch);
}

}  // namespace sconce::plan
