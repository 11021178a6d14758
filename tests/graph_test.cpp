#include <doctest/doctest.h>
#include <sconce/graph.h>
#include <sconce/ops.h>

using namespace sconce;

TEST_CASE("recorder: values, constants and scopes") {
  const Tensor weight = empty({4, 3}), other = empty({4, 3});
  Recorder recorder;
  CHECK(Recorder::active() == &recorder);
  const Tensor x = recorder.input({2, 3}, DType::f32);
  recorder.push_scope("layer1");
  recorder.push_scope("fc");
  const Tensor y = recorder.record(
      "aten.linear.default", {{"input", x}, {"weight", weight}, {"bias", Tensor()}}, {2, 4}, DType::f32);
  recorder.pop_scope();
  recorder.pop_scope();
  const Tensor again = weight;  // a second handle on the same view is the same constant
  const Tensor z = recorder.record("aten.addmm.default", {{"self", other}, {"mat1", y}, {"mat2", again}},
                                   {2, 4}, DType::f32);
  const auto parts = recorder.record("aten.topk.default", {{"self", z}, {"k", int64_t{1}}},
                                     {{Shape{2, 1}, DType::f32}, {Shape{2, 1}, DType::i64}});
  const Tensor v =
      recorder.record("aten.view.default", {{"self", parts[0]}, {"size", std::vector<int64_t>{2}}}, {2},
                      DType::f32, Aliasing::view);
  recorder.output(v);
  recorder.output(parts[1]);

  const Graph& graph = recorder.graph();
  REQUIRE(graph.nodes.size() == 4);
  CHECK(graph.nodes[0].scope == "layer1.fc");
  CHECK(graph.nodes[1].scope == "");
  CHECK(std::holds_alternative<std::monostate>(*graph.nodes[0].find("bias")));
  CHECK(*graph.nodes[0].find("weight") == *graph.nodes[1].find("mat2"));
  CHECK(graph.nodes[0].find("self") == nullptr);
  CHECK(graph.nodes[3].aliasing == Aliasing::view);
  CHECK(graph.inputs == std::vector<ValueId>{0});
  CHECK(graph.str() ==
        "%0 = input : float32 [2, 3]\n"
        "%1 = constant : float32 [4, 3]\n"
        "%3 = constant : float32 [4, 3]\n"
        "%2 = aten.linear.default(input=%0, weight=%1, bias=None) : float32 [2, 4]  # layer1.fc\n"
        "%4 = aten.addmm.default(self=%3, mat1=%2, mat2=%1) : float32 [2, 4]\n"
        "%5, %6 = aten.topk.default(self=%4, k=1) : float32 [2, 1] : int64 [2, 1]\n"
        "%7 = aten.view.default(self=%5, size=[2]) : float32 [2]  (view)\n"
        "return %7, %6\n");
}

TEST_CASE("recorder: what it refuses") {
  Tensor left_over;
  {
    Recorder recorder;
    left_over = recorder.input({2}, DType::f32);
    CHECK_THROWS_WITH_AS(Recorder{}, "[Recorder] this thread is recording already", Error);
    CHECK(Recorder::active() == &recorder);
    CHECK_THROWS_WITH_AS(left_over.data(),
                         "[Storage] a tensor on device meta has a shape and no data: its value is not known "
                         "while a forward is being recorded",
                         Error);
    CHECK_THROWS_WITH_AS(recorder.output(Tensor()), "[Recorder] expected a tensor as output, got none",
                         Error);
  }
  CHECK(Recorder::active() == nullptr);
  CHECK_THROWS_WITH_AS(left_over.data(), "[Storage] a tensor on device meta has a shape and no data", Error);
  Recorder second;
  CHECK_THROWS_WITH_AS(second.record("aten.relu.default", {{"self", left_over}}, {2}, DType::f32),
                       "[Recorder] the tensor of shape [2] on device meta is no value of this recording",
                       Error);
  const Tensor x = second.input({2, 3}, DType::f32);
  CHECK_THROWS_WITH_AS(second.output(Tensor(x.storage(), DType::f32, {3, 2})),
                       "[Recorder] the tensor of shape [3, 2] on device meta is no value of this recording",
                       Error);
  CHECK(second.graph().nodes.empty());
}

namespace {

// conv - batch norm - relu - pool - flatten - linear, with its weights.
struct SmallNet {
  Tensor conv = empty({4, 3, 3, 3}), scale = empty({4}), fc = empty({5, 64}), bias = empty({5});
  SmallNet() {
    for (Tensor* t : {&conv, &scale, &fc, &bias})
      for (int64_t i = 0; i < t->numel(); ++i) t->mutable_data<float>()[i] = 0.25f;
  }
  Tensor operator()(const Tensor& x) const {
    const Tensor y = relu(batch_norm(conv2d(x, conv, {}, 1, 1), scale, scale, scale, scale));
    return linear(max_pool2d(y, 2).flatten(1), fc, bias);
  }
};

}  // namespace

TEST_CASE("recorder: a small network") {
  const SmallNet net;
  Recorder recorder;
  const Tensor x = recorder.input({2, 3, 8, 8}, DType::f32);
  const Tensor y = net(x);
  CHECK(y.shape() == Shape{2, 5});
  CHECK(y.device() == meta);
  recorder.output(y);
  CHECK(recorder.graph().str() ==
        "%0 = input : float32 [2, 3, 8, 8]\n"
        "%1 = constant : float32 [4, 3, 3, 3]\n"
        "%3 = constant : float32 [4]\n"
        "%8 = constant : float32 [5, 64]\n"
        "%9 = constant : float32 [5]\n"
        "%2 = aten.conv2d.default(input=%0, weight=%1, bias=None, stride=[1, 1], padding=[1, 1], "
        "dilation=[1, 1], groups=1) : "
        "float32 [2, 4, 8, 8]\n"
        "%4 = aten.batch_norm.default(input=%2, weight=%3, bias=%3, running_mean=%3, running_var=%3, "
        "training=False, "
        "momentum=0.1, eps=1e-05, cudnn_enabled=True) : float32 [2, 4, 8, 8]\n"
        "%5 = aten.relu.default(self=%4) : float32 [2, 4, 8, 8]\n"
        "%6 = aten.max_pool2d.default(self=%5, kernel_size=[2, 2], stride=[2, 2], padding=[0, 0], "
        "dilation=[1, 1], "
        "ceil_mode=False) : float32 [2, 4, 4, 4]\n"
        "%7 = aten.flatten.using_ints(self=%6, start_dim=1, end_dim=3) : float32 [2, 64]  (view)\n"
        "%10 = aten.linear.default(input=%7, weight=%8, bias=%9) : float32 [2, 5]\n"
        "return %10\n");
  CHECK_THROWS_AS(y.item(), Error);
  CHECK_THROWS_AS(y.data(), Error);
}

TEST_CASE("recorder: the same network runs when nobody records") {
  const SmallNet net;
  const Tensor y = net(ones({2, 3, 8, 8}));
  CHECK(y.device() == cpu);
  CHECK(y.shape() == Shape{2, 5});
}
