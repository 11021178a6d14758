// Modules as values: members, names, printing, and what load_state_dict keeps.
#include <doctest/doctest.h>
#include <sconce/nn/nn.h>
#include <sconce/ops/create.h>

#include <sstream>

using namespace sconce;

namespace {

Tensor filled(const Shape& shape, float value) {
  Tensor t = empty(shape);
  for (int64_t i = 0; i < t.numel(); ++i) t.mutable_data<float>()[i] = value;
  return t;
}

struct Affine : nn::Module {
  Tensor weight = filled({2}, 1), bias = filled({2}, 0);
  void members(Walk& w) override { w("weight", weight), w("bias", bias); }
};

struct Pair : nn::Module {
  Affine first, second;
  void members(Walk& w) override { w("first", first), w("second", second); }
};

}  // namespace

TEST_CASE("module: names and counts") {
  Pair net;
  CHECK(net.class_name() == "Pair");
  CHECK(net.num_parameters() == 8);
  std::string names;
  for (const auto& [name, t] : net.named_parameters()) names += name + " ";
  CHECK(names == "first.weight first.bias second.weight second.bias ");
  net.second.weight = net.first.weight;
  CHECK(net.named_parameters().size() == 3);
  CHECK(net.state_dict().size() == 4);
  CHECK(net.str() == "Pair(\n  (first): Affine()\n  (second): Affine()\n)");
  CHECK_THROWS_WITH_AS(net(filled({1}, 0)), "forward with one tensor is not defined for Pair", Error);
  CHECK(&net.submodule("second") == &net.second);
  CHECK_THROWS_AS(net.submodule("third"), Error);
}

TEST_CASE("module: nothing is changed unless everything fits") {
  Pair net;
  StateDict state{
      {"first.weight", filled({2}, 7)}, {"first.bias", filled({3}, 7)}, {"second.weight", filled({2}, 7)}};
  CHECK_THROWS_AS(net.load_state_dict(state), nn::LoadStateDictError);
  for (const auto& p : net.named_parameters()) CHECK(p.second.data<float>()[0] != 7);
  CHECK_THROWS_AS(net.load_state_dict(state, {.strict = false}), nn::LoadStateDictError);
  for (const auto& p : net.named_parameters()) CHECK(p.second.data<float>()[0] != 7);
}
