// Many threads that call one plan at once, beside a neighbour that spins: how long calls take, against the fair share of a caller.
//   crowd_bench [CALLERS] [SECONDS] [MODEL]      prints one JSON document
// The fair share: CALLERS + 1 want the CPUs, so a call that needs `alone` of one CPU's time takes alone * (CALLERS + 1) / CPUs.
#include <sconce/sconce.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "measure.h"

namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

void run(int callers, double seconds, const std::string& name) {
  using namespace sconce;
  const auto model = nn::make_model(name);
  model->eval();
  std::vector<int64_t> shape = nn::find_model(name)->input_shape;
  shape.insert(shape.begin(), 1);
  const Tensor x = ones(Shape(shape));
  const Plan plan = prepare(*model, x), single = prepare(*model, x, {.threads = 1});
  std::vector<Tensor> out;
  const double alone = bench::least_cpu_ms([&] { single.run({x}, out); }, 1);

  std::atomic<bool> stop{false};
  std::mutex mutex;
  std::vector<double> all;
  std::vector<std::thread> threads;
  threads.emplace_back([&] {  // the neighbour
    while (!stop) {
    }
  });
  for (int i = 0; i < callers; ++i)
    threads.emplace_back([&] {
      std::vector<double> mine;
      std::vector<Tensor> outputs;
      while (!stop) {
        const auto begin = Clock::now();
        plan.run({x}, outputs);
        mine.push_back(ms_since(begin));
      }
      const std::lock_guard lock(mutex);
      all.insert(all.end(), mine.begin(), mine.end());
    });
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (std::thread& t : threads) t.join();
  std::sort(all.begin(), all.end());
  const auto at = [&](double part) {
    return all[static_cast<size_t>(part * static_cast<double>(all.size() - 1))];
  };
  const double fair = alone * (callers + 1) / num_threads();
  std::printf(
      "{\"model\": \"%s\", \"callers\": %d, \"cpus\": %d, \"calls\": %zu, \"alone_ms\": %.3f, \"fair_ms\": "
      "%.2f, "
      "\"median_ms\": %.2f, \"p99_ms\": %.2f, \"p99_of_fair\": %.3f}\n",
      name.c_str(), callers, num_threads(), all.size(), alone, fair, at(0.5), at(0.99), at(0.99) / fair);
}

}  // namespace

int main(int count, char** arguments) {
  try {
    run(count > 1 ? std::atoi(arguments[1]) : 100, count > 2 ? std::atof(arguments[2]) : 20,
        count > 3 ? arguments[3] : "mobilenet_v3_small");
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "crowd_bench: %s\n", e.what()), 1;
  }
}
