#include "cpu/engine/depthwise.h"
#include "cpu/engine/pooling.h"
#include "cpu/engine/winograd.h"

#include <sconce/ops/conv.h>
#include <sconce/ops/pool.h>

#include "cpu/isa_choice.h"
#include "support/engine_images.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;

namespace {

// Calls f(sizes, PyTorch's own error) for the recorded cases of a kind.
template <class F>
void for_each_case(const char* kind, F f) {
  const auto recorded = json_fixture("vision_errors.json");
  REQUIRE(!recorded.at(kind).empty());
  for (const auto& entry : recorded.at(kind)) {
    const auto sizes = entry.at("case").get<std::vector<int64_t>>();
    INFO(kind, " ", entry.at("case").dump());
    f(sizes, entry.at("error").get<double>());
  }
}

}  // namespace

TEST_CASE("vision errors: Winograd's stay within four times PyTorch's, of F(2, 3) within two") {
  for_each_case("convolutions", [](const std::vector<int64_t>& s, double torch_error) {
    const Tensor x = seeded("input", {s[0], s[1], s[3], s[3]}), weight = seeded("weight", {s[2], s[1], 3, 3});
    const Tensor expected = conv2d(x.to(DType::f64), weight.to(DType::f64), {}, 1, 1);
    PlacedImage in(x, s[1]), out(s[0], s[3], s[3], s[2], s[2]);
    for (const auto& kernels : all_kernels())
      for (const auto tile : {engine::WinogradTile::f23, engine::WinogradTile::f43}) {
        INFO(kernels.name);
        HeapPacks packs;
        run_backwards(
            *engine::make_winograd(tile, in.image, out.image, 1, 1, weight.data<float>(), {}, kernels, packs),
            {in.data()}, {out.data()});
        CHECK(relative_error(out.planes(), expected) <=
              (tile == engine::WinogradTile::f43 ? 4 : 2) * torch_error);
      }
  });
}

TEST_CASE("vision errors: depthwise convolutions and means stay within twice PyTorch's") {
  for_each_case("depthwise", [](const std::vector<int64_t>& s, double torch_error) {
    const int64_t k = s[3], stride = s[4], side = (s[2] - 1) / stride + 1;
    const Tensor x = seeded("input", {s[0], s[1], s[2], s[2]}), weight = seeded("weight", {s[1], 1, k, k});
    const Tensor expected = conv2d(x.to(DType::f64), weight.to(DType::f64), {}, stride, k / 2, 1, s[1]);
    PlacedImage in(x, s[1]), out(s[0], side, side, s[1], s[1]), means(s[0], 1, 1, s[1], s[1]);
    for (const auto& kernels : all_kernels()) {
      HeapPacks packs;
      run_backwards(*engine::make_depthwise(in.image, out.image, {k, k, stride, stride, k / 2, k / 2},
                                            weight.data<float>(), {}, false, kernels, packs),
                    {in.data()}, {out.data()});
      CHECK(relative_error(out.planes(), expected) <= 2 * torch_error);
    }
  });
  for_each_case("means", [](const std::vector<int64_t>& s, double torch_error) {
    const Tensor x = seeded("input", {s[0], s[1], s[2], s[2]});
    PlacedImage in(x, s[1]), out(s[0], 1, 1, s[1], s[1]);
    for (const auto& kernels : all_kernels()) {
      run_backwards(*engine::make_adaptive_avg_pool(in.image, out.image, kernels), {in.data()}, {out.data()});
      CHECK(relative_error(out.planes(), adaptive_avg_pool2d(x.to(DType::f64), 1)) <= 2 * torch_error);
    }
  });
}
