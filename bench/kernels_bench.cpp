// Single kernels beside a loop of multiply-adds in the same process: one thread, the thread's own CPU time.
//   kernels_bench [SECONDS]      prints one JSON document
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "cpu/engine/convolution.h"
#include "cpu/engine/depthwise.h"
#include "cpu/engine/winograd.h"
#include "cpu/isa_choice.h"
#include "measure.h"

namespace {

using namespace sconce;
using namespace sconce::engine;

struct Free {
  void operator()(void* p) const { std::free(p); }
};
using Memory = std::unique_ptr<float, Free>;

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
  Record reserve(int64_t count) override {
    blocks_.push_back(memory_of(count));
    return {blocks_.back().get(), false};
  }
};

Image image(int64_t side, int64_t channels) { return {1, side, side, channels, padded_pitch(channels)}; }
Image rows(int64_t count, int64_t channels) { return {1, 1, count, channels, padded_pitch(channels)}; }

struct Kernel {
  std::string family;
  std::string shape;
  std::unique_ptr<Operator> op;
  Image in, out;
};

// Everything that is measured; the weights lie in `packs`.
class Kernels {
 public:
  void linear(int64_t m, int64_t k, int64_t n, isa::Stored stored = isa::Stored::f32) {
    const Memory weight = memory_of(k * n);
    ConvWeights weights;
    weights.weight = weight.get();
    weights.stored = stored;
    const Image x = rows(m, k), y = rows(m, n);
    add("linear", std::to_string(m) + "x" + std::to_string(k) + " > " + std::to_string(n),
        make_linear(x, y, weights, {}, {}, best_kernels(), packs_), x, y);
  }
  void direct(int64_t in, int64_t out, int64_t side, int64_t kernel, int64_t stride, int64_t pad,
              int64_t groups = 1) {
    const Memory weight = memory_of(in / groups * out * kernel * kernel);
    ConvWeights weights;
    weights.weight = weight.get();
    ConvGeometry geometry;
    geometry.in = image(side, in);
    geometry.out = image((side + 2 * pad - kernel) / stride + 1, out);
    geometry.kernel_h = geometry.kernel_w = kernel;
    geometry.stride_h = geometry.stride_w = stride;
    geometry.pad_top = geometry.pad_left = pad;
    geometry.groups = groups;
    add(groups > 1 ? "direct, " + std::to_string(groups) + " groups" : "direct",
        shape_of(in, out, side, kernel, stride),
        make_convolution(geometry, weights, {}, {}, best_kernels(), packs_), geometry.in, geometry.out);
  }
  void winograd(WinogradTile tile, int64_t in, int64_t out, int64_t side) {
    const Memory weight = memory_of(in * out * 9);
    const Image x = image(side, in), y = image(side, out);
    add("winograd", shape_of(in, out, side, 3, 1),
        make_winograd(tile, x, y, 1, 1, weight.get(), {}, best_kernels(), packs_), x, y);
  }
  void depthwise(int64_t channels, int64_t side, int64_t kernel, int64_t stride) {
    const Memory weight = memory_of(channels * kernel * kernel);
    Window window;
    window.kernel_h = window.kernel_w = kernel;
    window.stride_h = window.stride_w = stride;
    window.pad_h = window.pad_w = kernel / 2;
    const Image x = image(side, channels), y = image((side - 1) / stride + 1, channels);
    add("depthwise", shape_of(channels, channels, side, kernel, stride),
        make_depthwise(x, y, window, weight.get(), {}, false, best_kernels(), packs_), x, y);
  }

  std::vector<Kernel> all;

 private:
  static std::string shape_of(int64_t in, int64_t out, int64_t side, int64_t kernel, int64_t stride) {
    return std::to_string(kernel) + "x" + std::to_string(kernel) +
           (stride > 1 ? " s" + std::to_string(stride) : "") + ", " + std::to_string(in) + " > " +
           std::to_string(out) + " @" + std::to_string(side);
  }
  void add(std::string family, std::string shape, std::unique_ptr<Operator> op, const Image& in,
           const Image& out) {
    all.push_back({std::move(family), std::move(shape), std::move(op), in, out});
  }
  HeapPacks packs_;
};

