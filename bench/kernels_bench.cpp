<<<<<<< HEAD
// Single kernels beside a loop of multiply-adds in the same process: one thread, the thread's own CPU time.
//   kernels_bench [SECONDS]      prints one JSON document
#include <algorithm>
#include <array>
=======
// Single operators of the engine on one thread, as fractions of the machine's peak: multiply-adds in a bare loop, measured in between.
// Times are sums over an operator's pieces of the least time that each took, so that neighbours on the machine do not count.
//   kernels_bench [name] [isa]       only the shapes whose names contain `name`
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
>>>>>>> gemm
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "cpu/engine/convolution.h"
#include "cpu/engine/depthwise.h"
#include "cpu/engine/winograd.h"
#include "cpu/isa_choice.h"
#include "fma_loop.h"
#include "measure.h"

namespace {

using namespace sconce;
using namespace sconce::engine;

struct Free {
  void operator()(void* p) const { std::free(p); }
};
using Memory = std::unique_ptr<float, Free>;

<<<<<<< HEAD
Memory memory_of(int64_t floats) {
  const size_t bytes = (static_cast<size_t>(floats) * sizeof(float) + 255) / 64 * 64;
  Memory out(static_cast<float*>(std::aligned_alloc(64, bytes)));
  uint32_t seed = 1;
  for (size_t i = 0; i < bytes / sizeof(float); ++i) {
    seed = seed * 1664525u + 1013904223u;
    out.get()[i] = static_cast<float>(seed >> 8) / float{1 << 23} - 1;
  }
  return out;
}

class HeapPacks : public Packs {
  std::vector<Memory> blocks_;
=======
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

float* floats(int64_t count) {
  constexpr size_t kHuge = 2 << 20;
  size_t bytes = (static_cast<size_t>(count) * 4 + 255) / 64 * 64;
  if (bytes > kHuge / 2) bytes = (bytes + kHuge - 1) / kHuge * kHuge;
  auto* p = static_cast<float*>(std::aligned_alloc(std::min(bytes, kHuge) == kHuge ? kHuge : 64, bytes));
  if (bytes >= kHuge) madvise(p, bytes, MADV_HUGEPAGE);  // as plans do
  for (size_t i = 0; i < bytes / 4; ++i) p[i] = static_cast<float>(static_cast<int>(i * 2654435761u >> 20) % 1000 - 500) * 1e-3f;
  return p;
}

class HeapPacks final : public Packs {
 private:
>>>>>>> gemm
  Record reserve(int64_t count) override {
    blocks_.push_back(memory_of(count));
    return {blocks_.back().get(), false};
  }
};

Image image(int64_t side, int64_t channels) { return {1, side, side, channels, padded_pitch(channels)}; }
Image rows(int64_t count, int64_t channels) { return {1, 1, count, channels, padded_pitch(channels)}; }

<<<<<<< HEAD
struct Kernel {
  const char* family;
  std::string shape;
  std::unique_ptr<Operator> op;
  Image in, out;
=======
double peak_flops(const isa::GemmKernels& kernels) {
  double best = 1e9;
  const int64_t rounds = 5000;
  for (int i = 0; i < 40; ++i) {
    const double start = now();
    sink = kernels.multiply_adds(rounds);
    best = std::min(best, now() - start);
  }
  return static_cast<double>(rounds * kernels.flops) / best;
}

struct Shape {
  const char* name;
  ConvGeometry geometry;
>>>>>>> gemm
};

// Everything that is measured; the weights lie in `packs`.
class Kernels {
 public:
  void linear(int64_t m, int64_t k, int64_t n) {
    const Memory weight = memory_of(k * n);
    ConvWeights weights;
    weights.weight = weight.get();
    const Image x = rows(m, k), y = rows(m, n);
    add("linear", std::to_string(m) + "x" + std::to_string(k) + " > " + std::to_string(n),
        make_linear(x, y, weights, {}, kernels(), packs_), x, y);
  }
  void direct(int64_t in, int64_t out, int64_t side, int64_t kernel, int64_t stride, int64_t pad) {
    const Memory weight = memory_of(in * out * kernel * kernel);
    ConvWeights weights;
    weights.weight = weight.get();
    ConvGeometry geometry;
    geometry.in = image(side, in);
    geometry.out = image((side + 2 * pad - kernel) / stride + 1, out);
    geometry.kernel_h = geometry.kernel_w = kernel;
    geometry.stride_h = geometry.stride_w = stride;
    geometry.pad_top = geometry.pad_left = pad;
    add("direct", shape_of(in, out, side, kernel, stride),
        make_convolution(geometry, weights, {}, kernels(), packs_), geometry.in, geometry.out);
  }
  void winograd(WinogradTile tile, int64_t in, int64_t out, int64_t side) {
    const Memory weight = memory_of(in * out * 9);
    const Image x = image(side, in), y = image(side, out);
    add("winograd", shape_of(in, out, side, 3, 1),
        make_winograd(tile, x, y, 1, 1, weight.get(), {}, kernels(), packs_), x, y);
  }
  void depthwise(int64_t channels, int64_t side, int64_t kernel, int64_t stride) {
    const Memory weight = memory_of(channels * kernel * kernel);
    Window window;
    window.kernel_h = window.kernel_w = kernel;
    window.stride_h = window.stride_w = stride;
    window.pad_h = window.pad_w = kernel / 2;
    const Image x = image(side, channels), y = image((side - 1) / stride + 1, channels);
    add("depthwise", shape_of(channels, channels, side, kernel, stride),
        make_depthwise(x, y, window, weight.get(), {}, false, kernels(), packs_), x, y);
  }

