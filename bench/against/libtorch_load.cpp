// LibTorch's C++ reader of pickled checkpoints, for compare_load.py, which builds it against the headers of the pip package.
//   libtorch_load FILE        in-process times of reading the file and torch::pickle_load, which takes a plain dict only
//   libtorch_load once FILE   once, for timing whole processes
#include <torch/torch.h>

#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <vector>

#include "../measure.h"

static size_t load(const char* path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  std::vector<char> bytes(static_cast<size_t>(in.tellg()));
  in.seekg(0);
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return torch::pickle_load(bytes).toGenericDict().size();
}

static double cpu_ms() {
  timespec t{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return 1e3 * static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_nsec);
}

int main(int count, char** arguments) {
  if (count == 3 && std::strcmp(arguments[1], "once") == 0) return load(arguments[2]) > 0 ? 0 : 1;
  if (count != 2) return 2;
  double least = 1e300;
  const bench::Times times = bench::measure([&] {
    const double begin = cpu_ms();
    load(arguments[1]);
    least = std::min(least, cpu_ms() - begin);
  });
  std::printf("{\"load_min_ms\": %.3f, \"load_cpu_ms\": %.3f, \"calls\": %zu}\n", times.min_ms, least,
              times.calls);
}
