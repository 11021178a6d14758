// sconce bench: how fast a model runs here.
#include <sconce/npy.h>
#include <sconce/ops.h>
#include <sconce/prepare.h>
#include <sconce/threads.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "runner.h"
#include "weights.h"

namespace sconce::cli {
namespace {

using Clock = std::chrono::steady_clock;
using Forward = std::function<Tensor(const Tensor&)>;

struct BenchArguments {
  WeightsOptions weights;
  std::string input, output, trace, packed;
  int64_t batch = 1;
  int threads = 0;
  double seconds = 2;
  RunnerOptions runner;
  bool profile = false;
};

struct Measured {
  double load_ms = 0, prepare_ms = 0, first_ms = 0, min_ms = 0, median_ms = 0, cpu_min_ms = 0;
  int64_t plan_bytes = 0, interpreted_steps = 0;
  size_t calls = 0;
};

double since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// Of all threads of this process: what counts on a busy machine, with one thread.
double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

int64_t peak_rss_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t{usage.ru_maxrss} * 1024;
}

// The file that was given, or numbers of the size that the model expects, the same every time.
Tensor input_of(const BenchArguments& arguments) {
  if (!arguments.input.empty()) return load_npy(arguments.input);
  const nn::ModelInfo* info = nn::find_model(arguments.weights.model);
  check(info != nullptr,
        "[bench] expected --input, because only the named models tell the shape of theirs, got ",
        arguments.weights.model);
  std::vector<int64_t> extents = info->input_shape;
  extents.insert(extents.begin(), arguments.batch);
  Tensor x = ones(Shape(extents), info->vocabulary > 0 ? DType::i64 : DType::f32);
  uint32_t seed = 1;
  for (int64_t i = 0; i < x.numel(); ++i) {
    seed = seed * 1664525u + 1013904223u;
    if (info->vocabulary > 0)
      x.mutable_data<int64_t>()[i] = seed % info->vocabulary;
    else
      x.mutable_data<float>()[i] = static_cast<float>(seed >> 8) / float{1 << 23} - 1;
  }
  return x;
}

// Two calls to warm up, then as many as fit into the time, at least five.
void repeat(const Forward& forward, const Tensor& x, double seconds, Measured& measured) {
  forward(x), forward(x);
  std::vector<double> times;
  measured.cpu_min_ms = std::numeric_limits<double>::infinity();
  for (const auto begin = Clock::now(); times.size() < 5 || since(begin) < 1000 * seconds;) {
    const double cpu_start = cpu_ms();
    const auto start = Clock::now();
    forward(x);
    times.push_back(since(start));
    measured.cpu_min_ms = std::min(measured.cpu_min_ms, cpu_ms() - cpu_start);
  }
  std::ranges::sort(times);
  measured.min_ms = times.front();
  measured.median_ms = times[times.size() / 2];
  measured.calls = times.size();
}

void report(const Program& program, const BenchArguments& arguments, const Tensor& x,
            const Measured& measured) {
  const int64_t batch = x.shape().dim() > 0 ? x.shape()[0] : 1;
  if (program.json) {
    print_json({{"model", arguments.weights.model},
                {"batch", batch},
                {"threads", num_threads()},
                {"device", "cpu"},
                {"precision", arguments.runner.precision},
                {"eager", arguments.runner.eager},
                {"load_ms", measured.load_ms},
                {"prepare_ms", measured.prepare_ms},
                {"first_ms", measured.first_ms},
                {"min_ms", measured.min_ms},
                {"median_ms", measured.median_ms},
                {"cpu_min_ms", measured.cpu_min_ms},
                {"calls", measured.calls},
                {"plan_bytes", measured.plan_bytes},
                {"interpreted_steps", measured.interpreted_steps},
                {"peak_rss_bytes", peak_rss_bytes()}});
    return;
  }
  std::printf("%s, batch %lld, %d thread%s, %s: of %zu calls least %.3f ms, median %.3f ms\n",
              arguments.weights.model.c_str(), static_cast<long long>(batch), num_threads(),
              num_threads() == 1 ? "" : "s",
              arguments.runner.eager ? "eager" : concat("prepared in ", arguments.runner.precision).c_str(),
              measured.calls, measured.min_ms, measured.median_ms);
  std::printf("load %.1f ms, prepare %.1f ms, first call %.2f ms, plan %.1f MB, peak memory %.1f MB\n",
              measured.load_ms, measured.prepare_ms, measured.first_ms,
              static_cast<double>(measured.plan_bytes) / 1e6, static_cast<double>(peak_rss_bytes()) / 1e6);
}

// Where a plan's time goes: a table, and the file that --trace names.
void profile(const Plan& plan, const Tensor& x, const BenchArguments& arguments) {
  const PlanProfile profile = plan.profile(x);
  if (arguments.profile) std::fprintf(stderr, "%s\n", profile.str().c_str());
  if (arguments.trace.empty()) return;
  std::ofstream file(arguments.trace, std::ios::binary);
  file << profile.chrome_trace();
  if (!file.good()) fail(ErrorKind::io, "cannot write ", arguments.trace);
}

int bench(const Program& program, const BenchArguments& arguments) {
  if (arguments.threads > 0) set_num_threads(arguments.threads);
  Measured measured;
  std::unique_ptr<nn::Module> model;
  if (arguments.weights.file.empty()) {
    model = nn::make_model(arguments.weights.model, arguments.weights.num_classes);
    model->eval();
  } else {
    model = load_model(arguments.weights, &measured.load_ms);
  }
  const Tensor x = input_of(arguments);
  const Forward eager = [&model](const Tensor& input) { return (*model)(input); };
  Forward forward = eager;
  Plan plan;
  if (!arguments.runner.eager) {
    const auto start = Clock::now();
    PrepareOptions options;
    options.packed_path = arguments.packed;
    options.precision = parse_precision(arguments.runner.precision);
    plan = prepare(eager, x, options);
    measured.prepare_ms = since(start);
    measured.plan_bytes = plan.packed_bytes() + plan.arena_bytes();
    measured.interpreted_steps = plan.interpreted_steps();
    forward = plan;
  }
  const auto begin = Clock::now();
  const Tensor y = forward(x);
  measured.first_ms = since(begin);
  if (!arguments.output.empty()) save_npy(arguments.output, y);
  repeat(forward, x, arguments.seconds, measured);
  report(program, arguments, x, measured);
  if (arguments.profile || !arguments.trace.empty()) profile(plan, x, arguments);
  return done;
}

}  // namespace

