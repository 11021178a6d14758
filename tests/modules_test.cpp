// Modules that were saved whole, by torch.save and by TorchScript, against PyTorch's state_dict() of them.
#include "support/support.h"

#include <sconce/checkpoint.h>
#include <sconce/quantized.h>
#include <sconce/sparse.h>

#include <doctest/doctest.h>

#include <algorithm>

using namespace sconce;
using namespace sconce::test;

namespace {

using Json = nlohmann::json;
using Kind = Value::Kind;

std::string path_of(const std::string& name) { return fixture("modules/" + name).string(); }

void compare(const StateDict& state, const Json& expected) {
  REQUIRE(state.size() == expected["entries"].size());
  for (size_t i = 0; i < state.size(); ++i) {
    const auto& entry = state.entries()[i];
    const Json& want = expected["entries"][i];
    CAPTURE(entry.key);
    CHECK(entry.key == want[0].get<std::string>());
    if (want[1].contains("quantized")) {
      REQUIRE(entry.value.kind() == Kind::quantized);
      const QuantizedTensor& q = entry.value.as_quantized();
      CHECK(bit_equal(q.int_repr(), tensor_from(want[1]["quantized"])));
      CHECK(bit_equal(q.dequantize(), tensor_from(want[1]["dequantized"])));
    } else if (want[1].contains("dense")) {
      CHECK(bit_equal(entry.value.as_sparse().to_dense(), tensor_from(want[1]["dense"])));
    } else {
      CHECK(bit_equal(entry.tensor(), tensor_from(want[1])));
    }
  }
  std::vector<std::pair<std::string, int64_t>> got, want;
  for (const auto& [path, facts] : state.metadata().pairs())
    got.emplace_back(path.as_string(), facts["version"].as_int());
  for (const auto& pair : expected["versions"]) want.emplace_back(pair[0], pair[1]);
  if (!want.empty()) CHECK(got == want);
}

// A value below the named attributes of closed instances.
const Value& member(const Value& module, const std::string& registry, const std::string& name) {
  return module.state()[registry][name];
}

}  // namespace

TEST_CASE("whole modules and TorchScript archives give PyTorch's state_dict") {
  const Json cases = json_fixture("modules.json");
  for (const auto& expected : cases) {
    const std::string file = fixture(expected["file"]).string(), key = expected["key"];
    CAPTURE(file);
    const Checkpoint checkpoint = Checkpoint::open(file);
    CHECK(checkpoint.container() == expected["container"].get<std::string>());
    CHECK(checkpoint.warnings().empty());
    compare(checkpoint.state_dict(), expected);
    compare(checkpoint.state_dict(key), expected);
    if (!expected["entries"].empty()) CHECK(checkpoint.candidates() == std::vector<std::string>{key});
  }
  CHECK(cases.size() >= 12);
}

TEST_CASE("a whole module shows its classes, and its members stay in reach") {
  const Checkpoint checkpoint = Checkpoint::open(path_of("whole.pth"));
  CHECK(checkpoint.root().type_name() == "author.models.Net");
  const Value& stem = member(checkpoint.root(), "_modules", "stem");
  CHECK(stem.type_name() == "torch.nn.modules.container.Sequential");
  CHECK(member(stem, "_modules", "0").state()["in_features"].as_int() == 3);
  const auto& globals = checkpoint.globals();
  CHECK(std::find(globals.begin(), globals.end(), "author.models.Block") != globals.end());
  // Tied parameters stay tied, by reference and by name.
  const StateDict state = checkpoint.state_dict();
  CHECK(state["embed.weight"].is_same_view(state["head.weight"]));
  CHECK(state["stem.0.weight"].is_same_view(state["again.weight"]));
  // What no state_dict has is in the tree.
  const Value& block = member(member(checkpoint.root(), "_modules", "blocks"), "_modules", "0");
  CHECK(block.state()["plain"].as_tensor().numel() == 2);
  CHECK(member(block, "_buffers", "cache").as_tensor().numel() == 4);
}

TEST_CASE("the members of a TorchScript module are told apart by its class's text") {
  const Checkpoint checkpoint = Checkpoint::open(path_of("scripted.pt"));
  const Value& root = checkpoint.root();
  CHECK(root.type_name().starts_with("__torch__."));
  CHECK(root["_parameters"].find("w"));
  CHECK(root["_buffers"].find("steps"));
  CHECK(!root["_buffers"].find("plain"));
  CHECK(root.state()["plain"].as_tensor().numel() == 2);
  CHECK(root.state()["tensors"].kind() == Kind::list);
  CHECK(root.state()["alpha"].as_double() == 0.5);
  const Checkpoint frozen = Checkpoint::open(path_of("frozen.pt"));
  CHECK(frozen.state_dict().empty());
  CHECK(frozen.root()["constants.pkl"].items().size() >= 4);
  CHECK(frozen.root()["constants.pkl"][0].kind() == Kind::tensor);
}

TEST_CASE("real TorchScript archives") {
  const auto folder = real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints here");
    return;
  }
  const auto state_of = [&](const std::string& file) {
    const Checkpoint checkpoint = Checkpoint::open((*folder / file).string());
    CHECK(checkpoint.container() == "torchscript");
    return checkpoint.state_dict();
  };
  const auto keys_of = [](const StateDict& state) {
    std::vector<std::string> keys;
    for (const auto& entry : state) keys.push_back(entry.key);
    return keys;
  };
  using Keys = std::vector<std::string>;
  for (const std::string how : {"scripted", "traced"}) {
    CAPTURE(how);
    const StateDict linear = state_of("quantized/TestSerialization.test_linear." + how + ".pt");
    // Tracing writes scale and zero point into the code.
    CHECK(keys_of(linear) ==
          (how == "traced" ? Keys{"weight", "bias"} : Keys{"weight", "bias", "scale", "zero_point"}));
    CHECK(linear.entries()[0].value.as_quantized().shape == Shape{1, 3});
    const StateDict conv = state_of("quantized/TestSerialization.test_conv2d." + how + ".pt");
    CHECK(keys_of(conv) == Keys{"weight", "bias", "scale", "zero_point"});
    CHECK(conv.entries()[0].value.as_quantized().shape == Shape{3, 3, 3, 3});
    const StateDict lstm = state_of("quantized/TestSerialization.test_lstm." + how + ".pt");
    CHECK(keys_of(lstm) ==
          Keys{"lstm._all_weight_values.0.param.weight_ih", "lstm._all_weight_values.0.param.weight_hh",
               "lstm._all_weight_values.0.param.bias_ih", "lstm._all_weight_values.0.param.bias_hh"});
    CHECK(lstm.entries()[0].value.as_quantized().dequantize().dim() == 2);
  }
  const StateDict silero = state_of("silero/silero_vad.jit");
  CHECK(silero.size() == 30);
  CHECK(silero.entries()[0].key == "_model.stft.forward_basis_buffer");
  CHECK(silero.entries()[29].key == "_model_8k.decoder.decoder.2.bias");
  // The 16 kHz model again in another format, under other names; of another release, so that its weights differ.
  const StateDict plain = load((*folder / "silero/silero_vad_16k.safetensors").string());
  CHECK(bit_equal(silero["_model.stft.forward_basis_buffer"], plain["stft_conv.weight"]));
  CHECK(silero["_model.encoder.0.reparam_conv.weight"].shape() == plain["conv1.weight"].shape());
  CHECK(silero["_model.decoder.rnn.weight_hh"].shape() == plain["lstm_cell.weight_hh"].shape());
}