  std::vector<Kernel> all;

 private:
  static std::string shape_of(int64_t in, int64_t out, int64_t side, int64_t kernel, int64_t stride) {
    return std::to_string(kernel) + "x" + std::to_string(kernel) +
           (stride > 1 ? " s" + std::to_string(stride) : "") + ", " + std::to_string(in) + " > " +
           std::to_string(out) + " @" + std::to_string(side);
  }
  void add(const char* family, std::string shape, std::unique_ptr<Operator> op, const Image& in,
           const Image& out) {
    all.push_back({family, std::move(shape), std::move(op), in, out});
  }
  HeapPacks packs_;
};

void choose(Kernels& kernels) {
  for (const auto& [m, k, n] : {std::array<int64_t, 3>{197, 768, 2304},
                                {197, 3072, 768},
                                {128, 768, 768},
                                {128, 768, 3072},
                                {1, 768, 3072}})
    kernels.linear(m, k, n);
  kernels.direct(256, 64, 56, 1, 1, 0);
  kernels.direct(1024, 256, 14, 1, 1, 0);
  kernels.direct(2048, 512, 7, 1, 1, 0);
  for (const auto& [channels, side] : {std::pair<int64_t, int64_t>{64, 56}, {128, 28}, {256, 14}, {512, 7}}) {
    kernels.direct(channels, channels, side, 3, 1, 1);
    kernels.winograd(WinogradTile::f43, channels, channels, side);
    kernels.winograd(WinogradTile::f23, channels, channels, side);
  }
  kernels.direct(3, 64, 224, 7, 2, 3);
  kernels.direct(128, 128, 56, 3, 2, 1);
  kernels.direct(3, 768, 224, 16, 16, 0);
  kernels.depthwise(144, 56, 3, 1);
  kernels.depthwise(96, 112, 3, 2);
  kernels.depthwise(240, 28, 5, 1);
  kernels.depthwise(96, 56, 7, 1);
}

<<<<<<< HEAD
double least_ms(const Kernel& kernel, double seconds) {
  const Memory x = memory_of(kernel.in.rows() * kernel.in.pitch),
               y = memory_of(kernel.out.rows() * kernel.out.pitch);
  const Memory scratch = memory_of(kernel.op->scratch_bytes() / int64_t{sizeof(float)} + 1);
  const void* inputs[] = {x.get(), nullptr, nullptr};
  void* outputs[] = {y.get(), nullptr};
  return bench::least_cpu_ms(
      [&] {
        kernel.op->run(0, kernel.op->pieces(), {inputs, outputs}, scratch.get());
      },
      seconds);
=======
void measure(const Shape& shape, const isa::Kernels& kernels, bool first) {
  const ConvGeometry& g = shape.geometry;
  HeapPacks packs;
  const std::unique_ptr<float, decltype(&std::free)> weight(floats(g.in.c / g.groups * g.out.c * g.kernel_h * g.kernel_w), &std::free);
  const std::unique_ptr<float, decltype(&std::free)> x(floats(g.in.rows() * g.in.pitch), &std::free), y(floats(g.out.rows() * g.out.pitch), &std::free);
  const std::vector<double> bias(static_cast<size_t>(g.out.c), 0.1);
  double start = now();
  const auto op = make_convolution(g, {.weight = weight.get()}, {.shift = bias.data(), .activation = isa::Activation::relu}, {}, kernels, packs);
  const double build = now() - start;
  const std::unique_ptr<float, decltype(&std::free)> scratch(floats(op->scratch_bytes() / 4), &std::free);
  const void* in[] = {x.get(), nullptr, nullptr};
  void* out[] = {y.get()};
  double peak = 0, spent = 0;
  std::vector<double> least(static_cast<size_t>(op->pieces()), 1e9);
  for (int i = 0; i < 7 || (spent < 0.6 && i < 1000); ++i) {
    if (i % 16 == 0) peak = std::max(peak, peak_flops(*kernels.gemm));
    for (int64_t p = 0; p < op->pieces(); ++p) {
      start = now();
      op->run(p, p + 1, {in, out}, scratch.get());
      const double took = now() - start;
      least[static_cast<size_t>(p)] = std::min(least[static_cast<size_t>(p)], took);
      spent += took;
    }
  }
  const double best = std::accumulate(least.begin(), least.end(), 0.0);
  std::printf("%s\n  {\"name\": \"%s\", \"isa\": \"%s\", \"algorithm\": \"%s\", \"pieces\": %lld, \"build_ms\": %.3f, \"ms\": %.4f, \"gflops\": %.1f, \"peak\": %.3f}",
              first ? "" : ",", shape.name, kernels.name, op->algorithm().c_str(), static_cast<long long>(op->pieces()), build * 1e3, best * 1e3,
              op->flops() / best * 1e-9, op->flops() / best / peak);
>>>>>>> gemm
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const double seconds = count > 1 ? std::atof(arguments[1]) : 0.3;
    Kernels chosen;
    choose(chosen);
    // The loop is timed before each kernel, so that both see the same clock rate.
    double peak = 0;
    std::string lines;
    for (const Kernel& kernel : chosen.all) {
      const double now = bench::fma_gflops(kernels().name, 0.05), ms = least_ms(kernel, seconds);
      peak = std::max(peak, now);
      const double gflops = kernel.op->flops() / ms / 1e6;
      char line[512];
      std::snprintf(line, sizeof line,
                    "%s\n  {\"kernel\": \"%s, %s\", \"shape\": \"%s\", \"ms\": %.5f, \"gflops\": %.2f, "
                    "\"of_peak\": %.4f}",
                    lines.empty() ? "" : ",", kernel.family, kernel.op->algorithm().c_str(),
                    kernel.shape.c_str(), ms, gflops, gflops / now);
      lines += line;
    }
    std::printf("{\"isa\": \"%s\", \"peak_gflops\": %.2f, \"kernels\": [%s]}\n", kernels().name, peak,
                lines.c_str());
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "kernels_bench: %s\n", e.what()), 1;
  }
}
