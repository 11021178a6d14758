#include <sconce/ops/activation.h>
#include <sconce/ops/conv.h>
#include <sconce/ops/elementwise.h>

#include "cpu/engine/winograd.h"
#include "cpu/isa_choice.h"
#include "support/engine_images.h"

using namespace sconce;
using namespace sconce::test;
using engine::WinogradTile;

namespace {

struct Case {
  int64_t n, in, out, h, w, pad;
  bool residual;
};

const Case cases[] = {{1, 8, 16, 8, 8, 1, false},   {1, 3, 5, 7, 9, 1, true},    {2, 17, 33, 6, 13, 0, true},
                      {1, 40, 70, 14, 14, 1, true}, {3, 20, 24, 5, 5, 2, false}, {1, 16, 130, 3, 2, 1, true},
                      {1, 33, 96, 29, 31, 1, false}};

// What a definition in double precision gives, and what the operator does.
struct Results {
  Tensor expected, got;
  bool clean;
};

Results run(const Case& t, WinogradTile tile, const isa::Kernels& kernels, bool whole) {
  const Shape xs{t.n, t.in, t.h, t.w}, ws{t.out, t.in, 3, 3};
  // Multiples of four: the quarters of F(2, 3)'s weights stay whole.
  Tensor x = whole ? whole_numbers("x", xs, 3) : seeded("input", xs);
  Tensor weight = whole ? whole_numbers("weight", ws, 2) * full({1}, 4.f) : seeded("weight", ws);
  const int64_t oh = t.h + 2 * t.pad - 2, ow = t.w + 2 * t.pad - 2;
  const Tensor residual = whole_numbers("residual", {t.n, t.out, oh, ow}, 5);
  std::vector<double> scale, shift;
  for (int64_t c = 0; c < t.out; ++c)
    scale.push_back(c % 2 ? 2.0 : 1.0), shift.push_back(static_cast<double>(c % 5 - 2));
  const engine::Fusion fusion{scale.data(), shift.data(), t.residual, t.out + 7, isa::Activation::relu};
  PlacedImage in(x, t.in + 5), added(residual, t.out + 7), out(t.n, oh, ow, t.out, t.out + 2);
  HeapPacks packs;
  const auto op = engine::make_winograd(tile, in.image, out.image, t.pad, t.pad, weight.data<float>(), fusion,
                                        kernels, packs);
  run_backwards(*op, {in.data(), added.data()}, {out.data()});
  Tensor sums = conv2d(x.to(DType::f64), weight.to(DType::f64), {}, 1, t.pad) * tensor(scale, {t.out, 1, 1}) +
                tensor(shift, {t.out, 1, 1});
  if (t.residual) sums = sums + residual.to(DType::f64);
  Tensor got = out.planes();
  return {relu(sums), got, out.clean()};
}

}  // namespace

TEST_CASE("winograd: F(2, 3) is exact on whole numbers, at every border and tail") {
  for (const auto& kernels : all_kernels())
    for (const Case& t : cases) {
      INFO(kernels.name, " ", t.in, " ", t.out, " ", t.h, " ", t.w);
      const Results r = run(t, WinogradTile::f23, kernels, true);
      CHECK(differences(r.got, r.expected) == 0);
      CHECK(r.clean);
    }
}

TEST_CASE("winograd: F(4, 3) stays within the roundings of its transforms") {
  for (const auto& kernels : all_kernels())
    for (const Case& t : cases) {
      INFO(kernels.name, " ", t.in, " ", t.out, " ", t.h, " ", t.w);
      const Results r = run(t, WinogradTile::f43, kernels, false);
      CHECK(relative_error(r.got, r.expected) < 1e-6);
      CHECK(r.clean);
    }
}

TEST_CASE("winograd: pieces run together give the bits of pieces run apart") {
  const auto& kernels = all_kernels().front();
  const Tensor x = seeded("input", {1, 48, 12, 12}), weight = seeded("weight", {200, 48, 3, 3});
  PlacedImage in(x, 48), apart(1, 12, 12, 200, 200), together(1, 12, 12, 200, 200);
  HeapPacks packs;
  const auto op = engine::make_winograd(WinogradTile::f43, in.image, apart.image, 1, 1, weight.data<float>(),
                                        {}, kernels, packs);
  REQUIRE(op->pieces() > 1);
  run_backwards(*op, {in.data()}, {apart.data()});
  run_all(*op, {in.data()}, {together.data()}, op->pieces());
  CHECK(differences(together.planes(), apart.planes()) == 0);
}

TEST_CASE("winograd: costs rise with the work, and what they are for") {
  const engine::Image small{1, 14, 14, 256, 256}, large{1, 56, 56, 64, 64}, thin{1, 56, 56, 4, 4};
  CHECK(engine::winograd_cost(WinogradTile::f43, large, large) < engine::direct_cost(large, large) / 2);
  CHECK(engine::winograd_cost(WinogradTile::f43, small, small) <
        engine::winograd_cost(WinogradTile::f23, small, small));
  const engine::Image tiny{1, 7, 7, 512, 512};
  CHECK(engine::winograd_cost(WinogradTile::f23, tiny, tiny) < engine::direct_cost(tiny, tiny));
  CHECK(engine::winograd_cost(WinogradTile::f43, thin, thin) > engine::direct_cost(thin, thin));
}
