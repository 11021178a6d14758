// Evaluation data as --data names it, prepared as --mean, --std, --resize, --crop and --scale say.
#pragma once
#include <sconce/nn/models.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "command.h"
#include "dataset.h"

namespace sconce::cli {

struct DataOptions {
  std::string spec;                     // "cifar10:FILE", "idx:IMAGES,LABELS", ...
  std::vector<double> mean, std;        // empty: the model's own for pictures, none for other data
  std::optional<int64_t> resize, crop;  // 0: none; empty: the model's own for pictures
  std::string resize_as = "picture";    // or "tensor"
  std::optional<double> scale;          // factor on what is stored; empty: 1/255 for pictures, else 1
};

// Adds --data and the options of its preparation.
void add_data_options(CLI::App* command, DataOptions& options);

// `model` gives defaults; null for an expression. Throws ErrorKind::invalid_argument on a bad spec, and what reading throws.
std::unique_ptr<Dataset> open_dataset(const DataOptions& options, const nn::ModelInfo* model);

}  // namespace sconce::cli
