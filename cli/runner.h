// How the program calls a model: prepared, or eagerly where asked.
#pragma once
#include <sconce/nn/module.h>
#include <sconce/prepare.h>

#include <functional>
#include <optional>

#include "command.h"

namespace sconce::cli {

// How a model is to run, as the commands that run models ask for it: --eager, --precision.
struct RunnerOptions {
  bool eager = false;
  std::string precision = "f32";
};
void add_runner_options(CLI::App* command, RunnerOptions& options);

// Calls the model, planned for the shape of the first input and then for each new one. The model must outlive it.
class Runner {
 public:
  Runner(const nn::Module& model, const RunnerOptions& options)
      : model_(&model), eager_(options.eager), precision_(parse_precision(options.precision)) {}
  Tensor operator()(const Tensor& x);
  // Plans for x now, if it has not been planned for any input. Milliseconds that it took.
  double prepare_for(const Tensor& x);
  const std::optional<Plan>& plan() const { return plan_; }

 private:
  const nn::Module* model_;
  bool eager_;
  Precision precision_;
  std::optional<Plan> plan_;
};

}  // namespace sconce::cli
