// Running a model over a data set: metrics, timing, and the mistakes that it was most sure of.
#pragma once
#include <sconce/nn/metrics.h>

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "dataset.h"

namespace sconce::cli {

struct EvaluationOptions {
  int64_t batch = 64;
  int64_t limit = 0;                                // first so many samples; 0: all
  int64_t mistakes = 24;                            // how many to keep
  nn::metrics::ClassificationOptions metrics = {};  // class_names are taken from the data set when empty
  std::function<void(int64_t done, int64_t total)> progress = {};  // called after each batch
};

// One wrong prediction.
struct Mistake {
  int64_t index = 0, label = 0, prediction = 0;
  double confidence = 0;         // probability of the prediction
  double label_probability = 0;  // probability of the right class
};

// Samples whose confidence falls into one of ten equal bins.
struct ConfidenceBin {
  int64_t samples = 0, correct = 0;
  double confidence = 0;  // mean; 0 without samples
};

struct Evaluation {
  nn::metrics::ClassificationSummary summary;
  std::vector<int64_t> predictions;       // by sample
  std::vector<Mistake> mistakes;          // most confident first; ties by index
  std::vector<ConfidenceBin> confidence;  // ten bins, from 0 to 1
  double calibration_error = 0;           // expected calibration error over these bins
  double seconds = 0;                     // in all, reading included
  double model_seconds = 0;               // inside the model only
  int64_t batches = 0;
  double samples_per_second() const {
    return model_seconds > 0 ? static_cast<double>(predictions.size()) / model_seconds : 0;
  }
};

// Calls `model` on consecutive batches. Its result is (N, C) scores, or (N, 1) or (N) for two classes; see
// ClassificationOptions. Throws ErrorKind::invalid_argument on an empty data set or a result that does not
// fit the labels, and what the model throws.
Evaluation evaluate(const std::function<Tensor(const Tensor&)>& model, const Dataset& data,
                    const EvaluationOptions& options = {});

// Counts and figures: accuracy, loss, per-class and averaged scores, confusion matrix, areas, timing. NaN
// becomes null.
nlohmann::json to_json(const Evaluation& evaluation);

}  // namespace sconce::cli
