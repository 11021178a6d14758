// load_state_dict against real PyTorch: the same trees and state_dicts on both sides, the same words and
// tensors out.
#include <doctest/doctest.h>
#include <sconce/nn/nn.h>
#include <sconce/ops/create.h>
#include <sconce/sparse.h>

#include <chrono>
#include <sstream>

#include "support/support.h"

using namespace sconce;
using Json = nlohmann::json;

namespace {

// start, start + 1, ... as make_nn_load.py fills.
Tensor filled(const Json& spec) {
  const Shape shape(spec.at("shape").get<std::vector<int64_t>>());
  const auto dtype = parse_dtype(spec.value("dtype", "float32"));
  const std::string kind = spec.value("kind", "dense");
  if (kind == "meta") return empty(shape, *dtype, meta);
  if (kind == "quint8") return empty(shape, DType::quint8);
  Tensor values = empty(shape, DType::f64);
  for (int64_t i = 0; i < values.numel(); ++i)
    values.mutable_data<double>()[i] = spec.value("start", 0.0) + static_cast<double>(i);
  return values.to(*dtype);
}

Value sparse(const Json& spec) {
  SparseTensor s;
  s.shape = Shape(spec.at("shape").get<std::vector<int64_t>>());
  s.indices = zeros({s.shape.dim(), 1}, DType::i64);
  s.values = zeros({1});
  s.is_coalesced = true;
  return Value::sparse(s);
}

Value value_from(const Json& spec) {
  if (spec.contains("shape")) return spec.value("kind", "") == "sparse" ? sparse(spec) : Value(filled(spec));
  const std::string kind = spec.at("value");
  if (kind == "str") return "text";
  if (kind == "int") return 3;
  if (kind == "float") return 2.5;
  if (kind == "list") return Value::list({1});
  if (kind == "dict") return Value::dict({{"a", 1}});
  if (kind == "bool") return true;
  if (kind == "tuple") return Value::tuple({1, 2});
  if (kind == "size") return Value::size({2});
  if (kind == "ordered") return Value::dict({{"a", 1}}, "collections.OrderedDict");
  if (kind == "bytes") return Value::bytes("raw");
  if (kind == "complex") return std::complex<double>(0, 1);
  CHECK(kind == "none");
  return {};
}

// A module of any class, as data.
struct TreeModule : nn::Module {
  std::string name;
  bool extra = false;
  Value extra_value = "none yet";
  std::vector<std::pair<std::string, Tensor>> parameters_;
  struct Buffer {
    std::string name;
    Tensor tensor;
    bool persistent;
  };
  std::vector<Buffer> buffers_;
  std::vector<std::pair<std::string, std::shared_ptr<nn::Module>>> children_;

