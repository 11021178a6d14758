// Each pass on a small graph: what it makes of it, and that it means the same.
#include <doctest/doctest.h>
#include <sconce/ops.h>

#include <algorithm>

#include "graph/interpret.h"
#include "graph/passes/passes.h"
#include "support/seeded.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;

namespace {

Tensor noise(const Shape& shape, uint64_t seed) {
  Tensor t = empty(shape);
  const uint64_t hash = fnv1a(std::to_string(seed));
  for (int64_t i = 0; i < t.numel(); ++i)
    t.mutable_data<float>()[i] = static_cast<float>(2 * seeded_uniform(hash, static_cast<uint64_t>(i)) - 1);
  return t;
}

using F = std::function<std::vector<Tensor>(const Tensor&)>;

Graph record(const Shape& shape, const F& f) {
  Recorder recorder;
  const Tensor x = recorder.input(shape, DType::f32);
  for (const Tensor& t : f(x)) recorder.output(t);
  return std::move(recorder).take();
}

// Runs the pass, holds the result to the graph before, and gives the ops that are left.
std::vector<std::string> after(size_t (*pass)(Graph&), Graph& graph, size_t changes,
                               double tolerance = 1e-5) {
  const Tensor x = noise(graph.values[static_cast<size_t>(graph.inputs[0])].shape, 99);
  const std::vector<Tensor> expected = interpret(graph, {x});
  CHECK(pass(graph) == changes);
  const std::vector<Tensor> got = interpret(graph, {x});
  REQUIRE(got.size() == expected.size());
  for (size_t i = 0; i < got.size(); ++i) {
    REQUIRE(got[i].shape() == expected[i].shape());
    CHECK(max_difference(got[i], expected[i]) <= tolerance * std::max(max_magnitude(expected[i]), 1e-30));
  }
  std::vector<std::string> ops;
  for (const Node& node : graph.nodes) ops.push_back(node.op);
  return ops;
}

using Ops = std::vector<std::string>;

const Tensor w3 = noise({6, 4, 3, 3}, 1), w1 = noise({6, 4, 1, 1}, 2), b = noise({6}, 3),
             mean = noise({6}, 4), gamma_ = noise({6}, 5);
const Tensor var_ = noise({6}, 6) * noise({6}, 6);

Tensor normed(const Tensor& x) { return batch_norm(x, mean, var_, gamma_, b); }

}  // namespace

TEST_CASE("passes: dead nodes and constants") {
  Graph graph = record({2, 4, 5, 5}, [](const Tensor& x) -> std::vector<Tensor> {
    relu(x);
    return {x * (noise({5}, 1) + noise({5}, 2)).unsqueeze(0), noise({3}, 1).expand({3})};
  });
  CHECK(after(remove_dead_nodes, graph, 1, 0).size() == 4);
  CHECK(after(fold_constants, graph, 3, 0) == Ops{"aten.mul.Tensor"});
  // What would become large stays.
  Graph large = record({1}, [](const Tensor& x) -> std::vector<Tensor> {
    return {x + zeros({1000, 1}) * ones({1, 1000})};
  });
  CHECK(after(fold_constants, large, 0, 0).size() == 2);
}

TEST_CASE("passes: copies and views that change nothing") {
  Graph graph = record({2, 6}, [](const Tensor& x) -> std::vector<Tensor> {
    return {relu(x.view({2, 6})), x.t().clone().flatten(0, 0), x.view({3, 4}).reshape({3, 4})};
  });
  CHECK(after(remove_copies, graph, 4, 0) == Ops{"aten.relu.default", "aten.t.default", "aten.view.default"});
}

TEST_CASE("passes: a batch norm goes into what it follows, unless something else reads that") {
  Graph graph = record({2, 4, 5, 5}, [](const Tensor& x) -> std::vector<Tensor> {
    const Tensor read_twice = conv2d(x, w3);
    return {normed(conv2d(x, w3, b, 1, 1)),
            normed(conv2d(x, w3)),
            normed(read_twice),
            read_twice,
            normed(conv_transpose2d(x, noise({4, 3, 2, 2}, 7), {}, 2, 0, 0, 2)),
            normed(linear(x.flatten(1), noise({6, 100}, 8))),
            batch_norm(conv2d(x, w3), {}, {}, gamma_, b, true)};
  });
  const Ops ops = after(fold_batch_norms, graph, 4);
  CHECK(std::count(ops.begin(), ops.end(), "aten.batch_norm.default") == 2);
}

TEST_CASE("passes: products with constants become linear, and lose the views around them") {
  Graph graph = record({2, 5, 4}, [](const Tensor& x) -> std::vector<Tensor> {
    const Tensor m = noise({4, 6}, 1);
    return {addmm(b, x.view({10, 4}), m).view({2, 5, 6}), matmul(x, m), mm(x.view({10, 4}), m),
            addmm(b, x.view({10, 4}), m, 2)};
  });
  CHECK(after(make_linears, graph, 4) ==
        Ops{"aten.view.default", "aten.linear.default", "aten.linear.default", "aten.view.default",
            "aten.linear.default", "aten.view.default", "aten.addmm.default"});
}

