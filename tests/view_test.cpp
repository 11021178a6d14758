// Views against real PyTorch: shape, strides, offset, values, and its words where there is none.
#include <doctest/doctest.h>
#include <sconce/graph.h>
#include <sconce/ops.h>

#include <limits>

#include "support/support.h"

using namespace sconce;
using nlohmann::json;

namespace {

std::vector<int64_t> ints(const json& j) {
  return j.is_array() ? j.get<std::vector<int64_t>>() : std::vector<int64_t>{j.get<int64_t>()};
}

int64_t at(const json& args, size_t i, int64_t otherwise) {
  return i < args.size() ? args[i].get<int64_t>() : otherwise;
}

std::vector<Tensor> apply(const Tensor& x, const std::string& op, const json& args) {
  if (op == "view") return {x.view(ints(args))};
  if (op == "reshape") return {x.reshape(ints(args))};
  if (op == "permute") return {x.permute(ints(args))};
  if (op == "transpose") return {x.transpose(args[0], args[1])};
  if (op == "t") return {x.t()};
  if (op == "expand") return {x.expand(ints(args))};
  if (op == "squeeze") return {args.empty() ? squeeze(x) : x.squeeze(args[0])};
  if (op == "unsqueeze") return {x.unsqueeze(args[0])};
  if (op == "select") return {x.select(args[0], args[1])};
  if (op == "slice") return {x.slice(args[0], args[1], args[2], at(args, 3, 1))};
  if (op == "flatten") return {x.flatten(at(args, 0, 0), at(args, 1, -1))};
  if (op == "unflatten") return {unflatten(x, args[0], ints(json(args.begin() + 1, args.end())))};
  if (op == "movedim") return {movedim(x, ints(args[0]), ints(args[1]))};
  if (op == "narrow") return {narrow(x, args[0], args[1], args[2])};
  if (op == "as_strided") return {as_strided(x, ints(args[0]), ints(args[1]), at(args, 2, 0))};
  if (op == "chunk") return chunk(x, args[0], at(args, 1, 0));
  if (op == "unbind") return unbind(x, at(args, 0, 0));
  REQUIRE(op == "split");
  return args[0].is_array() ? split(x, ints(args[0]), at(args, 1, 0))
                            : split(x, args[0].get<int64_t>(), at(args, 1, 0));
}

void check_result(const Tensor& x, const json& expected) {
  CHECK(x.shape().extents() == ints(expected["shape"]));
  CHECK(x.strides() == ints(expected["strides"]));
  CHECK(x.storage_offset() == expected["offset"].get<int64_t>());
  const Tensor dense = x.clone();
  const std::vector<int64_t> values(dense.data<int64_t>(), dense.data<int64_t>() + dense.numel());
  CHECK(values == ints(expected["values"]));
}

}  // namespace

TEST_CASE("view: chains of views as PyTorch") {
  for (const json& c : test::json_fixture("view.json")) {
    const std::string text = c["shape"].dump() + " " + c["steps"].dump();
    CAPTURE(text);
    const Shape shape(ints(c["shape"]));
    const Tensor base = arange(shape.numel()).view(shape.extents());
    std::vector<Tensor> now = {base};
    std::string error;
    try {
      for (const json& step : c["steps"]) now = apply(now.at(0), step[0], step[1]);
    } catch (const Error& e) {
      CHECK(e.kind() == ErrorKind::invalid_argument);
      error = e.message();
    }
    CHECK(error == c.value("error", ""));
    if (!error.empty() || c.contains("error")) continue;
    if (c.contains("parts")) {
      REQUIRE(now.size() == c["parts"].size());
      for (size_t i = 0; i < now.size(); ++i) check_result(now[i], c["parts"][i]);
    } else {
      check_result(now[0], c["result"]);
      CHECK((now[0].storage() == base.storage()) != c["copied"].get<bool>());
    }
  }
}

TEST_CASE("view: sizes that do not fit 64 bits are refused, and extreme slices are not") {
  const int64_t huge = std::numeric_limits<int64_t>::max();
  const Tensor x = arange(6).view({2, 3});
  CHECK(test::bit_equal(x.slice(1, 1, huge, huge), tensor<int64_t>({1, 4}).view({2, 1})));
  CHECK(x.slice(1, -huge - 1, huge).is_same_view(x));
  CHECK(x.slice(1, huge, huge).shape() == Shape{2, 0});
  CHECK_THROWS_AS(as_strided(x, {2, 2}, {huge, 1}), Error);
  CHECK_THROWS_AS(as_strided(x, {3, 2}, {huge, 1}, huge), Error);
  CHECK_THROWS_AS(as_strided(x, {1}, {1}, huge), Error);
  CHECK_THROWS_AS(x.select(0, huge), Error);
  CHECK_THROWS_AS(x.select(0, -huge - 1), Error);
  CHECK_THROWS_AS(narrow(x, 0, huge, 1), Error);
  CHECK_THROWS_AS(narrow(x, 0, 1, huge), Error);
  CHECK_THROWS_AS(split(x, {huge, huge, 4}), Error);
  CHECK_THROWS_AS(x.view({huge, huge}), Error);
  CHECK_THROWS_AS(x.view({huge, 2, -1}), Error);
  CHECK_THROWS_AS(x.expand({huge, huge, 2, 3}), Error);
  CHECK_THROWS_AS(x.expand({huge, 2, 3}), Error);
  CHECK(ones({1}).expand({huge}).size(0) == huge);
  CHECK_THROWS_AS(ones({1}).expand({huge}).clone(), Error);
  CHECK_THROWS_AS(empty({huge / 2}, DType::f32), Error);
  CHECK_THROWS_AS(Tensor().view({1}), Error);
}

TEST_CASE("view: under a recorder views are nodes with their shapes") {
  Recorder recorder;
  const Tensor x = recorder.input({2, 3, 4}, DType::f32);
  const Tensor y =
      x.permute({2, 0, 1}).view({4, 6}).t().unsqueeze(0).expand({5, 6, 4}).slice(1, 0, 6, 2).select(0, -1);
  CHECK(y.shape() == Shape{3, 4});
  CHECK(y.device() == meta);
  const Tensor z = y.reshape({-1}).flatten();
  CHECK(z.shape() == Shape{12});
  recorder.output(split(z, 5).at(2));
  std::vector<std::string> ops;
  for (const Node& node : recorder.graph().nodes) ops.push_back(node.op);
  CHECK(ops == std::vector<std::string>{"aten.permute.default", "aten.view.default", "aten.t.default",
                                        "aten.unsqueeze.default", "aten.expand.default", "aten.slice.Tensor",
                                        "aten.select.int", "aten.reshape.default", "aten.flatten.using_ints",
                                        "aten.split.Tensor"});
  for (const Node& node : recorder.graph().nodes) CHECK(node.aliasing == Aliasing::view);
  CHECK(recorder.graph().nodes.back().outputs.size() == 3);
  CHECK(recorder.graph().values[static_cast<size_t>(recorder.graph().outputs[0])].shape == Shape{2});
  CHECK_THROWS_AS(x.view({5, 5}), Error);
  CHECK_THROWS_AS(z.item(), Error);
}
