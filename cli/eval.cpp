// sconce eval: a model's metrics on a data set.
#include <sconce/threads.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command.h"
#include "data_spec.h"
#include "evaluation.h"
#include "progress.h"
#include "report.h"
#include "runner.h"
#include "text.h"
#include "weights.h"

namespace sconce::cli {
namespace {

using nn::metrics::ClassificationSummary;

struct EvalArguments {
  WeightsOptions weights;
  DataOptions data;
  int64_t batch = 64, limit = 0;
  int threads = 0;
  RunnerOptions runner;
  std::string outputs = "logits", report;
  std::vector<std::string> metrics;
};

struct Figure {
  const char* name;
  double (*of)(const ClassificationSummary&);
};

// Of class 1 where there are two, as scikit-learn's default; else the mean over the classes.
const nn::metrics::ClassScores& scores(const ClassificationSummary& s) {
  return s.classes.size() == 2 ? s.classes[1] : s.macro;
}

// The figures that --metrics can name.
constexpr std::array figures = {
    Figure{"accuracy", [](const ClassificationSummary& s) { return s.accuracy; }},
    Figure{"error", [](const ClassificationSummary& s) { return 1 - s.accuracy; }},
    Figure{"top_k_accuracy", [](const ClassificationSummary& s) { return s.top_k_accuracy; }},
    Figure{"loss", [](const ClassificationSummary& s) { return s.loss; }},
    Figure{"balanced_accuracy", [](const ClassificationSummary& s) { return s.balanced_accuracy; }},
    Figure{"precision", [](const ClassificationSummary& s) { return scores(s).precision; }},
    Figure{"recall", [](const ClassificationSummary& s) { return scores(s).recall; }},
    Figure{"f1", [](const ClassificationSummary& s) { return scores(s).f_score; }},
    Figure{"auc", [](const ClassificationSummary& s) { return s.auc; }},
    Figure{"average_precision", [](const ClassificationSummary& s) { return s.average_precision; }},
    Figure{"brier", [](const ClassificationSummary& s) { return s.brier; }},
    Figure{"matthews_corrcoef", [](const ClassificationSummary& s) { return s.matthews_corrcoef; }},
    Figure{"cohen_kappa", [](const ClassificationSummary& s) { return s.cohen_kappa; }},
};

const Figure* find_figure(const std::string& name) {
  for (const Figure& figure : figures) {
    if (name == figure.name) return &figure;
  }
  return nullptr;
}

// For --metrics: complains before anything is computed.
std::string check_metric(const std::string& name) {
  if (find_figure(name) != nullptr) return "";
  std::string known;
  for (const Figure& figure : figures) known += (known.empty() ? "" : ", ") + std::string(figure.name);
  return "expected metrics out of " + known + ", got " + name;
}

void print(const Program& program, const EvalArguments& arguments, const Evaluation& evaluation,
           double load_ms) {
  const ClassificationSummary& summary = evaluation.summary;
  if (program.json) {
    nlohmann::json out;
    if (arguments.metrics.empty()) {
      out = to_json(evaluation);
    } else {
      for (const std::string& name : arguments.metrics)
        out[name] = json_number(find_figure(name)->of(summary));
    }
    out["model"] = arguments.weights.model;
    out["weights"] = arguments.weights.file;
    out["data"] = arguments.data.spec;
    out["threads"] = num_threads();
    out["precision"] = arguments.runner.precision;
    out["load_ms"] = load_ms;
    print_json(out);
  } else if (!arguments.metrics.empty()) {
    for (const std::string& name : arguments.metrics)
      std::printf("%s %.6f\n", name.c_str(), find_figure(name)->of(summary));
  } else {
    std::ostringstream text;
    text << summary;
    std::printf("%s\n%s samples in %.1f s, %.0f/s in the model\n", text.str().c_str(),
                with_commas(summary.samples).c_str(), evaluation.seconds, evaluation.samples_per_second());
  }
}

int eval(const Program& program, const EvalArguments& arguments) {
  if (arguments.threads > 0) set_num_threads(arguments.threads);
  double load_ms = 0;
  const std::unique_ptr<nn::Module> model = load_model(arguments.weights, &load_ms);
  const std::unique_ptr<Dataset> data = open_dataset(arguments.data, nn::find_model(arguments.weights.model));

  Progress progress;
  EvaluationOptions options;
  options.batch = arguments.batch;
  options.limit = arguments.limit;
  if (arguments.outputs == "probabilities") options.metrics.outputs = nn::metrics::Outputs::probabilities;
  options.progress = [&](int64_t done, int64_t total) { progress.update(done, total); };
  Runner runner(*model, arguments.runner);
  const Evaluation evaluation = evaluate([&](const Tensor& x) { return runner(x); }, *data, options);

  if (!arguments.report.empty()) {
    ReportInfo info;
    info.model = arguments.weights.model;
    info.weights = arguments.weights.file;
    info.data = arguments.data.spec;
    info.details = {{"Device", "cpu"},
                    {"Threads", std::to_string(num_threads())},
                    {"Batch", std::to_string(arguments.batch)}};
    write_report(arguments.report, evaluation, *data, info);
  }
  print(program, arguments, evaluation, load_ms);
  return done;
}

}  // namespace

void add_eval(Program& program) {
  CLI::App* command =
      add_command(program, "eval", "Measure a model on labelled data",
                  "sconce eval --model cifar_resnet20 --weights resnet20.th --prefix-strip module. \\\n"
                  "              --data cifar10:test_batch.bin --report resnet20.html");
  add_json(program, command);
  const auto arguments = std::make_shared<EvalArguments>();
  add_weights_options(command, arguments->weights, true);
  add_data_options(command, arguments->data);
  command->add_option("--batch", arguments->batch, "Samples in one call of the model")
      ->check(CLI::PositiveNumber);
  command->add_option("--limit", arguments->limit, "Only the first so many samples")
      ->check(CLI::PositiveNumber);
  command->add_option("--threads", arguments->threads, "Threads to use; by default all")
      ->check(CLI::PositiveNumber);
  add_runner_options(command, arguments->runner);
  command->add_option("--outputs", arguments->outputs, "What the model gives")
      ->check(CLI::IsMember({"logits", "probabilities"}));
  command
      ->add_option("--metrics", arguments->metrics,
                   "Only these figures, for example accuracy,f1; of class 1 when there are two, else means "
                   "over the classes")
      ->delimiter(',')
      ->check(check_metric);
  command->add_option("--report", arguments->report, "Write an HTML page with tables, curves and mistakes");
  command->callback([&program, arguments] {
    program.chosen = [&program, arguments] { return eval(program, *arguments); };
  });
}

}  // namespace sconce::cli
