#include "runner.h"

#include <chrono>

namespace sconce::cli {

void add_runner_options(CLI::App* command, RunnerOptions& options) {
  CLI::Option* eager =
      command->add_flag("--eager", options.eager, "Run op by op, without planning the model first");
  command
      ->add_option("--precision", options.precision,
                   "How the plan keeps weights: f32, bf16, f16 or int8; it computes in f32 with all of them")
      ->check(CLI::IsMember({"f32", "bf16", "f16", "int8"}))
      ->excludes(eager);
}

double Runner::prepare_for(const Tensor& x) {
  if (eager_ || plan_) return 0;
  const auto begin = std::chrono::steady_clock::now();
  plan_ = prepare(*model_, x, {.precision = precision_});
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

Tensor Runner::operator()(const Tensor& x) {
  prepare_for(x);
  return eager_ ? (*model_)(x) : (*plan_)(x);
}

}  // namespace sconce::cli
