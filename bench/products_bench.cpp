// Single operators of the engine on one thread, as fractions of the machine's peak: multiply-adds in a bare loop, measured in between.
// Times are sums over an operator's pieces of the least time that each took, so that neighbours on the machine do not count.
//   products_bench [name] [isa]       only the shapes whose names contain `name`
#include <sys/mman.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "cpu/engine/convolution.h"
#include "cpu/isa_choice.h"

using namespace sconce;
using namespace sconce::engine;

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

float* floats(int64_t count) {
  constexpr size_t kHuge = 2 << 20;
  size_t bytes = (static_cast<size_t>(count) * 4 + 255) / 64 * 64;
  if (bytes > kHuge / 2) bytes = (bytes + kHuge - 1) / kHuge * kHuge;
  auto* p = static_cast<float*>(std::aligned_alloc(std::min(bytes, kHuge) == kHuge ? kHuge : 64, bytes));
  if (bytes >= kHuge) madvise(p, bytes, MADV_HUGEPAGE);  // as plans do
  for (size_t i = 0; i < bytes / 4; ++i)
    p[i] = static_cast<float>(static_cast<int>(i * 2654435761u >> 20) % 1000 - 500) * 1e-3f;
  return p;
}

class HeapPacks final : public Packs {
 private:
  Record reserve(int64_t count) override {
    held_.push_back({floats(count), &std::free});
    return {held_.back().get(), false};
  }
  std::vector<std::unique_ptr<float, decltype(&std::free)>> held_;
};

volatile float sink;

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
};

ConvGeometry conv(int64_t size, int64_t in, int64_t out, int64_t kernel, int64_t stride = 1, int64_t pad = 0,
                  int64_t groups = 1) {
  ConvGeometry g;
  g.in = {1, size, size, in, padded_pitch(in)};
  const int64_t result = (size + 2 * pad - kernel) / stride + 1;
  g.out = {1, result, result, out, padded_pitch(out)};
  g.kernel_h = g.kernel_w = kernel;
  g.stride_h = g.stride_w = stride;
  g.pad_top = g.pad_left = pad;
  g.groups = groups;
  return g;
}
ConvGeometry linear(int64_t rows, int64_t in, int64_t out) {
  ConvGeometry g;
  g.in = {1, 1, rows, in, padded_pitch(in)};
  g.out = {1, 1, rows, out, padded_pitch(out)};
  return g;
}

void measure(const Shape& shape, const isa::Kernels& kernels, bool first) {
  const ConvGeometry& g = shape.geometry;
  HeapPacks packs;
  const std::unique_ptr<float, decltype(&std::free)> weight(
      floats(g.in.c / g.groups * g.out.c * g.kernel_h * g.kernel_w), &std::free);
  const std::unique_ptr<float, decltype(&std::free)> x(floats(g.in.rows() * g.in.pitch), &std::free),
      y(floats(g.out.rows() * g.out.pitch), &std::free);
  const std::vector<double> bias(static_cast<size_t>(g.out.c), 0.1);
  double start = now();
  const auto op =
      make_convolution(g, {.weight = weight.get()},
                       {.shift = bias.data(), .activation = isa::Activation::relu}, {}, kernels, packs);
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
  std::printf(
      "%s\n  {\"name\": \"%s\", \"isa\": \"%s\", \"algorithm\": \"%s\", \"pieces\": %lld, \"build_ms\": "
      "%.3f, \"ms\": %.4f, \"gflops\": %.1f, \"peak\": %.3f}",
      first ? "" : ",", shape.name, kernels.name, op->algorithm().c_str(),
      static_cast<long long>(op->pieces()), build * 1e3, best * 1e3, op->flops() / best * 1e-9,
      op->flops() / best / peak);
}

}  // namespace

int main(int argc, char** argv) {
  const Shape shapes[] = {
      {"conv 3x3 64 @56", conv(56, 64, 64, 3, 1, 1)},
      {"conv 3x3 128 @28", conv(28, 128, 128, 3, 1, 1)},
      {"conv 1x1 256-64 @56", conv(56, 256, 64, 1)},
      {"linear 197x768-2304", linear(197, 768, 2304)},
      {"conv 3x3 s2 128 @56", conv(56, 128, 128, 3, 2, 1)},
      {"conv 3x3 256 @14", conv(14, 256, 256, 3, 1, 1)},
      {"conv 3x3 512 @7", conv(7, 512, 512, 3, 1, 1)},
      {"conv 1x1 64-256 @56", conv(56, 64, 256, 1)},
      {"conv 1x1 1024-256 @14", conv(14, 1024, 256, 1)},
      {"conv 1x1 2048-512 @7", conv(7, 2048, 512, 1)},
      {"conv 1x1 512-2048 @7", conv(7, 512, 2048, 1)},
      {"conv 1x1 s2 256-512 @56", conv(56, 256, 512, 1, 2)},
      {"conv 1x1 16-96 @112", conv(112, 16, 96, 1)},
      {"conv 1x1 96-24 @56", conv(56, 96, 24, 1)},
      {"conv 1x1 144-24 @56", conv(56, 144, 24, 1)},
      {"conv 7x7 s2 3-64 @224", conv(224, 3, 64, 7, 2, 3)},
      {"conv 3x3 s2 3-32 @224", conv(224, 3, 32, 3, 2, 1)},
      {"patches 16x16 3-768 @224", conv(224, 3, 768, 16, 16)},
      {"conv 3x3 128 @28 groups 32", conv(28, 128, 128, 3, 1, 1, 32)},
      {"linear 197x3072-768", linear(197, 3072, 768)},
      {"linear 16x25088-512", linear(16, 25088, 512)},
      {"linear 128x768-3072", linear(128, 768, 3072)},
      {"linear 128x768-768", linear(128, 768, 768)},
      {"linear 1x768-3072", linear(1, 768, 3072)},
      {"linear 4x768-3072", linear(4, 768, 3072)},
      {"linear 1x512-1000", linear(1, 512, 1000)},
  };
  bool first = true;
  std::printf("[");
  for (const Shape& shape : shapes)
    for (const isa::Kernels& kernels : all_kernels()) {
      if (argc > 1 && !std::strstr(shape.name, argv[1])) continue;
      if (argc > 2 ? std::strcmp(kernels.name, argv[2]) != 0 : &kernels != &all_kernels().front()) continue;
      measure(shape, kernels, first);
      first = false;
    }
  std::printf("\n]\n");
  return 0;
}