TEST_CASE("passes: factors of channels go into weights, also behind a permutation") {
  Graph graph = record({2, 3, 5, 4}, [](const Tensor& x) -> std::vector<Tensor> {
    const Tensor w = noise({6, 4}, 1);
    return {linear(x, w, b) * gamma_, noise({6, 1, 1}, 2) * linear(x, w, b).permute({0, 3, 1, 2}),
            conv2d(x.permute({0, 3, 1, 2}), w3, {}, 1, 1) * noise({6, 1, 1}, 3),
            linear(x, w) * noise({5, 6}, 4)};
  });
  const Ops ops = after(fold_channel_scales, graph, 3);
  CHECK(std::count(ops.begin(), ops.end(), "aten.mul.Tensor") == 1);
}

TEST_CASE("passes: zeros around an image become padding") {
  Graph graph = record({2, 4, 5, 5}, [](const Tensor& x) -> std::vector<Tensor> {
    return {conv2d(pad(x, {1, 1, 2, 2}), w3, b, 1, 1), conv2d(pad(x, {1, 0, 1, 1}), w3),
            conv2d(pad(x, {1, 1, 1, 1}, "reflect"), w3), conv2d(pad(x, {1, 1}, "constant", 2), w3)};
  });
  const Ops ops = after(fold_pads, graph, 1);
  CHECK(std::count(ops.begin(), ops.end(), "aten.pad.default") == 3);
}

TEST_CASE("passes: linears of one input become one") {
  Graph graph = record({2, 5, 4}, [](const Tensor& x) -> std::vector<Tensor> {
    const Tensor q = linear(x, noise({6, 4}, 1), b), k = linear(x, noise({2, 4}, 2), noise({2}, 1)),
                 v = linear(x, noise({4, 4}, 3), noise({4}, 1));
    return {q.view({2, 5, 2, 3}).transpose(1, 2), k.transpose(1, 2), v.view({10, 4}),
            relu(linear(x, noise({3, 4}, 5), noise({3}, 1)))};
  });
  const Ops ops = after(merge_linears, graph, 1);
  CHECK(std::count(ops.begin(), ops.end(), "aten.linear.default") == 2);
  CHECK(std::count(ops.begin(), ops.end(), "aten.slice.Tensor") == 3);
}

TEST_CASE("passes: residuals and activations go into epilogues") {
  Graph graph = record({2, 6, 5, 5}, [](const Tensor& x) -> std::vector<Tensor> {
    const Tensor w = noise({6, 6, 3, 3}, 1), l = noise({5, 5}, 2);
    const Tensor out = conv2d(x, w, b, 1, 1), shortcut = conv2d(x, noise({6, 6, 1, 1}, 3));
    return {relu(out + shortcut),       // ResNet
            x + conv2d(x, w, b, 1, 1),  // MobileNetV2
            gelu(linear(x, l)),
            hardtanh(linear(x, l), 0, 6),
            hardtanh(linear(x, l), 0, 5),
            x.permute({0, 2, 3, 1}) + linear(x.permute({0, 2, 3, 1}), noise({6, 6}, 4)),
            x + linear(x.permute({0, 2, 3, 1}), noise({6, 6}, 5)).permute({0, 3, 1, 2}),  // ConvNeXt
            relu(x + x)};
  });
  const Ops ops = after(fuse_epilogues, graph, 8);
  CAPTURE(graph.str());
  for (const char* gone : {"aten.relu.default", "aten.gelu.default"})
    CHECK(std::count(ops.begin(), ops.end(), gone) == 0);
  CHECK(std::count(ops.begin(), ops.end(), "aten.add.Tensor") == 1);
  CHECK(std::count(ops.begin(), ops.end(), "aten.hardtanh.default") == 1);
}

TEST_CASE("passes: a batch norm or a gate goes before a pointwise convolution") {
  Graph graph = record({2, 6, 5, 5}, [](const Tensor& x) -> std::vector<Tensor> {
    const Tensor w = noise({4, 6, 1, 1}, 1);
    return {conv2d(relu(normed(x)), w), conv2d(normed(x), w),
            conv2d(x * sigmoid(adaptive_avg_pool2d(x, 1)), w),
            conv2d(relu(normed(x)), noise({4, 6, 3, 3}, 2)), conv2d(relu(normed(x)), w, {}, 2)};
  });
  const Ops ops = after(fuse_prologues, graph, 3);
  CHECK(std::count(ops.begin(), ops.end(), "aten.batch_norm.default") == 2);
  CHECK(std::count(ops.begin(), ops.end(), "aten.mul.Tensor") == 0);
}

TEST_CASE("passes: all of them, in order") {
  Graph graph = record({2, 6, 6, 6}, [](const Tensor& x) -> std::vector<Tensor> {
    Tensor y = relu(normed(conv2d(pad(x, {1, 1, 1, 1}), noise({6, 6, 3, 3}, 1))));
    y = relu(normed(conv2d(y, noise({6, 6, 3, 3}, 2), {}, 1, 1)) + x);
    return {linear(adaptive_avg_pool2d(y, 1).flatten(1), noise({3, 6}, 4))};
  });
  const auto all = [](Graph& g) -> size_t { return optimize(g), 0; };
  const Ops ops = after(all, graph, 0);
  CAPTURE(graph.str());
  CHECK(ops == Ops{"aten.conv2d.default", "aten.conv2d.default", "aten.adaptive_avg_pool2d.default",
                   "aten.flatten.using_ints", "aten.linear.default"});
}
