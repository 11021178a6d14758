#include <sconce/ops/conv.h>
#include <sconce/ops/create.h>
#include <sconce/threads.h>

#include "support/op_cases.h"

using namespace sconce;
using namespace sconce::test;

namespace {

std::vector<int64_t> sizes(const nlohmann::json& j) {
  return j.is_array() ? j.get<std::vector<int64_t>>() : std::vector<int64_t>{j.get<int64_t>()};
}

Tensor run(const nlohmann::json& c) {
  const auto& args = c.at("args");
  const auto of = [&](const char* name, int64_t otherwise) {
    return sizes(args.value(name, nlohmann::json(otherwise)));
  };
  ConvPadding padding;
  if (args.contains("padding") && args.at("padding").is_string())
    padding = args.at("padding").get<std::string>();
  else
    padding = of("padding", 0);
  const Tensor x = input_of(c, "x"), w = input_of(c, "w"), b = input_of(c, "b");
  const auto f = c.at("op") == "conv1d" ? conv1d : conv2d;
  return f(x, w, b, of("stride", 1), padding, of("dilation", 1), arg_of<int64_t>(c, "groups", 1));
}

}  // namespace

TEST_CASE("conv: PyTorch's results and words") { run_cases("conv.json", run); }

TEST_CASE("conv: the same bits for any number of threads, and any strides") {
  const int before = num_threads();
  Tensor x = empty({2, 20, 37, 30}), w = empty({70, 20, 3, 3}), dw = empty({20, 1, 3, 3}),
         p = empty({70, 20, 1, 1});
  uint32_t state = 1;
  for (Tensor* t : {&x, &w, &dw, &p})
    for (int64_t i = 0; i < t->numel(); ++i)
      t->mutable_data<float>()[i] =
          static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / 1e7f - 0.8f;
  const auto all = [&](const Tensor& input) {
    return std::vector<Tensor>{conv2d(input, w, {}, 1, 1), conv2d(input, w, {}, 2, "valid"), conv2d(input, p),
                               conv2d(input, dw, {}, 1, 1, 1, 20), conv2d(input[0], w)};
  };
  set_num_threads(1);
  const auto one = all(x);
  const Tensor turned = x.permute({0, 1, 3, 2}).clone().permute({0, 1, 3, 2});
  for (int threads : {2, 3, 5}) {
    set_num_threads(threads);
    const auto many = all(threads == 3 ? turned : x);
    for (size_t i = 0; i < one.size(); ++i) CHECK(bit_equal(many[i], one[i]));
  }
  set_num_threads(before);
}