void choose(Kernels& kernels) {
  for (const auto& [m, k, n] : {std::array<int64_t, 3>{197, 768, 2304},
                                {197, 3072, 768},
                                {128, 768, 768},
                                {16, 25088, 512},
                                {4, 768, 3072},
                                {1, 512, 1000}})
    kernels.linear(m, k, n);
  // One row streams the weights: from the second cache, and (GPT-2's last product) from memory.
  for (isa::Stored stored : {isa::Stored::f32, isa::Stored::bf16, isa::Stored::f16, isa::Stored::i8}) {
    kernels.linear(1, 768, 3072, stored);
    kernels.linear(1, 768, 50257, stored);
    kernels.linear(128, 768, 3072, stored);
  }
  kernels.direct(256, 64, 56, 1, 1, 0);
  kernels.direct(1024, 256, 14, 1, 1, 0);
  kernels.direct(2048, 512, 7, 1, 1, 0);
  kernels.direct(64, 256, 56, 1, 1, 0);
  kernels.direct(512, 2048, 7, 1, 1, 0);
  kernels.direct(256, 512, 56, 1, 2, 0);
  kernels.direct(16, 96, 112, 1, 1, 0);
  kernels.direct(96, 24, 56, 1, 1, 0);
  for (const auto& [channels, side] : {std::pair<int64_t, int64_t>{64, 56}, {128, 28}, {256, 14}, {512, 7}}) {
    kernels.direct(channels, channels, side, 3, 1, 1);
    kernels.winograd(WinogradTile::f43, channels, channels, side);
    kernels.winograd(WinogradTile::f23, channels, channels, side);
  }
  kernels.direct(3, 64, 224, 7, 2, 3);
  kernels.direct(3, 32, 224, 3, 2, 1);
  kernels.direct(128, 128, 28, 3, 1, 1, 32);
  kernels.direct(128, 128, 56, 3, 2, 1);
  kernels.direct(3, 768, 224, 16, 16, 0);
  kernels.depthwise(144, 56, 3, 1);
  kernels.depthwise(96, 112, 3, 2);
  kernels.depthwise(240, 28, 5, 1);
  kernels.depthwise(96, 56, 7, 1);
}

// The rate of multiply-adds in registers, in GFLOP/s.
double peak_gflops() {
  constexpr int64_t rounds = 200000;
  const isa::GemmKernels& gemm = *best_kernels().gemm;
  volatile float sink = 0;
  const double ms = bench::least_cpu_ms([&] { sink = gemm.multiply_adds(rounds); }, 0.03);
  return static_cast<double>(rounds * gemm.flops) / ms / 1e6;
}

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
}

}  // namespace

int main(int count, char** arguments) {
  try {
    const double seconds = count > 1 ? std::atof(arguments[1]) : 0.3;
    Kernels chosen;
    choose(chosen);
    // The loop is timed before each kernel, so that both see the same clock rate.
    std::vector<double> peaks;
    std::string lines;
    for (const Kernel& kernel : chosen.all) {
      const double now = peak_gflops(), ms = least_ms(kernel, seconds);
      peaks.push_back(now);
      const double gflops = kernel.op->flops() / ms / 1e6;
      char line[512];
      std::snprintf(line, sizeof line,
                    "%s\n  {\"kernel\": \"%s, %s\", \"weights\": \"%s\", \"shape\": \"%s\", \"ms\": %.5f, "
                    "\"gflops\": %.2f, "
                    "\"of_peak\": %.4f, \"gigabytes_per_s\": %.2f}",
                    lines.empty() ? "" : ",", kernel.family.c_str(), kernel.op->algorithm().c_str(),
                    kernel.op->precision(), kernel.shape.c_str(), ms, gflops, gflops / now,
                    kernel.op->bytes() / ms / 1e6);
      lines += line;
    }
    std::ranges::nth_element(peaks, peaks.begin() + static_cast<ptrdiff_t>(peaks.size() / 2));
    std::printf("{\"isa\": \"%s\", \"peak_gflops\": %.2f, \"kernels\": [%s]}\n", best_kernels().name,
                peaks[peaks.size() / 2], lines.c_str());
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "kernels_bench: %s\n", e.what()), 1;
  }
}
