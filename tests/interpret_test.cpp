// The interpreter runs every op that can be recorded.
#include <doctest/doctest.h>
#include <sconce/ops.h>

#include "graph/interpret.h"
#include "support/ops_by_name.h"
#include "support/seeded.h"

using namespace sconce;
using namespace sconce::test;

namespace {

Tensor noise(const Shape& shape, uint64_t seed = 1) {
  Tensor t = empty(shape);
  const uint64_t hash = fnv1a(std::to_string(seed));
  for (int64_t i = 0; i < t.numel(); ++i)
    t.mutable_data<float>()[i] = static_cast<float>(2 * seeded_uniform(hash, static_cast<uint64_t>(i)) - 1);
  return t;
}

using F = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;

// Recorded and interpreted, the function gives the same bits as when it runs.
void check_op(const char* name, const std::vector<Tensor>& inputs, const F& f) {
  CAPTURE(name);
  Graph graph;
  {
    Recorder recorder;
    std::vector<Tensor> shadows;
    for (const Tensor& t : inputs) shadows.push_back(recorder.input(t.shape(), t.dtype()));
    for (const Tensor& t : f(shadows)) recorder.output(t);
    graph = std::move(recorder).take();
  }
  std::vector<Tensor> given;
  for (const Tensor& t : inputs) given.push_back(t.clone());
  const std::vector<Tensor> got = interpret(graph, given);
  for (size_t i = 0; i < inputs.size(); ++i)
    CHECK(bit_equal(given[i], inputs[i]));  // writes leave them alone
  std::vector<Tensor> own;
  for (const Tensor& t : inputs) own.push_back(t.clone());
  const std::vector<Tensor> expected = f(own);
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i) CHECK(bit_equal(got[i], expected[i]));
}

Tensor resized(const Tensor& t, const Sizes& size, const ScaleFactors& factors, const char* mode,
               std::optional<bool> corners = {}, bool antialias = false) {
  InterpolateOptions options;
  options.size = size, options.scale_factor = factors, options.mode = mode;
  options.align_corners = corners, options.antialias = antialias;
  return interpolate(t, options);
}

}  // namespace

TEST_CASE("interpret: elementwise ops") {
  const Tensor x = noise({3, 4}), y = noise({3, 4}, 2), n = x.to(DType::i64), flags = gt(x, y);
  for (const auto& [name, op] : unary_ops()) {
    const Tensor input = name == "bitwise_not" ? n : x;
    check_op(name.c_str(), {input},
             [&op = op](const std::vector<Tensor>& in) { return std::vector<Tensor>{op(in[0])}; });
  }
  for (const auto& [name, op] : binary_ops()) {
    const bool whole = name.find("bitwise") != std::string::npos;
    check_op(name.c_str(), {whole ? n : x, whole ? n : y},
             [&op = op](const std::vector<Tensor>& in) { return std::vector<Tensor>{op(in[0], in[1])}; });
  }
  for (const auto& [name, op] : number_ops())
    check_op(name.c_str(), {x},
             [&op = op](const std::vector<Tensor>& in) { return std::vector<Tensor>{op(in[0], 1.5)}; });
  check_op("activations", {x}, [](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    const Tensor& t = in[0];
    return {relu(t),
            relu6(t),
            silu(t),
            mish(t),
            hardswish(t),
            hardsigmoid(t),
            sigmoid(t),
            gelu(t),
            gelu(t, "tanh"),
            hardtanh(t, -0.5, 0.25),
            clamp(t, 0),
            clamp(t, {}, 0.5),
            leaky_relu(t, 0.2),
            elu(t, 0.7),
            softplus(t, 2, 1),
            pow(t, 2),
            pow(t, 1),
            pow(2, t),
            rsub(t, 3, 2)};
  });
  check_op("writes", {x, y}, [](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    std::vector<Tensor> t;
    for (int i = 0; i < 12; ++i) t.push_back(in[0].clone());
    relu_(t[0]), add_(t[1], in[1], 2), add_(t[2], 1), sub_(t[3], in[1], 2), sub_(t[4], 1), mul_(t[5], in[1]),
        mul_(t[6], 2);
    div_(t[7], in[1]), div_(t[8], 3), div_(t[9], in[1], "floor"), div_(t[10], 3, "trunc"), t[11].copy_(in[1]);
    return t;
  });
  check_op("where", {x, y, flags}, [](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    return {where(in[2], in[0], in[1]), where(in[2], in[0], 3), masked_fill(in[0], in[2], -1),
            in[0].to(DType::f16)};
  });
}

