// Taking the time of each step, and writing it down.
#include <sconce/error.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "cpu/plan/machine.h"
#include "cpu/plan/plan.h"

namespace sconce {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

std::string escaped(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

template <class... Parts>
void print(std::string& out, const char* format, Parts... parts) {
  char line[512];
  std::snprintf(line, sizeof(line), format, parts...);
  out += line;
}

}  // namespace

PlanProfile Plan::profile(const std::vector<Tensor>& inputs, int repeats) const {
  check(impl_ != nullptr, "[prepare] this plan is empty");
  check(repeats > 0, "[profile] expected at least one repeat, got ", repeats);
  PlanProfile profile;
  std::vector<Tensor> outputs = (*this)(inputs), dense;
  for (const Tensor& t : inputs) dense.push_back(t.contiguous());
  impl_->with(dense, [&](const Compiled& compiled) {
    const plan::Executor& executor = *compiled.executor;
    const plan::Program& program = executor.program();
    std::vector<double> least(program.steps.size(), 1e300);
    profile.milliseconds = 1e300;
    profile.threads = executor.threads();
    for (int i = 0; i < repeats; ++i) {
      const auto whole = Clock::now();
      executor.run(dense, outputs);
      profile.milliseconds = std::min(profile.milliseconds, milliseconds(Clock::now() - whole));
      auto begin = Clock::now();
      const std::function<void(size_t, plan::Context&)> watch = [&](size_t step, plan::Context&) {
        const auto end = Clock::now();
        least[step] = std::min(least[step], milliseconds(end - begin));
        begin = Clock::now();
      };
      executor.run(dense, outputs, &watch);
    }
    profile.peak_gflops = plan::measure_machine().gflops;
    for (size_t i = 0; i < program.steps.size(); ++i) {
      const plan::Step& s = program.steps[i];
      ProfileStep step{s.node.scope, s.node.op, s.shapes, s.algorithm(), s.precision(), least[i]};
      step.interpreted = !s.op;
      if (s.op && least[i] > 0) {
        step.gflops = s.op->flops() / least[i] * 1e-6;
        step.of_peak = step.gflops / (profile.peak_gflops * profile.threads);
        step.gigabytes = s.op->bytes() / least[i] * 1e-6;
      }
      profile.steps.push_back(std::move(step));
    }
  });
  return profile;
}

std::string PlanProfile::str() const {
  double sum = 0;
  for (const ProfileStep& s : steps) sum += s.milliseconds;
  std::string out = "      ms  part  GFLOP/s  peak     GB/s  module, op, algorithm and weights, shapes\n";
  for (const ProfileStep& s : steps) {
    // Steps that take a twentieth of the time or more are marked.
    print(out, "%8.4f %4.1f%%%c %8.1f %4.0f%% %8.1f  ", s.milliseconds, 100 * s.milliseconds / sum,
          s.milliseconds > sum / 20 ? '*' : ' ', s.gflops, 100 * s.of_peak, s.gigabytes);
    out += s.scope + " " + s.op + " [" + s.algorithm + ", " + s.precision + "] " + s.shapes + "\n";
  }
  print(out, "%8.4f in steps, %.4f for a whole run; %d threads, peak %.1f GFLOP/s each\n", sum, milliseconds,
        threads, peak_gflops);
  return out;
}

std::string PlanProfile::chrome_trace() const {
  std::string out = "{\"traceEvents\": [";
  double at = 0;
  for (size_t i = 0; i < steps.size(); ++i) {
    const ProfileStep& s = steps[i];
    out += i ? ",\n" : "\n";
    out += "{\"name\": \"" + escaped(s.scope.empty() ? s.op : s.scope) + "\", \"cat\": \"" + escaped(s.op) +
           "\", ";
    print(out, "\"ph\": \"X\", \"pid\": 1, \"tid\": 1, \"ts\": %.3f, \"dur\": %.3f, ", at * 1e3,
          s.milliseconds * 1e3);
    out += "\"args\": {\"op\": \"" + escaped(s.op) + "\", \"algorithm\": \"" + escaped(s.algorithm) +
           "\", \"precision\": \"" + s.precision + "\", \"precision\": \"" + s.precision +
           "\", \"shapes\": \"" + escaped(s.shapes) + "\", ";
    print(out, "\"gflops\": %.3f, \"of_peak\": %.4f, \"gigabytes_per_second\": %.3f}}", s.gflops, s.of_peak,
          s.gigabytes);
    at += s.milliseconds;
  }
  return out + "\n]}\n";
}

}  // namespace sconce
