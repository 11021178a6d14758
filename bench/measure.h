// Timing of a call: repeated for a while, reported as least and median.
#pragma once
#include <algorithm>
#include <chrono>
#include <ctime>
#include <vector>

namespace bench {

struct Times {
  double first_ms = 0, min_ms = 0, median_ms = 0;
  size_t calls = 0;
};

// Calls f at least `least` times and for `seconds`.
template <class F>
Times measure(F&& f, double seconds = 1, size_t least = 5) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  std::vector<double> times;
  while (times.size() < least || Clock::now() - begin < std::chrono::duration<double>(seconds)) {
    const auto start = Clock::now();
    f();
    times.push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  }
  Times out{times.front(), 0, 0, times.size()};
  std::sort(times.begin(), times.end());
  out.min_ms = times.front();
  out.median_ms = times[times.size() / 2];
  return out;
}

// The least CPU time of this thread that one call of f takes, in ms: what a neighbour took is not in it.
template <class F>
double least_cpu_ms(F&& f, double seconds) {
  const auto now = [] {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e3 * static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_nsec);
  };
  f();
  double least = 1e300;
  int calls = 0;
  for (const double begin = now(); calls < 5 || now() - begin < 1e3 * seconds; ++calls) {
    const double start = now();
    f();
    least = std::min(least, now() - start);
  }
  return least;
}

}  // namespace bench
