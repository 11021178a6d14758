// How the program calls a model: prepared, or eagerly where asked.
#pragma once
#include <sconce/nn/module.h>
#include <sconce/prepare.h>

#include <functional>
#include <optional>

#include "command.h"

namespace sconce::cli {

// --eager, as the commands that run models have it.
void add_eager_option(CLI::App* command, bool& eager);

// Calls the model, planned for the shape of the first input and then for each new one. The model must outlive it.
class Runner {
 public:
  Runner(const nn::Module& model, bool eager) : model_(&model), eager_(eager) {}
  Tensor operator()(const Tensor& x);
  // Plans for x now, if it has not been planned for any input. Milliseconds that it took.
  double prepare_for(const Tensor& x);
  const std::optional<Plan>& plan() const { return plan_; }

 private:
  const nn::Module* model_;
  bool eager_;
  std::optional<Plan> plan_;
};

}  // namespace sconce::cli
