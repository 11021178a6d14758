// Attention, recurrent networks, RMS norm, embedding, rearranging, conv3d and transposed convolutions against PyTorch;
// and the nodes that all of them record.
#include <sconce/graph.h>
#include <sconce/ops.h>

#include <regex>

#include "support/op_cases.h"
#include "support/recurrent_cases.h"

using namespace sconce;
using namespace sconce::test;
using Json = nlohmann::json;

namespace {

Sizes sizes_of(const Json& c, const char* name, const Sizes& otherwise) {
  const auto& args = c.at("args");
  if (!args.contains(name) || args.at(name).is_null()) return otherwise;
  if (args.at(name).is_number()) return args.at(name).get<int64_t>();
  return args.at(name).get<std::vector<int64_t>>();
}

Tensor run(const Json& c) {
  const std::string op = c.at("op").get<std::string>();
  const Tensor x = input_of(c, "x"), w = input_of(c, "w"), b = input_of(c, "b");
  if (op == "sdpa") {
    AttentionOptions o{.attn_mask = input_of(c, "mask"),
                       .is_causal = arg_of(c, "causal", false),
                       .enable_gqa = arg_of(c, "gqa", false)};
    if (c.at("args").contains("scale")) o.scale = c.at("args").at("scale").get<double>();
    return scaled_dot_product_attention(input_of(c, "q"), input_of(c, "k"), input_of(c, "v"), o);
  }
  if (op == "rms_norm") {
    std::optional<double> eps;
    if (c.at("args").contains("eps")) eps = c.at("args").at("eps").get<double>();
    return rms_norm(x, sizes_of(c, "shape", {}), w, eps);
  }
  if (op == "embedding") return embedding(w, input_of(c, "i"));
  if (op == "index_copy")
    return index_copy(x, arg_of<int64_t>(c, "dim", 0), input_of(c, "i"), input_of(c, "s"));
  if (op == "roll") return roll(x, sizes_of(c, "shifts", {}), sizes_of(c, "dims", {}));
  if (op == "flip") return flip(x, sizes_of(c, "dims", {}));
  if (op == "tril") return tril(x, arg_of<int64_t>(c, "diagonal", 0));
  if (op == "triu") return triu(x, arg_of<int64_t>(c, "diagonal", 0));
  if (op == "lstm" || op == "gru") return recurrent_result(c, cpu);
  const Sizes stride = sizes_of(c, "stride", 1), dilation = sizes_of(c, "dilation", 1);
  const auto groups = arg_of<int64_t>(c, "groups", 1);
  if (op == "conv3d") {
    ConvPadding padding = 0;
    if (c.at("args").contains("padding") && c.at("args").at("padding").is_string())
      padding = c.at("args").at("padding").get<std::string>();
    else
      padding = sizes_of(c, "padding", 0);
    return conv3d(x, w, b, stride, padding, dilation, groups);
  }
  const Sizes padding = sizes_of(c, "padding", 0), output_padding = sizes_of(c, "output_padding", 0);
  if (op == "conv_transpose2d")
    return conv_transpose2d(x, w, b, stride, padding, output_padding, groups, dilation);
  REQUIRE(op == "conv_transpose1d");
  return conv_transpose1d(x, w, b, stride, padding, output_padding, groups, dilation);
}

}  // namespace

TEST_CASE("sequence: PyTorch's results and words") { run_cases("sequence.json", run); }

TEST_CASE("sequence: a LSTM and a GRU refuse what does not fit") {
  const Tensor x = ones({4, 2, 3}), h = ones({1, 2, 5});
  const std::vector<Tensor> p{ones({20, 3}), ones({20, 5}), ones({20}), ones({20})};
  CHECK(lstm(x, {h, h}, p).output.shape() == Shape{4, 2, 5});
  CHECK_THROWS_WITH_AS(lstm(x, {h}, p), "lstm expects two hidden states", Error);
  CHECK_THROWS_WITH_AS(lstm(x, {h, h}, {p[0], p[1]}), "[lstm] expected 4 parameters, got 2", Error);
  CHECK_THROWS_WITH_AS(gru(x, h, p), "[gru] expected w_ih of shape [15, 3], got [20, 3]", Error);
  CHECK_THROWS_AS(lstm(ones({4, 3}), {h, h}, p), Error);
  CHECK_THROWS_AS(lstm(x, {ones({2, 2, 5}), h}, p), Error);
}

TEST_CASE("sequence: each op records one node with ATen's arguments") {
  const Tensor w = ones({8, 4}), cube = ones({6, 4, 3, 3, 3}), kernel = ones({4, 6, 3, 3});
  const std::vector<Tensor> params{ones({16, 4}), ones({16, 4}), ones({16}), ones({16})},
      gru_params{ones({12, 4}), ones({12, 4}), ones({12}), ones({12})};
  Recorder r;
  const Tensor x = r.input({2, 3, 5, 4}, DType::f32), ids = r.input({2, 3}, DType::i64);
  const Tensor image = r.input({1, 4, 5, 5}, DType::f32), volume = r.input({1, 4, 5, 5, 5}, DType::f32);
  const Tensor sequence = r.input({5, 2, 4}, DType::f32), mask = r.input({2, 3, 5, 4}, DType::boolean);
  scaled_dot_product_attention(x, x, x, {.is_causal = true});
  embedding(w, ids);
  rms_norm(x, 4);
  roll(x, {1, -1}, {1, 2});
  tril(x);
  conv3d(volume, cube);
  conv_transpose2d(image, kernel, {}, 2, 1, 1);
  lstm(sequence, {zeros({1, 2, 4}), zeros({1, 2, 4})}, params);
  gru(sequence, zeros({1, 2, 4}), gru_params);
  masked_fill(x, mask, -1.5);
  const std::string expected[] = {
      "aten.scaled_dot_product_attention.default(query=%, key=%, value=%, attn_mask=None, dropout_p=0, "
      "is_causal=True, scale=None, enable_gqa=False)",
      "aten.embedding.default(weight=%, indices=%, padding_idx=-1, scale_grad_by_freq=False, sparse=False)",
      "aten.rms_norm.default(input=%, normalized_shape=[4], weight=None, eps=None)",
      "aten.roll.default(self=%, shifts=[1, -1], dims=[1, 2])",
      "aten.tril.default(self=%, diagonal=0)",
      "aten.conv3d.default(input=%, weight=%, bias=None, stride=[1, 1, 1], padding=[0, 0, 0], "
      "dilation=[1, 1, 1], groups=1)",
      "aten.conv_transpose2d.input(input=%, weight=%, bias=None, stride=[2, 2], padding=[1, 1], "
      "output_padding=[1, 1], groups=1, dilation=[1, 1])",
      "aten.lstm.input(input=%, hx=[%, %], params=[%, %, %, %], has_biases=True, num_layers=1, "
      "dropout=0, train=False, bidirectional=False, batch_first=False)",
      "aten.gru.input(input=%, hx=%, params=[%, %, %, %], has_biases=True, num_layers=1, "
      "dropout=0, train=False, bidirectional=False, batch_first=False)",
      "aten.masked_fill.Scalar(self=%, mask=%, value=-1.5)",
  };
  CHECK(r.graph().nodes.size() == std::size(expected));
  const std::string text = std::regex_replace(r.graph().str(), std::regex("%[0-9]+"), "%");
  for (const std::string& node : expected) {
    CAPTURE(text);
    CHECK(text.find(node) != std::string::npos);
  }
}
