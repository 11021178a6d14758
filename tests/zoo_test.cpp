// The model zoo against torchvision and transformers: keys and print of the full models, and what small ones compute on
// seeded weights.
#include <doctest/doctest.h>
#include <sconce/graph.h>
#include <sconce/nn/nn.h>
#include <sconce/ops.h>

#include <cstring>
#include <map>
#include <set>

#include "support/seeded.h"
#include "support/support.h"
#include "support/zoo.h"

using namespace sconce;
using Json = nlohmann::json;

namespace {

const Json& fixtures() {
  static const Json all = test::json_fixture("nn_zoo.json");
  return all;
}

std::string hex(uint64_t value) {
  std::string out(16, '0');
  for (size_t i = 16; i-- > 0; value >>= 4) out[i] = "0123456789abcdef"[value & 15];
  return out;
}

const Json& parity(const std::string& name) {
  for (const char* group : {"parity", "modules"})
    for (const Json& entry : fixtures().at(group))
      if (entry.at("name") == name) return entry;
  FAIL("no fixture " << name);
  return fixtures();
}

constexpr nn::VisionTransformerConfig small_vit{64, 16, 2, 4, 128, 256, 50};
constexpr nn::BertConfig small_bert{500, 96, 2, 4, 192, 64};
constexpr nn::GPT2Config small_gpt2{400, 64, 96, 2, 4};

}  // namespace

TEST_CASE("zoo: keys, shapes and print are those of torchvision and transformers") {
  CHECK(nn::models().size() ==
        fixtures().at("models").size() + test::json_fixture("nn_models.json").at("models").size());
  for (const auto& expected : fixtures().at("models")) {
    const std::string name = expected.at("name");
    CAPTURE(name);
    const auto net = nn::make_model(name);
    std::string listing;
    const StateDict state = net->state_dict();
    for (const auto& entry : state)
      listing += concat(entry.key, " ", entry.tensor().shape(), " ", name_of(entry.tensor().dtype()), "\n");
    CHECK(static_cast<int64_t>(state.size()) == expected.at("tensors").get<int64_t>());
    CHECK(net->num_parameters() == expected.at("parameters").get<int64_t>());
    CHECK(hex(test::fnv1a(listing)) == expected.at("keys_hash").get<std::string>());
    CHECK(hex(test::fnv1a(net->str())) == expected.at("repr_hash").get<std::string>());
    if (!expected.contains("crop")) continue;
    CHECK(nn::find_model(name)->crop == expected.at("crop").get<int64_t>());
    CHECK(nn::find_model(name)->resize == expected.at("resize").get<int64_t>());
  }
  CHECK(nn::make_model("mobilenet_v2", 7)->state_dict()["classifier.1.weight"].shape() == Shape{7, 1280});
  CHECK_THROWS_AS(nn::make_model("gpt2", 7), Error);
}

TEST_CASE("zoo: convolutional networks and windows compute what torchvision's do") {
  const Tensor image = test::seeded("input", {2, 3, 64, 64});
  for (const char* name :
       {"mobilenet_v2", "mobilenet_v3_small", "mobilenet_v3_large", "efficientnet_b0", "densenet121",
        "convnext_tiny", "swin_t", "squeezenet1_0", "squeezenet1_1", "shufflenet_v2_x1_0"}) {
    const auto net = nn::make_model(name);
    test::fill(*net);
    test::check_summary(net->eval()(image), parity(name));
  }
}

TEST_CASE("zoo: a vision transformer computes what torchvision's does") {
  nn::VisionTransformer vit(small_vit);
  test::fill(vit);
  test::check_summary(vit(test::seeded("input", {2, 3, 64, 64})), parity("vit"));
  CHECK_THROWS_WITH_AS(vit(ones({1, 3, 32, 64})), "Wrong image height! Expected 64 but got 32!", Error);
}