  void members(Walk& w) override {
    for (auto& [n, t] : parameters_) w(n, t);
    for (auto& b : buffers_) w.buffer(b.name, b.tensor, b.persistent);
    for (auto& [n, m] : children_) w(n, m);
  }
  std::string class_name() const override { return name; }
  bool has_extra_state() const override { return extra; }
  Value get_extra_state() const override { return extra_value; }
  void set_extra_state(const Value& v) override { extra_value = v; }
};

std::shared_ptr<nn::Module> build(const Json& node) {
  if (node.is_null()) return nullptr;
  if (node.contains("layer")) return nn::module_from(node.at("layer").get<std::string>());
  auto m = std::make_shared<TreeModule>();
  m->name = node.at("class");
  m->extra = node.value("extra_state", false);
  for (const auto& p : node.value("parameters", Json::array()))
    m->parameters_.emplace_back(p[0], p[1].is_null() ? Tensor() : filled(p[1]));
  for (const auto& b : node.value("buffers", Json::array()))
    m->buffers_.push_back({b[0], b[1].is_null() ? Tensor() : filled(b[1]), b[2].get<bool>()});
  for (const auto& c : node.value("children", Json::array())) m->children_.emplace_back(c[0], build(c[1]));
  const auto child = [&](const std::string& name) {
    for (auto& c : m->children_)
      if (c.first == name) return &c;
    FAIL("no child " << name);
    return &m->children_[0];
  };
  for (const auto& tie : node.value("ties", Json::array())) {
    const auto parts = [](const std::string& path) {
      return std::pair(path.substr(0, path.find('.')), path.substr(path.find('.') + 1));
    };
    const auto [owner, name] = parts(tie[0]);
    const auto [source, source_name] = parts(tie[1]);
    Tensor shared;
    for (auto& m2 : nn::members_of(*child(source)->second).parameters)
      if (m2.name == source_name) shared = *m2.tensor;
    for (auto& m2 : nn::members_of(*child(owner)->second).parameters)
      if (m2.name == name) *m2.tensor = shared;
  }
  for (const auto& s : node.value("shared", Json::array())) child(s[0])->second = child(s[1])->second;
  return m;
}

StateDict state_from(const Json& entry) {
  StateDict state;
  for (const auto& kv : entry.at("state")) state.insert(kv[0], value_from(kv[1]));
  if (!entry.at("metadata").is_null()) {
    Value::Pairs versions;
    for (const auto& kv : entry.at("metadata")) {
      Value::Pairs version;
      if (!kv[1].is_null()) version.emplace_back("version", kv[1].get<int64_t>());
      versions.emplace_back(kv[0].get<std::string>(), Value::dict(std::move(version)));
    }
    state.set_metadata(Value::dict(std::move(versions), "collections.OrderedDict"));
  }
  return state;
}

// The bytes of every tensor that has some.
std::vector<Tensor> snapshot(const nn::Module& module) {
  std::vector<Tensor> out;
  for (const auto& entry : module.state_dict())
    if (entry.is_tensor())
      out.push_back(entry.tensor().device() == meta ? entry.tensor() : entry.tensor().clone());
  return out;
}

void check_run(const Json& entry, const Json& run) {
  CAPTURE(entry.at("name").get<std::string>());
  CAPTURE(run.at("strict").get<bool>());
  const auto module = build(entry.at("module"));
  const StateDict state = state_from(entry);
  const std::vector<Tensor> before = snapshot(*module);
  const nn::LoadStateDictOptions options{.strict = run.at("strict"), .assign = run.at("assign")};
  if (run.contains("error")) {
    std::string message = "no error";
    try {
      module->load_state_dict(state, options);
    } catch (const nn::LoadStateDictError& e) {
      message = e.message();
      CHECK(std::string(e.what()) == message);
      CHECK(e.kind() == ErrorKind::mismatch);
      CHECK(!e.problems().empty());
    }
    CHECK(message == run.at("error").get<std::string>());
    const std::vector<Tensor> after = snapshot(*module);
    REQUIRE(after.size() == before.size());
    for (size_t i = 0; i < before.size(); ++i)
      if (before[i].device() != meta) CHECK(test::bit_equal(before[i], after[i]));
    return;
  }
  const nn::IncompatibleKeys keys = module->load_state_dict(state, options);
  CHECK(keys.missing_keys == run.at("missing").get<std::vector<std::string>>());
  CHECK(keys.unexpected_keys == run.at("unexpected").get<std::vector<std::string>>());
  std::ostringstream printed;
  printed << keys;
  CHECK(printed.str() == run.at("repr").get<std::string>());
  CHECK(keys.warnings == run.at("warnings").get<std::vector<std::string>>());
  const StateDict after = module->state_dict();
  size_t tensors = 0;
  for (const auto& e : after) tensors += e.is_tensor();
  REQUIRE(tensors == run.at("after").size());
  for (const auto& kv : run.at("after")) {
    const std::string key = kv[0];
    CAPTURE(key);
    const Tensor& t = after[key];
    if (kv[1].contains("meta"))
      CHECK(t.device() == meta);
    else
      CHECK(test::bit_equal(t, test::tensor_from(kv[1])));
  }
}

struct Tied : nn::Module {
  nn::Linear first{2, 2}, second{2, 2};
  Tied() { second.weight = first.weight; }
  void members(Walk& w) override { w("first", first), w("second", second); }
};

struct Big : nn::Module {
  nn::ModuleList blocks;
  explicit Big(int n) {
    for (int i = 0; i < n; ++i) blocks.push_back(nn::Linear(1, 1));
  }
  void members(Walk& w) override { w("blocks", blocks); }
};

Tensor ones_like_state(const Shape& shape) {
  Tensor t = empty(shape);
  for (int64_t i = 0; i < t.numel(); ++i) t.mutable_data<float>()[i] = 1;
  return t;
}

}  // namespace

TEST_CASE("load_state_dict: PyTorch's words, lists and tensors, case by case") {
  for (const auto& entry : test::json_fixture("nn_load_state_dict.json"))
    for (const auto& run : entry.at("runs")) check_run(entry, run);
}

