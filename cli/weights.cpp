// A model with its weights.
#include "weights.h"

#include <sconce/checkpoint.h>

#include <chrono>

namespace sconce::cli {

void add_weights_options(CLI::App* command, WeightsOptions& options, bool with_file) {
  command
      ->add_option("--model", options.model,
                   "A name from 'sconce models', or an expression: \"Sequential(Linear(2, 1))\"")
      ->required();
  if (with_file) command->add_option("--weights", options.file, "The checkpoint")->required();
  command->add_option("--key", options.key,
                      "Which dictionary of the checkpoint is the state_dict; found when there is one");
  command->add_option("--prefix-strip", options.prefixes, "Remove this from the beginning of the keys")
      ->take_all();
  command
      ->add_option("--num-classes", options.num_classes,
                   "Outputs of a named model, when not its usual number")
      ->check(CLI::PositiveNumber);
}

StateDict load_state(const WeightsOptions& options) {
  LoadOptions load_options;
  load_options.key = options.key;
  StateDict state = load(options.file, load_options);
  for (const std::string& prefix : options.prefixes) state = strip_prefix(state, prefix);
  return state;
}

std::unique_ptr<nn::Module> load_model(const WeightsOptions& options, double* load_ms) {
  std::unique_ptr<nn::Module> model = nn::make_model(options.model, options.num_classes);
  const auto begin = std::chrono::steady_clock::now();
  try {
    model->load_state_dict(load_state(options));
  } catch (Error& e) {
    e.in_file(options.file);
    throw;
  }
  if (load_ms != nullptr) {
    *load_ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
  }
  model->eval();
  return model;
}

}  // namespace sconce::cli