TEST_CASE("zoo: a vision transformer takes checkpoints from before its MLP had numbers") {
  const auto former = [](const StateDict& state) {
    StateDict out;
    for (const auto& entry : state) {
      std::string key = entry.key;
      for (const auto& [now, then] :
           {std::pair{"mlp.0.", "mlp.linear_1."}, std::pair{"mlp.3.", "mlp.linear_2."}})
        if (const size_t at = key.find(now); at != std::string::npos) key.replace(at, std::strlen(now), then);
      out.insert(key, entry.tensor());
    }
    return out;
  };
  nn::VisionTransformer from(small_vit), to(small_vit);
  test::fill(from);
  StateDict old = former(from.state_dict());
  CHECK(old.contains("encoder.layers.encoder_layer_1.mlp.linear_2.bias"));
  to.load_state_dict(old);
  const Tensor x = test::seeded("input", {1, 3, 64, 64});
  CHECK(test::bit_equal(from(x), to(x)));
  old.set_metadata(from.state_dict().metadata());  // says version 2, which has no such names
  CHECK_THROWS_AS(to.load_state_dict(old), nn::LoadStateDictError);
}

TEST_CASE("zoo: BERT computes what transformers' does") {
  nn::BertModel bert(small_bert);
  test::fill(bert);
  const Tensor ids = test::zoo_tokens(400, {2, 16});
  test::check_summary(bert(ids), parity("bert"));
  Tensor mask = ones({2, 16}, DType::i64), types = zeros({2, 16}, DType::i64);
  Tensor padding = mask[1].slice(0, 9, 16), second = types.slice(1, 5, 16);
  padding.copy_(scalar_tensor(0, DType::i64));
  second.copy_(scalar_tensor(1, DType::i64));
  test::check_summary(bert.run(ids, {.attention_mask = mask, .token_type_ids = types}).pooler_output,
                      parity("bert pooled, masked"));
  CHECK_THROWS_AS(bert(zeros({1, 65}, DType::i64)), Error);
  CHECK_THROWS_WITH_AS(bert(full({1, 3}, 500, DType::i64)), "index out of range in self", Error);
}

TEST_CASE("zoo: GPT-2 computes what transformers' does, at once and step by step") {
  nn::GPT2LMHeadModel gpt2(small_gpt2);
  test::fill(gpt2);
  gpt2.lm_head.weight = gpt2.transformer.wte.weight = test::seeded("transformer.wte.weight", {400, 96});
  const Tensor ids = test::zoo_tokens(400, {2, 16}), all = gpt2(ids);
  test::check_summary(all, parity("gpt2"));

  // With a cache: the first tokens, three more, and then one at a time.
  nn::KeyValueCache cache;
  std::vector<Tensor> logits;
  for (int64_t at = 0, count = 6; at < 16; at += count, count = at == 6 ? 3 : 1) {
    const nn::GPT2Step step = gpt2.step(ids.slice(1, at, at + count), cache);
    CHECK(cache.length() == at);  // a step leaves the past as it was
    logits.push_back(step.logits), cache = step.cache;
  }
  CHECK(cache.length() == 16);
  CHECK(test::max_difference(cat(logits, 1), all) <= 2e-6 * test::max_magnitude(all));

  // The same with a cache of fixed capacity, whose shapes never change.
  nn::FixedCache fixed = gpt2.fixed_cache(2, 20);
  logits.clear();
  for (int64_t at = 0, count = 6; at < 16; at += count, count = at == 6 ? 3 : 1) {
    const nn::GPT2FixedStep step = gpt2.step_at(ids.slice(1, at, at + count), arange(at, at + count), fixed);
    logits.push_back(step.logits), fixed = step.cache;
  }
  CHECK(fixed.keys[0].shape() == Shape{2, 4, 20, 24});
  CHECK(test::max_difference(cat(logits, 1), all) <= 2e-6 * test::max_magnitude(all));
  CHECK_THROWS_AS(gpt2.step_at(ids.slice(1, 0, 1), arange(20, 21), fixed), Error);

  const auto expected = [&](const char* name) {
    const auto rows = fixtures().at(name).get<std::vector<std::vector<int64_t>>>();
    std::vector<int64_t> flat;
    for (const auto& row : rows) flat.insert(flat.end(), row.begin(), row.end());
    return tensor(flat, {static_cast<int64_t>(rows.size()), static_cast<int64_t>(rows[0].size())});
  };
  CHECK(equal(gpt2.generate(ids, 20), expected("generated")));
  CHECK(equal(gpt2.generate(ids, 20, fixtures().at("end").get<int64_t>()), expected("generated_to_end")));
  CHECK_THROWS_AS(gpt2.generate(ids, 60), Error);
}