TEST_CASE("interpret: views, joining and looking up") {
  check_op("views", {noise({2, 3, 4})}, [](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    const Tensor& t = in[0];
    std::vector<Tensor> out = {t.view({6, 4}),
                               t.permute({2, 0, 1}),
                               t.transpose(0, 1),
                               t.transpose(0, 1).reshape({3, 8}),
                               t.flatten(1),
                               t.select(0, 1).t(),
                               t.select(0, 0).expand({5, 3, 4}),
                               t.unsqueeze(1).squeeze(1),
                               squeeze(t.unsqueeze(0)),
                               t.slice(2, 1, 4, 2),
                               unflatten(t, 2, {2, 2}),
                               as_strided(t, {2, 2}, {1, 5}, 3),
                               t.permute({2, 0, 1}).contiguous()};
    for (const auto& list :
         {chunk(t, 2, 2), split(t, 3, 2), split(t, std::vector<int64_t>{1, 2}, 1), unbind(t, 1)})
      out.insert(out.end(), list.begin(), list.end());
    return out;
  });
  const Tensor index = tensor<int64_t>({2, 0, 1});
  check_op("arrays", {noise({3, 4}), index}, [](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    const Tensor& t = in[0];
    return {cat({t, t}, 1),
            stack({t, t}, 1),
            index_select(t, 0, in[1]),
            gather(t, 1, in[1].unsqueeze(1)),
            sconce::index(t, in[1]),
            embedding(t, in[1]),
            one_hot(in[1], 4),
            index_copy(t, 0, in[1], t + 1),
            pad(t, {1, 2}),
            pad(t, {1, 0, 2, 1}, "constant", 3),
            pad(t.unsqueeze(0), {1, 1}, "reflect"),
            roll(t, 1, 0),
            roll(t, 2),
            flip(t, 1),
            tril(t),
            triu(t, 1)};
  });
  check_op("reductions", {noise({3, 4})}, [](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    const Tensor& t = in[0];
    std::vector<Tensor> out = {sum(t),
                               sum(t, 1),
                               sum(t, {}, true),
                               mean(t),
                               mean(t, {0, 1}, true),
                               prod(t),
                               prod(t, 1),
                               amax(t, 0),
                               amin(t),
                               max(t),
                               min(t),
                               argmax(t),
                               argmin(t, 1),
                               any(t),
                               any(t, 0),
                               all(t),
                               all(t, 0),
                               var(t, 1),
                               sconce::std(t),
                               logsumexp(t, 1),
                               vector_norm(t, 2, 1),
                               cumsum(t, 1),
                               cumprod(t, 0),
                               softmax(t, 1),
                               log_softmax(t, 0),
                               sum(t, 0, false, DType::f64)};
    for (const ValuesIndices& both :
         {max(t, 1), min(t, 0, true), topk(t, 2), sort(t), sort(t, 0, true, true)})
      out.push_back(both.values), out.push_back(both.indices);
    return out;
  });
}

