// make demo: two models that PyTorch trained and measured, loaded and measured again by Sconce.
//   sconce_demo FIXTURES OUTPUT
// Exits with 1 when any figure differs from PyTorch's in a printed digit.
#include <sconce/datasets.h>
#include <sconce/sconce.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "evaluation.h"
#include "report.h"

namespace {

namespace fs = std::filesystem;
using namespace sconce;

struct Table {
  bool equal = true;

  // One line; what counts as equal is what can be seen.
  void line(const std::string& what, double torch, double ours) {
    char left[32], right[32];
    std::snprintf(left, sizeof left, "%.4f", torch);
    std::snprintf(right, sizeof right, "%.4f", ours);
    const bool same = std::string(left) == right;
    equal &= same;
    std::printf("  %-24s %10s %10s%s\n", what.c_str(), left, right, same ? "" : "   differs");
  }
};

// A data set as the program's report takes it, and the figures of the model on it.
bool demonstrate(const std::string& name, const std::string& title, const cli::Dataset& data,
                 const fs::path& fixtures, const fs::path& output) {
  const nlohmann::json torch = nlohmann::json::parse(std::ifstream(fixtures / (name + ".json")));
  const fs::path weights = fixtures / torch.at("weights").get<std::string>();

  // The whole way: the file, the values beside the tensors, the network, its weights, its figures.
  const Checkpoint checkpoint = Checkpoint::open(weights.string());
  const std::unique_ptr<nn::Module> model = nn::module_from(torch.at("model").get<std::string>());
  model->load_state_dict(checkpoint.state_dict());
  model->eval();
  const cli::Evaluation evaluation = cli::evaluate([&](const Tensor& x) { return (*model)(x); }, data);
  const nn::metrics::ClassificationSummary& ours = evaluation.summary;

  std::printf("%s\n  %s, trained for %lld epochs, on %lld samples\n  %-24s %10s %10s\n", title.c_str(),
              weights.filename().c_str(), static_cast<long long>(checkpoint["epoch"].as_int()),
              static_cast<long long>(ours.samples), "", "PyTorch", "Sconce");
  Table table;
  table.line("accuracy", torch.at("accuracy"), ours.accuracy);
  table.line("cross-entropy", torch.at("loss"), ours.loss);
  table.line("area under ROC", torch.at("roc_auc"), ours.auc);
  for (size_t i = 0; i < ours.classes.size(); ++i) {
    const nlohmann::json& theirs = torch.at("classes").at(i);
    const nn::metrics::ClassSummary& one = ours.classes[i];
    if (ours.classes.size() > 2) {
      table.line("F1 of " + one.name, theirs.at("f1"), one.f_score);
    } else {
      table.line("precision of " + one.name, theirs.at("precision"), one.precision);
      table.line("recall of " + one.name, theirs.at("recall"), one.recall);
    }
  }

  cli::ReportInfo info;
  info.title = title;
  info.model = torch.at("model");
  info.weights = weights.filename().string();
  info.data = torch.at("data");
  const fs::path report = output / (name + ".html");
  cli::write_report(report, evaluation, data, info);
  std::printf("  report: %s\n\n", report.c_str());
  return table.equal;
}

bool fraud(const fs::path& fixtures, const fs::path& output) {
  CsvOptions csv;
  csv.label = "fraud";
  const LabeledData data = load_csv((fixtures / "fraud.csv").string(), csv);
  cli::TensorDatasetOptions options;
  options.class_names = {"genuine", "fraud"};
  options.column_names = data.column_names;
  return demonstrate("fraud", "Fraud detection, 1 % positives: accuracy looks fine, recall shows the truth",
                     cli::TensorDataset(data.inputs, data.labels, options), fixtures, output);
}

bool digits(const fs::path& fixtures, const fs::path& output) {
  const LabeledData data = load_idx((fixtures / "digits-images.idx3-ubyte.gz").string(),
                                    (fixtures / "digits-labels.idx1-ubyte.gz").string());
  cli::TensorDatasetOptions options;
  options.pictures = true;
  options.transform = [](const Tensor& x) { return div(x.unsqueeze(1).to(DType::f32), 255.0); };
  return demonstrate("digits", "Handwritten digits, a small convolutional network",
                     cli::TensorDataset(data.inputs, data.labels, options), fixtures, output);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) {
    std::fputs("usage: sconce_demo FIXTURES OUTPUT\n", stderr);
    return 2;
  }
  try {
    const fs::path fixtures = arguments[1], output = arguments[2];
    fs::create_directories(output);
    const bool fraud_equal = fraud(fixtures, output), digits_equal = digits(fixtures, output);
    if (fraud_equal && digits_equal) std::puts("Every figure is PyTorch's, to the last printed digit.");
    return fraud_equal && digits_equal ? 0 : 1;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "sconce_demo: %s\n", e.what());
    return 1;
  }
}