namespace {

// Keys, print and results of one module.
template <class M, class F>
void check_module(const std::string& name, M module, const Tensor& x, F call) {
  const Json& expected = parity(name);
  std::vector<std::string> keys;
  for (const auto& entry : module.state_dict())
    keys.push_back(concat(entry.key, " ", entry.tensor().shape()));
  CHECK(keys == expected.at("keys").get<std::vector<std::string>>());
  CHECK(module.str() == expected.at("repr").get<std::string>());
  if (module.str().find("out_proj") == std::string::npos)
    CHECK(nn::module_from(module.str())->str() == module.str());
  test::fill(module);
  test::check_summary(call(module, x), expected);
}

template <class M>
void check_module(const std::string& name, M module, const Tensor& x) {
  check_module(name, std::move(module), x, [](const M& m, const Tensor& t) { return m(t); });
}

Tensor joined(const LstmResult& r) { return cat({r.output.flatten(), r.h_n.flatten(), r.c_n.flatten()}); }
Tensor joined(const GruResult& r) { return cat({r.output.flatten(), r.h_n.flatten()}); }

}  // namespace

TEST_CASE("zoo: modules that attend equal PyTorch's") {
  const Tensor x = test::seeded("input", {3, 7, 12});
  const Tensor later = triu(ones({7, 7}, DType::boolean), 1);
  Tensor padding = zeros({3, 7}, DType::boolean);
  Tensor end = padding[1].slice(0, 5, 7);
  end.copy_(scalar_tensor(true, DType::boolean));
  check_module("attention", nn::MultiheadAttention(12, 3, {.batch_first = true}), x);
  check_module("attention, time first", nn::MultiheadAttention(12, 3, {.bias = false}), x);
  check_module("attention, masked", nn::MultiheadAttention(12, 4, {.batch_first = true}), x,
               [&](const nn::MultiheadAttention& m, const Tensor& t) {
                 return m.attend(t, t, t, {.attn_mask = later, .key_padding_mask = padding});
               });
  check_module("attention, widths",
               nn::MultiheadAttention(12, 2, {.kdim = 5, .vdim = 6, .batch_first = true}), x,
               [](const nn::MultiheadAttention& m, const Tensor& t) {
                 const Tensor seen = t.slice(1, 2, 7);
                 return m.attend(t, seen.slice(2, 0, 5), seen.slice(2, 6, 12));
               });
  check_module("encoder layer",
               nn::TransformerEncoderLayer(12, 3, {.dim_feedforward = 20, .batch_first = true}), x);
  check_module(
      "encoder layer, norm first",
      nn::TransformerEncoderLayer(12, 2, {.dim_feedforward = 20, .activation = "gelu", .norm_first = true}),
      x);
  check_module("encoder",
               nn::TransformerEncoder(12, 3, 2, {.dim_feedforward = 20, .batch_first = true}, true), x,
               [&](const nn::TransformerEncoder& m, const Tensor& t) {
                 return m.encode(t, {.attn_mask = later, .key_padding_mask = padding});
               });
  CHECK_THROWS_WITH_AS(nn::MultiheadAttention(12, 5), "embed_dim must be divisible by num_heads", Error);
}