TEST_CASE("interpret: products, convolutions, norms, pooling, attention, recurrence") {
  const Tensor x = noise({2, 4, 6, 6}), w = noise({8, 4, 3, 3}, 2), b = noise({8}, 3), c = noise({4}, 4),
               p = noise({4}, 5) * noise({4}, 5);
  check_op("images", {x}, [&](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    const Tensor& t = in[0];
    const auto pooled = max_pool2d_with_indices(t, 2), adaptive = adaptive_max_pool2d_with_indices(t, 3);
    return {conv2d(t, w, b, 2, 1),
            conv2d(t, w, {}, 1, "same"),
            conv2d(t, noise({4, 1, 3, 3}), {}, 1, 1, 1, 4),
            conv1d(t.select(2, 0), noise({5, 4, 3}), {}, 1, 1, 2),
            conv1d(t.select(2, 0), noise({5, 4, 3}), {}, 1, "valid"),
            conv3d(t.unsqueeze(0), noise({3, 2, 2, 3, 3})),
            conv_transpose2d(t, noise({4, 3, 2, 2}), {}, 2),
            conv_transpose1d(t.select(2, 0), noise({4, 3, 3}), noise({3}), 2, 1, 1),
            batch_norm(t, c, p, c, c),
            batch_norm(t, {}, {}, {}, {}, true),
            group_norm(t, 2, c, c),
            layer_norm(t, {6, 6}),
            rms_norm(t, 6, noise({6})),
            rms_norm(t, 6, {}, 1e-3),
            max_pool2d(t, 3, 2, 1),
            pooled.first,
            pooled.second,
            adaptive.first,
            adaptive.second,
            avg_pool2d(t, 2, {}, 0, true, false, 3),
            avg_pool2d(t, 3, 1, 1),
            adaptive_avg_pool2d(t, 1),
            resized(t, {}, 2, "nearest"),
            resized(t, {4, 9}, {}, "nearest-exact"),
            resized(t, {}, 1.5, "bilinear", true),
            resized(t, 3, {}, "bilinear", false, true),
            resized(t.select(2, 0), 9, {}, "nearest"),
            resized(t.select(2, 0), 9, {}, "nearest-exact"),
            resized(t.select(2, 0), 9, {}, "linear")};
  });
  check_op("products", {noise({3, 4}), noise({4, 5}, 2), noise({5}, 3)},
           [&](const std::vector<Tensor>& in) -> std::vector<Tensor> {
             const Tensor &a = in[0], &m = in[1], &v = in[2];
             const Tensor batch = a.unsqueeze(0), other = m.unsqueeze(0);
             return {linear(a, m.t(), v),
                     linear(a, m.t()),
                     matmul(a, m),
                     dot(v, v),
                     mv(m, v),
                     mm(a, m),
                     bmm(batch, other),
                     addmm(v, a, m, 2, 0.5),
                     baddbmm(v, batch, other)};
           });
  check_op("tokens", {noise({2, 2, 5, 4})}, [&](const std::vector<Tensor>& in) -> std::vector<Tensor> {
    const Tensor& t = in[0];
    const Tensor mask = noise({5, 5}, 3);
    const LstmResult l = lstm(t.select(0, 0), {zeros({1, 5, 3}), zeros({1, 5, 3})},
                              {noise({12, 4}), noise({12, 3}), noise({12}), noise({12})});
    const GruResult g =
        gru(t.select(0, 0), zeros({1, 5, 3}), {noise({9, 4}), noise({9, 3}), noise({9}), noise({9})});
    return {scaled_dot_product_attention(t, t, t),
            scaled_dot_product_attention(t, t, t, {.attn_mask = mask}),
            scaled_dot_product_attention(t, t, t, {.is_causal = true, .scale = 0.3}),
            l.output,
            l.h_n,
            l.c_n,
            g.output,
            g.h_n};
  });
}

TEST_CASE("interpret: an op that it does not know") {
  Node node;
  node.op = "aten.nonsense.default";
  node.scope = "layer1";
  CHECK_THROWS_WITH_AS(interpret(node, [](ValueId) { return Tensor(); }),
                       "[prepare] the op aten.nonsense.default of layer1 is not known", Error);
}
