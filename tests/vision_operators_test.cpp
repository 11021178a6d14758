#include <sconce/ops/activation.h>
#include <sconce/ops/conv.h>
#include <sconce/ops/elementwise.h>
#include <sconce/ops/interpolate.h>
#include <sconce/ops/pool.h>

#include "cpu/engine/depthwise.h"
#include "cpu/engine/layout_change.h"
#include "cpu/engine/pooling.h"
#include "cpu/engine/scale_channels.h"
#include "cpu/engine/upsample.h"
#include "cpu/isa_choice.h"
#include "support/engine_images.h"

using namespace sconce;
using namespace sconce::test;
using engine::Fusion;
using engine::Window;

namespace {

Tensor activated(const Tensor& x, isa::Activation a) {
  if (a == isa::Activation::relu) return relu(x);
  if (a == isa::Activation::relu6) return clamp(x, 0, 6);
  return x;
}

struct DepthwiseCase {
  int64_t n, c, h, w;
  Window window;
  isa::Activation activation = isa::Activation::none;
  bool residual = false;
};

int64_t extent(int64_t in, int64_t kernel, int64_t stride, int64_t pad, int64_t dilation) {
  return (in + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
}

// Differences between the operator and sums in double precision; all numbers are whole, so none is expected.
void check_depthwise(const DepthwiseCase& t, const isa::Kernels& kernels) {
  const Window& w = t.window;
  CAPTURE(kernels.name);
  CAPTURE(t.c);
  CAPTURE(t.h);
  CAPTURE(t.w);
  CAPTURE(w.kernel_h);
  CAPTURE(w.kernel_w);
  CAPTURE(w.stride_h);
  CAPTURE(w.pad_h);
  CAPTURE(w.dilation_h);
  CAPTURE(t.residual);
  const Tensor x = whole_numbers("x", {t.n, t.c, t.h, t.w}, 9),
               weight = whole_numbers("weight", {t.c, 1, w.kernel_h, w.kernel_w}, 5);
  const int64_t oh = extent(t.h, w.kernel_h, w.stride_h, w.pad_h, w.dilation_h),
                ow = extent(t.w, w.kernel_w, w.stride_w, w.pad_w, w.dilation_w);
  const Tensor residual = whole_numbers("residual", {t.n, t.c, oh, ow}, 20);
  std::vector<double> scale, shift;
  for (int64_t c = 0; c < t.c; ++c)
    scale.push_back(c % 3 == 0 ? 0.5 : 2.0), shift.push_back(static_cast<double>(c % 7));
  Fusion fusion{scale.data(), shift.data(), t.residual, t.c + 3, t.activation};
  PlacedImage in(x, t.c + 5), added(residual, t.c + 3), out(t.n, oh, ow, t.c, t.c + 1);
  PlacedImage means(t.n, 1, 1, t.c, t.c);
  HeapPacks packs;
  for (const bool with_means : {false, true}) {
    const auto op = engine::make_depthwise(in.image, out.image, w, weight.data<float>(), fusion, with_means,
                                           kernels, packs);
    run_backwards(*op, {in.data(), added.data()}, {out.data(), means.data()});
    Tensor sums = conv2d(x.to(DType::f64), weight.to(DType::f64), {}, {w.stride_h, w.stride_w},
                         {w.pad_h, w.pad_w}, {w.dilation_h, w.dilation_w}, t.c);
    sums = sums * tensor(scale, {t.c, 1, 1}) + tensor(shift, {t.c, 1, 1});
    if (t.residual) sums = sums + residual.to(DType::f64);
    const Tensor expected = activated(sums, t.activation);
    CHECK(differences(out.planes(), expected) == 0);
    if (with_means) CHECK(relative_error(means.planes(), adaptive_avg_pool2d(expected, 1)) < 1e-6);
    CHECK(out.clean());
    CHECK(means.clean());
  }
}

}  // namespace

TEST_CASE("depthwise: whole numbers come out exactly, at every width and tail") {
  for (const auto& kernels : all_kernels()) {
    for (const int64_t k : {3, 5, 7})
      for (const int64_t stride : {1, 2})
        for (const int64_t w : {1, 3, 4, 5, 7, 9, 20})
          check_depthwise({1, 21, 6, w, {k, k, stride, stride, k / 2, k / 2}}, kernels);
    for (const int64_t c : {1, 3, 8, 15, 16, 17, 40})
      check_depthwise({2, c, 5, 8, {3, 3, 1, 1, 1, 1}, isa::Activation::relu6, true}, kernels);
    check_depthwise({1, 70, 30, 30, {3, 3, 1, 1, 0, 0}, isa::Activation::relu}, kernels);
    check_depthwise({1, 33, 11, 9, {7, 7, 1, 1, 3, 3}, isa::Activation::none, true}, kernels);
    check_depthwise({1, 9, 12, 11, {3, 3, 1, 1, 2, 2, 2, 2}}, kernels);
    check_depthwise({1, 9, 12, 11, {1, 5, 2, 1, 0, 2}}, kernels);
    check_depthwise({1, 9, 12, 11, {4, 4, 3, 3, 2, 1}, isa::Activation::relu}, kernels);
  }
}

TEST_CASE("layout changes: there and back, reading and writing only what is given") {
  for (const auto& kernels : all_kernels())
    for (const auto& size :
         {std::array<int64_t, 4>{1, 1, 1, 1}, {2, 3, 5, 7}, {1, 3, 16, 16}, {2, 17, 9, 5}, {1, 70, 40, 33}}) {
      const int64_t n = size[0], c = size[1], h = size[2], w = size[3];
      CAPTURE(kernels.name);
      CAPTURE(c);
      CAPTURE(h);
      CAPTURE(w);
      const Tensor x = seeded("input", {n, c, h, w});
      for (const int64_t extra : {0, 5}) {
        PlacedImage image(n, h, w, c, c + extra), copy(n, h, w, c, c + 2);
        PlacedImage planes(n * c * h, 1, 1, w, w);
        run_backwards(*engine::make_planes_to_image(image.image, kernels), {x.data()}, {image.data()});
        run_backwards(*engine::make_copy(image.image, copy.image, kernels), {image.data()}, {copy.data()});
        run_backwards(*engine::make_image_to_planes(copy.image, kernels), {copy.data()}, {planes.data()});
        CHECK(differences(image.planes(), x) == 0);
        CHECK(differences(planes.planes(), x) == 0);
        CHECK((image.clean() && copy.clean() && planes.clean()));
      }
    }
}

TEST_CASE("pooling: PyTorch's windows, padding and NaN") {
  Tensor x = seeded("input", {2, 37, 13, 11});
  x.mutable_data<float>()[5] = x.mutable_data<float>()[500] = std::numeric_limits<float>::quiet_NaN();
  x.mutable_data<float>()[900] = std::numeric_limits<float>::infinity();
  const Tensor whole = whole_numbers("x", {2, 37, 13, 11}, 50);
  for (const auto& kernels : all_kernels()) {
    CAPTURE(kernels.name);
    PlacedImage in(x, 41), numbers(whole, 37);
    const auto check = [&](const Tensor& expected, PlacedImage& from, const auto& make) {
      PlacedImage out(expected.size(0), expected.size(2), expected.size(3), expected.size(1), 40);
      run_backwards(*make(out.image), {from.data()}, {out.data()});
      CHECK(differences(out.planes(), expected) == 0);
      CHECK(out.clean());
    };
    for (const auto& sizes :
         {std::array<int64_t, 4>{3, 2, 1, 1}, {2, 2, 0, 1}, {3, 1, 1, 1}, {2, 1, 1, 3}, {5, 3, 2, 2}})
      for (const bool ceil : {false, true}) {
        const int64_t k = sizes[0], stride = sizes[1], pad = sizes[2], dilation = sizes[3];
        CAPTURE(k);
        CAPTURE(stride);
        CAPTURE(pad);
        CAPTURE(dilation);
        CAPTURE(ceil);
        const Window window{k, k, stride, stride, pad, pad, dilation, dilation};
        check(max_pool2d(x, k, stride, pad, dilation, ceil), in,
              [&](const engine::Image& y) { return engine::make_max_pool(in.image, y, window, kernels); });
        if (dilation > 1) continue;
        for (const bool count_pad : {false, true})
          for (const int64_t divisor : {0, 3}) {
            CAPTURE(count_pad);
            CAPTURE(divisor);
            check(avg_pool2d(whole, k, stride, pad, ceil, count_pad,
                             divisor ? std::optional(divisor) : std::nullopt),
                  numbers, [&](const engine::Image& y) {
                    return engine::make_avg_pool(numbers.image, y, window, count_pad, divisor, kernels);
                  });
          }
      }
    for (const auto& size : {std::array<int64_t, 2>{1, 1}, {3, 4}, {20, 2}}) {
      const int64_t oh = size[0], ow = size[1];
      CAPTURE(oh);
      check(adaptive_avg_pool2d(whole, {oh, ow}), numbers, [&](const engine::Image& y) {
        return engine::make_adaptive_avg_pool(numbers.image, y, kernels);
      });
      check(adaptive_max_pool2d(x, {oh, ow}), in,
            [&](const engine::Image& y) { return engine::make_adaptive_max_pool(in.image, y, kernels); });
    }
  }
}

TEST_CASE("channel factors: of images and of the network, with residual and activation, in place") {
  const Tensor x = whole_numbers("x", {2, 45, 5, 3}, 9), factors = whole_numbers("factors", {2, 45, 1, 1}, 5),
               residual = whole_numbers("residual", {2, 45, 5, 3}, 30);
  std::vector<double> scale, shift;
  for (int c = 0; c < 45; ++c) scale.push_back(c % 5 - 2), shift.push_back(c % 3);
  const Tensor affine =
      x * tensor(scale, {45, 1, 1}).to(DType::f32) + tensor(shift, {45, 1, 1}).to(DType::f32);
  for (const auto& kernels : all_kernels())
    for (const bool with : {false, true}) {
      CAPTURE(kernels.name);
      CAPTURE(with);
      Fusion fusion{scale.data(), shift.data(), with, 50,
                    with ? isa::Activation::relu : isa::Activation::none};
      PlacedImage in(x, 48), of_images(factors, 47), added(residual, 50), out(2, 5, 3, 45, 46);
      const auto expected = [&](const Tensor& sums) { return with ? relu(sums + residual) : sums; };
      run_backwards(*engine::make_scale_channels(in.image, 47, out.image, fusion, kernels),
                    {in.data(), of_images.data(), added.data()}, {out.data()});
      CHECK(differences(out.planes(), expected(x * factors)) == 0);
      CHECK(out.clean());
      HeapPacks packs;
      run_backwards(*engine::make_channel_affine(in.image, in.image, fusion, kernels, packs),
                    {in.data(), added.data()}, {in.data()});
      CHECK(differences(in.planes(), expected(affine)) == 0);
    }
}

TEST_CASE("upsampling: PyTorch's nearest and bilinear pixels") {
  const Tensor x = seeded("input", {2, 21, 6, 5});
  for (const auto& kernels : all_kernels())
    for (const auto& size : {std::array<int64_t, 2>{12, 10}, {9, 3}, {1, 17}}) {
      const int64_t oh = size[0], ow = size[1];
      CAPTURE(kernels.name);
      CAPTURE(oh);
      PlacedImage in(x, 24), out(2, oh, ow, 21, 22);
      for (const Resampling mode : {Resampling::nearest, Resampling::nearest_exact}) {
        run_backwards(*engine::make_upsample(in.image, out.image, mode, false, {0, 0}, kernels), {in.data()},
                      {out.data()});
        InterpolateOptions options;
        options.size = {oh, ow};
        options.mode = mode == Resampling::nearest ? "nearest" : "nearest-exact";
        CHECK(differences(out.planes(), interpolate(x, options)) == 0);
      }
      for (const bool corners : {false, true}) {
        run_backwards(
            *engine::make_upsample(in.image, out.image, Resampling::bilinear, corners, {0, 0}, kernels),
            {in.data()}, {out.data()});
        InterpolateOptions options;
        options.size = {oh, ow};
        options.mode = "bilinear";
        options.align_corners = corners;
        CHECK(relative_error(out.planes(), interpolate(x.to(DType::f64), options)) < 1e-7);
      }
      CHECK(out.clean());
    }
}