TEST_CASE("zoo: recurrent modules equal PyTorch's") {
  const Tensor x = test::seeded("input", {3, 7, 12});
  const auto states = [](const auto& m, const Tensor& t) { return joined(m.run(t)); };
  check_module("lstm", nn::LSTM(12, 16, {.num_layers = 2, .batch_first = true}), x, states);
  check_module("lstm, both ways", nn::LSTM(12, 8, {.num_layers = 2, .dropout = 0.5, .bidirectional = true}),
               x, states);
  check_module("lstm, projected", nn::LSTM(12, 8, {.bias = false, .proj_size = 3}), x, states);
  check_module("lstm, alone", nn::LSTM(12, 8), test::seeded("input", {3, 7, 12})[0], states);
  check_module("gru", nn::GRU(12, 16, {.num_layers = 2, .batch_first = true, .bidirectional = true}), x,
               states);
  CHECK_THROWS_AS(nn::GRU(12, 8, {.proj_size = 3}), Error);
  CHECK_THROWS_AS(nn::LSTM(12, 8)(ones({3, 5})), Error);
}

TEST_CASE("zoo: other modules equal PyTorch's") {
  const Tensor x = test::seeded("input", {3, 7, 12});
  check_module("rms norm", nn::RMSNorm(12), x);
  check_module("rms norm, eps", nn::RMSNorm({7, 12}, {.eps = 1e-3, .elementwise_affine = false}), x);
  check_module("embedding", nn::Embedding(30, 6, {.padding_idx = 2}), test::zoo_tokens(30, {4, 5}));
  check_module("conv3d", nn::Conv3d(2, 4, {2, 3, 3}, {.stride = {1, 2, 1}, .padding = 1, .groups = 2}),
               test::seeded("input", {2, 2, 4, 6, 5}));
  check_module("conv transpose 2d",
               nn::ConvTranspose2d(4, 6, 3, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2}),
               test::seeded("input", {2, 4, 5, 6}));
  check_module("conv transpose 1d", nn::ConvTranspose1d(4, 6, 4, {.stride = 2, .bias = false, .dilation = 2}),
               test::seeded("input", {2, 4, 9}));
}

TEST_CASE("zoo: every model can be recorded, and attention is one node") {
  const auto record = [](const nn::Module& net, const Shape& shape, DType dtype) {
    Recorder recorder;
    const Tensor y = net(recorder.input(shape, dtype));
    recorder.output(y);
    CHECK(y.dtype() == DType::f32);
    CHECK(y.size(0) == shape[0]);
    std::map<std::string, int> counts;
    for (const auto& node : recorder.graph().nodes) ++counts[node.op];
    return counts;
  };
  const std::string attention = "aten.scaled_dot_product_attention.default";
  CHECK(record(nn::VisionTransformer(small_vit), {1, 3, 64, 64}, DType::f32)[attention] == 2);
  CHECK(record(nn::BertModel(small_bert), {1, 16}, DType::i64)[attention] == 2);
  auto gpt2 = record(nn::GPT2LMHeadModel(small_gpt2), {1, 16}, DType::i64);
  CHECK(gpt2[attention] == 2);
  CHECK(gpt2["aten.gelu.default"] == 2);
  CHECK(gpt2["aten.addmm.default"] == 8);
  CHECK(record(*nn::make_model("swin_t"), {2, 3, 224, 224}, DType::f32)[attention] == 12);
  CHECK(record(*nn::make_model("mobilenet_v2"), {1, 3, 224, 224}, DType::f32)["aten.conv2d.default"] == 52);
  CHECK(record(*nn::make_model("efficientnet_b0"), {1, 3, 224, 224}, DType::f32)["aten.silu.default"] == 49);
  for (const char* name : {"mobilenet_v3_small", "densenet121", "convnext_tiny"})
    CHECK(record(*nn::make_model(name), {1, 3, 224, 224}, DType::f32).size() > 3);
  CHECK(record(nn::LSTM(4, 5, {.num_layers = 2}), {6, 1, 4}, DType::f32).size() == 1);
}
