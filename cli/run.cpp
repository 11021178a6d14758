// sconce run: one tensor through a model.
#include <sconce/backend.h>
#include <sconce/npy.h>
#include <sconce/threads.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command.h"
#include "runner.h"
#include "text.h"
#include "weights.h"

namespace sconce::cli {
namespace {

struct RunArguments {
  WeightsOptions weights;
  std::string input, output, device = "cpu";
  int repeat = 1, threads = 0;
  RunnerOptions runner;
};

struct Timing {
  double load_ms = 0, prepare_ms = 0, first_ms = 0, min_ms = 0, median_ms = 0;
};

double milliseconds_of(const std::function<void()>& f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

int64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

void report(const Program& program, const RunArguments& arguments, const Tensor& x, const Tensor& y,
            const Timing& timing) {
  if (program.json) {
    print_json({{"model", arguments.weights.model},
                {"device", arguments.device},
                {"threads", num_threads()},
                {"input", {{"shape", x.shape().extents()}, {"dtype", name_of(x.dtype())}}},
                {"output", {{"shape", y.shape().extents()}, {"dtype", name_of(y.dtype())}}},
                {"repeat", arguments.repeat},
                {"load_ms", timing.load_ms},
                {"precision", arguments.runner.precision},
                {"eager", arguments.runner.eager || arguments.device != "cpu"},
                {"prepare_ms", timing.prepare_ms},
                {"first_ms", timing.first_ms},
                {"min_ms", timing.min_ms},
                {"median_ms", timing.median_ms},
                {"peak_rss_bytes", peak_rss_bytes()}});
    return;
  }
  std::printf("%s %s -> %s %s, loaded in %.1f ms, planned in %.1f ms, first call %.2f ms", name_of(x.dtype()),
              x.shape().str().c_str(), name_of(y.dtype()), y.shape().str().c_str(), timing.load_ms,
              timing.prepare_ms, timing.first_ms);
  if (arguments.repeat > 1)
    std::printf(", of %d calls least %.2f ms, median %.2f ms", arguments.repeat, timing.min_ms,
                timing.median_ms);
  std::puts("");
  if (arguments.output.empty() && y.numel() <= 1000) {
    std::ostringstream text;
    text << y;
    std::puts(text.str().c_str());
  }
}

int run(const Program& program, const RunArguments& arguments) {
  const Device device = Device::parse(arguments.device);
  check(device != meta, "[run] expected a device that computes, got meta");
  if (device != cpu) backend_of(device);  // throws where there is none
  if (arguments.threads > 0) set_num_threads(arguments.threads);
  Timing timing;
  const std::unique_ptr<nn::Module> model = load_model(arguments.weights, &timing.load_ms);
  model->to(device);
  const Tensor x = load_npy(arguments.input).to(device);
  RunnerOptions options = arguments.runner;
  options.eager |= device != cpu;
  Runner runner(*model, options);
  timing.prepare_ms = runner.prepare_for(x);
  Tensor y;
  std::vector<double> times;
  times.reserve(static_cast<size_t>(arguments.repeat));
  for (int i = 0; i < arguments.repeat; ++i) times.push_back(milliseconds_of([&] { y = runner(x).to(cpu); }));
  timing.first_ms = times.front();
  std::ranges::sort(times);
  timing.min_ms = times.front();
  timing.median_ms = times[times.size() / 2];
  if (!arguments.output.empty()) save_npy(arguments.output, y);
  report(program, arguments, x, y, timing);
  return done;
}

}  // namespace

void add_run(Program& program) {
  CLI::App* command = add_command(
      program, "run", "Put an array through a model",
      "sconce run --model resnet18 --weights resnet18.pth --input images.npy --output logits.npy");
  add_json(program, command);
  const auto arguments = std::make_shared<RunArguments>();
  add_weights_options(command, arguments->weights, true);
  command->add_option("--input", arguments->input, "A .npy file, as the model takes it")->required();
  command->add_option("--output", arguments->output,
                      "Where to write the result, a .npy file; without it small results are printed");
  command->add_option("--repeat", arguments->repeat, "Call the model so often, for timing")
      ->check(CLI::PositiveNumber);
  command->add_option("--threads", arguments->threads, "Threads to use; by default all")
      ->check(CLI::PositiveNumber);
  add_runner_options(command, arguments->runner);
  command->add_option("--device", arguments->device,
                      "cpu, cuda, cuda:N or cuda:sim; all but the cpu run op by op");
  command->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return run(program, *arguments); }; });
}

}  // namespace sconce::cli
