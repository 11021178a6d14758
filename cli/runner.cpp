#include "runner.h"

#include <chrono>

namespace sconce::cli {

void add_eager_option(CLI::App* command, bool& eager) {
  command->add_flag("--eager", eager, "Run op by op, without planning the model first");
}

double Runner::prepare_for(const Tensor& x) {
  if (eager_ || plan_) return 0;
  const auto begin = std::chrono::steady_clock::now();
  plan_ = prepare(*model_, x);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

Tensor Runner::operator()(const Tensor& x) {
  prepare_for(x);
  return eager_ ? (*model_)(x) : (*plan_)(x);
}

}  // namespace sconce::cli