TEST_CASE("load_state_dict: ties survive copying and assigning") {
  const StateDict state{{"first.weight", ones_like_state({2, 2})},
                        {"first.bias", ones_like_state({2})},
                        {"second.weight", ones_like_state({2, 2})},
                        {"second.bias", ones_like_state({2})}};
  for (const bool assign : {false, true}) {
    CAPTURE(assign);
    Tied net;
    net.load_state_dict(state, {.assign = assign});
    CHECK(net.first.weight.is_same_view(net.second.weight));
    CHECK(net.first.weight.is_same_view(state["second.weight"]) == assign);
    CHECK(net.named_parameters().size() == 3);
    net.to(DType::f64);
    CHECK(net.first.weight.is_same_view(net.second.weight));
    CHECK(net.first.weight.dtype() == DType::f64);
  }
}

TEST_CASE("load_state_dict: bytes that fail to arrive change nothing") {
  nn::Linear net(2, 2);
  const Tensor broken(
      Storage::deferred(8, []() -> std::shared_ptr<void> { fail(ErrorKind::corrupt, "CRC-32 differs"); }),
      DType::f32, {2});
  CHECK_THROWS_WITH_AS(net.load_state_dict({{"weight", ones_like_state({2, 2})}, {"bias", broken}}),
                       "CRC-32 differs", Error);
  CHECK(net.weight.data<float>()[0] == 0);
}

TEST_CASE("load_state_dict: a module's own tensors as the source") {
  Tied net;
  net.load_state_dict({{"first.weight", ones_like_state({2, 2})},
                       {"first.bias", ones_like_state({2})},
                       {"second.weight", ones_like_state({2, 2})},
                       {"second.bias", ones_like_state({2})}});
  net.first.weight.mutable_data<float>()[1] = 5;
  net.load_state_dict({{"weight", net.first.weight.t()}, {"bias", net.first.bias}}, {.strict = false});
  StateDict transposed = net.state_dict();
  transposed.insert("second.weight", net.first.weight.t());
  net.load_state_dict(transposed);
  CHECK(net.first.weight.data<float>()[1] == 1);
  CHECK(net.first.weight.data<float>()[2] == 5);
}

TEST_CASE("load_state_dict: 10,000 modules take a moment") {
  Big net(10'000);
  StateDict state = net.state_dict();
  CHECK(state.size() == 20'000);
  const auto start = std::chrono::steady_clock::now();
  std::ostringstream printed;
  printed << net.load_state_dict(state);
  CHECK(printed.str() == "<All keys matched successfully>");
  CHECK_THROWS_AS(net.load_state_dict(add_prefix(state, "module.")), nn::LoadStateDictError);
  CHECK(std::chrono::steady_clock::now() - start <
        std::chrono::seconds(20) * test::patience());  // quadratic work takes minutes in a debug build
  CHECK(net.str() ==
        "Big(\n  (blocks): ModuleList(\n    (0-9999): 10000 x Linear(in_features=1, out_features=1, "
        "bias=True)\n  )\n)");
}

TEST_CASE("suggest: what a person would try") {
  const Tied net;
  const StateDict own = net.state_dict();
  CHECK(nn::suggest(net, own).kind == nn::LoadHint::Kind::none);
  const nn::LoadHint strip = nn::suggest(net, add_prefix(own, "module."));
  CHECK(strip.kind == nn::LoadHint::Kind::strip_prefix);
  CHECK(strip.argument == "module.");
  CHECK(strip.text == "every key starts with \"module.\"; strip it with strip_prefix(state, \"module.\")");
  StateDict mixed = add_prefix(own, "_orig_mod.model.");
  mixed.insert("epoch", 3);
  CHECK(
      nn::suggest(net, mixed).text ==
      "4 of 5 keys start with \"_orig_mod.model.\"; strip it with strip_prefix(state, \"_orig_mod.model.\")");
  const nn::LoadHint add = nn::suggest(net, strip_prefix(own, "first."));
  CHECK(add.kind == nn::LoadHint::Kind::none);  // half of the keys match as they are, no prefix does better
  const nn::Sequential body(nn::named("net", nn::Linear(1, 1)));
  CHECK(nn::suggest(body, {{"weight", ones_like_state({1, 1})}, {"bias", ones_like_state({1})}}).argument ==
        "net.");
  StateDict nested;
  nested.insert("epoch", 3);
  nested.insert("optimizer", Value::dict({{"lr", 0.1}}));
  nested.insert("state_dict", own.to_value());
  CHECK(nn::suggest(net, nested).argument == "state_dict");
  CHECK(nn::suggest(net, {{"x", ones_like_state({1})}}).kind == nn::LoadHint::Kind::none);
  try {
    Tied other;
    other.load_state_dict(add_prefix(own, "module."));
    FAIL("no error");
  } catch (const nn::LoadStateDictError& e) {
    CHECK(e.missing_keys().size() == 4);
    CHECK(e.unexpected_keys().front() == "module.first.weight");
    CHECK(e.hint().argument == "module.");
  }
}