void add_bench(Program& program) {
  CLI::App* command = add_command(program, "bench", "Measure how fast a model runs",
                                  "sconce bench --model resnet18 --batch 1 --threads 1");
  add_json(program, command);
  const auto arguments = std::make_shared<BenchArguments>();
  add_weights_options(command, arguments->weights, false);
  command->add_option("--weights", arguments->weights.file,
                      "The checkpoint; without it the weights are made up");
  command->add_option("--batch", arguments->batch, "How many examples a call takes, when there is no --input")
      ->check(CLI::PositiveNumber);
  command->add_option("--input", arguments->input, "A .npy file, as the model takes it");
  command->add_option("--output", arguments->output, "Where to write the result, a .npy file");
  command->add_option("--threads", arguments->threads, "Threads to use; by default all")
      ->check(CLI::PositiveNumber);
  command->add_option("--seconds", arguments->seconds, "How long to repeat")->check(CLI::NonNegativeNumber);
  add_runner_options(command, arguments->runner);
  command->add_option("--packed", arguments->packed,
                      "Packed weights that Plan::save_packed() wrote, to map them");
  command->add_flag("--profile", arguments->profile, "Print each step's time to stderr")->excludes("--eager");
  command->add_option("--trace", arguments->trace, "Write the profile for chrome://tracing")
      ->excludes("--eager");
  command->callback([&program, arguments] {
    program.chosen = [&program, arguments] { return bench(program, *arguments); };
  });
}

}  // namespace sconce::cli
