// Loading a checkpoint: opened only, its pages touched, every byte read and checked, put onto modules.
//   load_bench FILE             in-process times of open, touch and check
//   load_bench once FILE        opens it once and ends, for timing whole processes
//   load_bench fit FILE COUNT   onto COUNT modules Linear(2, 3) named "0", "1", ...: copied, and assigned
//   load_bench memory FILE      loads and assigns it onto a resnet50, and says what memory that took
#include <sconce/checkpoint.h>
#include <sconce/nn/models.h>
#include <sconce/nn/nn.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <string>

#include "measure.h"

namespace {

// Calls f for a while. Least and median of the time on the clock, and least of the time on the processor, which is what
// counts on a busy machine.
struct Timing {
  double min_ms = 0, median_ms = 0, cpu_ms = 1e300;
  size_t calls = 0;
};

double cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return 1e3 * static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_nsec);
}

template <class F>
Timing time_of(const F& f) {
  Timing out;
  const bench::Times times = bench::measure([&] {
    const double begin = cpu_ms();
    f();
    out.cpu_ms = std::min(out.cpu_ms, cpu_ms() - begin);
  });
  out.min_ms = times.min_ms, out.median_ms = times.median_ms, out.calls = times.calls;
  return out;
}

void print(const char* name, const Timing& t) {
  std::printf("\"%s_ms\": %.4f, \"%s_min_ms\": %.4f, \"%s_cpu_ms\": %.4f, ", name, t.median_ms, name,
              t.min_ms, name, t.cpu_ms);
}

// One byte of each page, so that a mapped file is really read.
uint64_t touch(const sconce::StateDict& state) {
  uint64_t sum = 0;
  for (const auto& entry : state) {
    if (!entry.is_tensor()) continue;
    const sconce::Tensor& t = entry.tensor();
    const auto* bytes = static_cast<const unsigned char*>(t.data());
    for (int64_t i = 0; i < t.nbytes(); i += 4096) sum += bytes[i];
  }
  return sum;
}

void load_only(const char* file) {
  uint64_t sum = 0;
  sconce::LoadOptions unchecked;
  unchecked.verify_crc = false;
  const Timing open = time_of([&] { sconce::load(file); });
  const Timing fast = time_of([&] { sum += touch(sconce::load(file, unchecked)); });
  const Timing load = time_of([&] { sum += touch(sconce::load(file)); });
  std::printf("{");
  print("open", open);
  print("load_unchecked", fast);
  print("load", load);
  std::printf("\"calls\": %zu, \"sum\": %llu}\n", open.calls, static_cast<unsigned long long>(sum));
}

void fit(const char* file, int count) {
  sconce::nn::Sequential net;
  for (int i = 0; i < count; ++i) net.push_back(sconce::nn::Linear(2, 3));
  const sconce::StateDict state = sconce::load(file);
  std::printf("{");
  print("copy", time_of([&] { net.load_state_dict(state); }));
  print("assign", time_of([&] { net.load_state_dict(state, {.assign = true}); }));
  std::printf("\"modules\": %d}\n", count);
}

// A line of /proc/self/status in bytes.
long long memory(const char* name) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.compare(0, std::strlen(name), name) == 0)
      return std::atoll(line.c_str() + std::strlen(name) + 1) * 1024;
  return 0;
}

void weigh(const char* file) {
  const auto net = sconce::nn::make_model("resnet50");
  const long long before = memory("RssAnon"), file_before = memory("RssFile");
  const sconce::StateDict state = sconce::load(file);
  net->load_state_dict(state, {.assign = true});
  const long long after = memory("RssAnon"), file_after = memory("RssFile");
  std::printf("{\"anonymous\": %lld, \"anonymous_before\": %lld, \"file_backed\": %lld, \"peak\": %lld}\n",
              after - before, before, file_after - file_before, memory("VmHWM"));
}

}  // namespace

int main(int count, char** arguments) {
  const std::string mode = count > 2 ? arguments[1] : "";
  try {
    if (count == 2) return load_only(arguments[1]), 0;
    if (count == 3 && mode == "once") return sconce::load(arguments[2]).size() > 0 ? 0 : 1;
    if (count == 4 && mode == "fit") return fit(arguments[2], std::atoi(arguments[3])), 0;
    if (count == 3 && mode == "memory") return weigh(arguments[2]), 0;
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "load_bench: %s\n", e.what()), 1;
  }
  return std::fputs("usage: load_bench [once|memory] FILE | load_bench fit FILE COUNT\n", stderr), 2;
}
