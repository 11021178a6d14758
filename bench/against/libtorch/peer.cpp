// The LibTorch peer: a TorchScript archive called from C++.
//   peer TRACED.pt INPUT.npy                              loads, calls once, prints the largest logit's index
//   peer TRACED.pt INPUT.npy OUTPUT.bin THREADS SECONDS   repeats, writes the output, prints one JSON document
#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <torch/csrc/api/include/torch/version.h>
#include <torch/script.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

double cpu_ms() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

// A version 1 .npy file as numpy.save writes it: C order, f4 or i8.
torch::Tensor load_npy(const char* path) {
  std::ifstream file(path, std::ios::binary);
  unsigned char start[10];
  if (!file.read(reinterpret_cast<char*>(start), 10)) throw std::runtime_error("cannot read the input");
  std::string header(start[8] + 256u * start[9], '\0');
  file.read(header.data(), static_cast<std::streamsize>(header.size()));
  const bool integers = header.find("<i8") != std::string::npos;
  std::vector<int64_t> shape;
  const char* at = header.c_str() + header.find('(') + 1;
  while (*at >= '0' && *at <= '9') {
    char* end = nullptr;
    shape.push_back(std::strtoll(at, &end, 10));
    at = end;
    while (*at == ',' || *at == ' ') ++at;
  }
  torch::Tensor x = torch::empty(shape, integers ? torch::kInt64 : torch::kFloat32);
  file.read(static_cast<char*>(x.data_ptr()), static_cast<std::streamsize>(x.nbytes()));
  if (!file) throw std::runtime_error("the input is shorter than its shape");
  return x;
}

void measure(torch::jit::Module& module, const torch::Tensor& x, double load_ms, char** arguments) {
  const auto begin = Clock::now();
  torch::Tensor y = module.forward({x}).toTensor().contiguous();
  const double first_ms = since(begin);
  std::ofstream(arguments[0], std::ios::binary)
      .write(static_cast<const char*>(y.data_ptr()), static_cast<std::streamsize>(y.nbytes()));
  // The profiling executor compiles in its second call.
  for (int i = 0; i < 3; ++i) module.forward({x});
  const double seconds = std::atof(arguments[2]);
  std::vector<double> times;
  double cpu_min_ms = 1e300;
  for (const auto start = Clock::now(); times.size() < 5 || since(start) < 1000 * seconds;) {
    const double cpu_start = cpu_ms();
    const auto call = Clock::now();
    module.forward({x});
    times.push_back(since(call));
    cpu_min_ms = std::min(cpu_min_ms, cpu_ms() - cpu_start);
  }
  std::sort(times.begin(), times.end());
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "{\"version\": \"%s\", \"load_ms\": %.3f, \"first_ms\": %.3f, \"min_ms\": %.4f, \"median_ms\": %.4f, "
      "\"cpu_min_ms\": %.4f, \"calls\": %zu, \"peak_rss_bytes\": %lld}\n",
      TORCH_VERSION, load_ms, first_ms, times.front(), times[times.size() / 2], cpu_min_ms, times.size(),
      static_cast<long long>(usage.ru_maxrss) * 1024);
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3 && count != 6)
    return std::fputs("usage: peer TRACED.pt INPUT.npy [OUTPUT.bin THREADS SECONDS]\n", stderr), 2;
  try {
    const c10::InferenceMode no_gradients;
    at::set_num_threads(count == 6 ? std::atoi(arguments[4]) : 1);
    const auto begin = Clock::now();
    torch::jit::Module module = torch::jit::load(arguments[1]);
    module.eval();
    const double load_ms = since(begin);
    const torch::Tensor x = load_npy(arguments[2]);
    if (count == 6)
      measure(module, x, load_ms, arguments + 3);
    else
      std::printf("%lld\n",
                  static_cast<long long>(module.forward({x}).toTensor().argmax(-1)[0].item<int64_t>()));
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "peer: %s\n", e.what()), 1;
  }
}
