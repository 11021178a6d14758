#include <doctest/doctest.h>
#include <sconce/ops/create.h>
#include <sconce/state_dict.h>

using namespace sconce;

namespace {

std::vector<std::string> keys(const StateDict& state) {
  std::vector<std::string> out;
  for (const auto& entry : state) out.push_back(entry.key);
  return out;
}

StateDict sample() {
  StateDict state{{"module.fc.weight", empty({2, 3})}, {"module.fc.bias", empty({2})}};
  state.set_metadata(Value::dict({{"", Value::dict({{"version", 1}})},
                                  {"module", Value::dict({{"version", 1}})},
                                  {"module.fc", Value::dict({{"version", 2}})}}));
  return state;
}

}  // namespace

TEST_CASE("state_dict: keeps its order, replaces in place, erases") {
  StateDict state{{"b", empty({1})}, {"a", empty({2})}, {"c", Value(3)}};
  CHECK(keys(state) == std::vector<std::string>{"b", "a", "c"});
  state.insert("b", empty({5}));
  CHECK(state["b"].shape() == Shape{5});
  state.erase("b");
  CHECK(keys(state) == std::vector<std::string>{"a", "c"});
  CHECK(state["a"].shape() == Shape{2});
  CHECK_THROWS_WITH_AS(state["c"], "expected a tensor under \"c\", got int", Error);
}

TEST_CASE("state_dict: an absent key names its neighbours") {
  const StateDict state{{"layer1.weight", empty({1})}, {"layer1.bias", empty({1})}};
  CHECK_THROWS_WITH_AS(
      state["layer.weight"],
      "no key \"layer.weight\" among the 2 keys of this state_dict; did you mean \"layer1.weight\"?", Error);
}

TEST_CASE("state_dict: from a value and back, with metadata") {
  const Value dict = sample().to_value();
  CHECK(dict.type_name() == "collections.OrderedDict");
  const StateDict state = StateDict::from(dict);
  CHECK(state.version("module.fc") == 2);
  CHECK(!state.version("fc"));
  CHECK_THROWS_WITH_AS(StateDict::from(Value::list({})),
                       "Expected state_dict to be dict-like, got <class 'list'>.", Error);
  CHECK_THROWS_AS(StateDict::from(Value::dict({{1, 2}})), Error);
}

TEST_CASE("state_dict: prefixes take the metadata along") {
  const StateDict bare = strip_prefix(sample(), "module.");
  CHECK(keys(bare) == std::vector<std::string>{"fc.weight", "fc.bias"});
  CHECK(bare.version("fc") == 2);
  CHECK(bare.version("") == 1);
  const StateDict again = add_prefix(bare, "module.");
  CHECK(keys(again) == keys(sample()));
  CHECK(again.version("module.fc") == 2);
}

TEST_CASE("state_dict: rename and select") {
  const StateDict state{{"gamma", empty({1})}, {"a.gamma", empty({1})}};
  CHECK(keys(rename(state, "gamma$", "weight")) == std::vector<std::string>{"weight", "a.weight"});
  CHECK(keys(select(state, "a\\..*")) == std::vector<std::string>{"a.gamma"});
  CHECK_THROWS_AS(rename(state, ".*", "x"), Error);
  CHECK_THROWS_AS(rename(state, "(", "x"), Error);
}

TEST_CASE("state_dict: ties are groups of names for one view") {
  const Tensor shared = empty({4});
  const StateDict state{{"a", shared}, {"b", empty({4})}, {"c", shared}};
  CHECK(tied_keys(state) == std::vector<std::vector<std::string>>{{"a", "c"}});
}
