// A model with its weights, as --model, --weights, --key and --prefix-strip say.
#pragma once
#include <sconce/nn/models.h>

#include <memory>
#include <optional>
#include <string>

#include "command.h"

namespace sconce::cli {

struct WeightsOptions {
  std::string model;                   // a name of `sconce models`, or "Sequential(...)"
  std::string file;                    // the checkpoint
  std::string key;                     // which dictionary in it; empty: find it
  std::vector<std::string> prefixes;   // removed from the keys, in this order
  std::optional<int64_t> num_classes;  // outputs of a named model; empty: its own
};

// Adds --model, --key, --prefix-strip and --num-classes, and --weights unless the file is an argument of its own.
void add_weights_options(CLI::App* command, WeightsOptions& options, bool with_file);

// The state_dict in the file, prefixes removed.
StateDict load_state(const WeightsOptions& options);
// The model, strictly loaded. `load_ms` becomes the time from opening the file to the last copied byte.
std::unique_ptr<nn::Module> load_model(const WeightsOptions& options, double* load_ms = nullptr);

}  // namespace sconce::cli
