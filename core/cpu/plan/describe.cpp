// What a plan says of itself.
#include <sconce/error.h>

#include <algorithm>
#include <cstdio>

#include "cpu/isa_choice.h"
#include "cpu/plan/machine.h"
#include "cpu/plan/plan.h"

namespace sconce {
namespace {

const Plan::Impl& given(const std::shared_ptr<Plan::Impl>& impl) {
  check(impl != nullptr, "[prepare] this plan is empty");
  return *impl;
}

// A text with two decimals.
std::string decimal(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.2f", value);
  return text;
}

// A column's cells of one width.
void pad_column(std::vector<std::vector<std::string>>& rows, size_t column) {
  size_t widest = 0;
  for (const auto& row : rows) widest = std::max(widest, row[column].size());
  for (auto& row : rows) row[column].resize(widest, ' ');
}

}  // namespace

const char* name_of(Precision precision) {
  constexpr const char* names[] = {"f32", "bf16", "f16", "int8"};
  return names[static_cast<size_t>(precision)];
}

Precision parse_precision(std::string_view name) {
  for (Precision p : {Precision::f32, Precision::bf16, Precision::f16, Precision::int8})
    if (name == name_of(p)) return p;
  fail(ErrorKind::invalid_argument, "[prepare] expected a precision of f32, bf16, f16 or int8, got ", name);
}

std::string Plan::describe() const {
  const Compiled& compiled = given(impl_).example();
  const plan::Program& program = compiled.executor->program();
  const plan::Machine machine = plan::measure_machine();
  const double threads = compiled.executor->threads();
  std::vector<std::vector<std::string>> rows{
      {"step", "module", "op", "algorithm", "weights", "MB", "us", "shapes"}};
  double total = 0;
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const plan::Step& s = program.steps[i];
    const double bytes = s.op ? s.op->bytes() : 0,
                 us = s.op ? std::max(s.op->flops() / (machine.gflops * threads), bytes / machine.gigabytes) *
                                 1e-3
                           : 0;
    total += us;
    rows.push_back({std::to_string(i), s.node.scope, s.node.op, s.algorithm(), s.precision(),
                    decimal(bytes * 1e-6), s.op ? decimal(us) : "?", s.shapes});
  }
  for (size_t c = 0; c + 1 < rows[0].size(); ++c) pad_column(rows, c);
  std::string text = concat("kernels ", best_kernels().name, ", ", compiled.executor->threads(), " threads, ",
                            program.steps.size(), " steps (", interpreted_steps(), " interpreted), ",
                            decimal(static_cast<double>(packed_bytes()) * 1e-6), " MB of packed weights, ",
                            decimal(static_cast<double>(arena_bytes()) * 1e-6), " MB for each run\n");
  for (const auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) text += row[c] + (c + 1 < row.size() ? "  " : "\n");
  }
  return text + concat("at the machine's peak of ", decimal(machine.gflops), " GFLOP/s per thread and ",
                       decimal(machine.gigabytes), " GB/s: ", decimal(total * 1e-3), " ms\n");
}

int64_t Plan::packed_bytes() const { return given(impl_).example().packs->bytes(); }

int64_t Plan::arena_bytes() const { return given(impl_).example().executor->context_bytes(); }

std::string Plan::notice() const { return given(impl_).example().notice; }

int64_t Plan::interpreted_steps() const {
  int64_t count = 0;
  for (const plan::Step& step : given(impl_).example().executor->program().steps) count += step.op == nullptr;
  return count;
}

}  // namespace sconce
