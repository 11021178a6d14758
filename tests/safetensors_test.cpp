// safetensors files against what the reference library holds, accepts and writes.
#include "safetensors_header.h"
#include "support/support.h"

#include <sconce/checkpoint.h>
#include <sconce/safetensors.h>

#include <doctest/doctest.h>

#include <bit>

#include <optional>
#include <set>

using namespace sconce;
using namespace sconce::test;

namespace {

std::string bytes_in(const nlohmann::json& raw) {
  const Tensor t = tensor_from(raw);
  return t.numel() ? std::string(static_cast<const char*>(t.data()), static_cast<size_t>(t.nbytes())) : "";
}

// Opens and reads every byte; the error, if any.
std::optional<Error> error_of(const std::string& bytes, const LoadOptions& options = {}) {
  try {
    const Checkpoint opened = Checkpoint::from_bytes(bytes, "hostile.safetensors", options);
    for (const auto& [key, value] : opened.root().pairs()) value.as_tensor().data();
  } catch (const Error& e) {
    CHECK(e.context().file == "hostile.safetensors");
    return e;
  }
  return std::nullopt;
}

std::string with_length(const std::string& header, const std::string& data = "") {
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(header.size() >> (8 * i));
  return out + header + data;
}

LoadOptions compat() {
  LoadOptions options;
  options.profile = Profile::compat;
  return options;
}

}  // namespace

TEST_CASE("safetensors files hold what the reference library reads") {
  const nlohmann::json json = json_fixture("safetensors.json");
  for (const auto& expected : json["files"]) {
    const std::string name = expected["file"];
    CAPTURE(name);
    const std::string path = fixture("safetensors/" + name).string();
    for (const bool mapped : {true, false}) {
      const Checkpoint opened =
          mapped ? Checkpoint::open(path) : Checkpoint::from_bytes(read_file(path), "x");
      CHECK(opened.container() == "safetensors");
      CHECK(opened.warnings().empty());
      CHECK(opened.root().type_name() == "collections.OrderedDict");
      CHECK(opened.root().size() == expected["tensors"].size());
      for (const auto& [name_of_tensor, tensor] : expected["tensors"].items()) {
        const std::string& key = name_of_tensor;
        CAPTURE(key);
        const Value* value = opened.root().find(key);
        REQUIRE(value);
        CHECK(bit_equal(value->as_tensor(), tensor_from(tensor)));
      }
      const Value* metadata = opened.root().attributes().find("__metadata__");
      CHECK((metadata ? metadata->size() : 0) == expected["metadata"].size());
      for (const auto& [key, text] : expected["metadata"].items()) {
        REQUIRE(metadata);
        CHECK((*metadata)[key].as_string() == text.get<std::string>());
      }
    }
    if (expected.contains("tied")) {
      const auto ties = tied_keys(load(path));
      REQUIRE(ties.size() == 1);
      CHECK(std::set<std::string>(ties[0].begin(), ties[0].end()) ==
            expected["tied"].get<std::set<std::string>>());
    }
  }
}

TEST_CASE("the reference library's verdicts hold, and what it lets pass is refused by name") {
  // Stricter than the reference: what the format's description forbids, or where readers differ.
  const std::set<std::string> stricter = {"space before",       "name twice",    "name twice by escape",
                                          "metadata key twice", "metadata null", "bool of 2"};
  size_t refused = 0;
  const nlohmann::json json = json_fixture("safetensors.json");
  for (const auto& verdict : json["verdicts"]) {
    const std::string name = verdict["name"], bytes = bytes_in(verdict["file"]);
    CAPTURE(name);
    const bool expected = verdict.contains("reference") && !stricter.count(name);
    refused += !expected;
    const auto strict = error_of(bytes);
    CHECK(!strict == (expected && name != "unknown field"));
    CHECK(!error_of(bytes, compat()) == expected);
    if (strict && name == "unknown dtype")
      CHECK(strict->kind() == ErrorKind::unsupported);
    else if (strict && name != "lower-case dtype")
      CHECK((strict->kind() == ErrorKind::corrupt || strict->message().find("unknown format") == 0 ||
             strict->kind() == ErrorKind::unsupported));
    // The reader itself agrees, also where the file does not even look like the format.
    if (!expected && name != "bool of 2")
      CHECK_THROWS_AS(
          read_safetensors_header(std::as_bytes(std::span(bytes.data(), bytes.size())), Profile::compat, {}),
          Error);
    if (!expected) continue;
    const Checkpoint opened = Checkpoint::from_bytes(bytes, "x", compat());
    CHECK(opened.root().size() == verdict["reference"].size());
    CHECK(opened.warnings().size() == (name == "unknown field" ? 1 : 0));
    for (const auto& [key, tensor] : verdict["reference"].items()) {
      const Tensor t = opened[key].as_tensor();
      nlohmann::json want = tensor[2];
      want["dtype"] = name_of(t.dtype());
      want["shape"] = t.shape().extents();
      CHECK(bit_equal(t, tensor_from(want)));
    }
  }
  CHECK(refused > 50);
}

TEST_CASE("errors name the tensor and both numbers") {
  const auto entry = [](const char* shape, const char* offsets, const char* dtype = "U8") {
    return std::string("{\"dtype\":\"") + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets +
           "}";
  };
  const auto message = [&](const std::string& header, const std::string& data, const std::string& key) {
    const auto e = error_of(with_length(header, data));
    REQUIRE(e);
    CHECK(e->context().key == key);
    return e->message();
  };
  CHECK(message("{\"a\":" + entry("[3]", "[0,2]") + "}", "ab", "a") ==
        "[safetensors] a tensor of shape [3] and dtype U8 needs 3 bytes, its data_offsets span 2");
  CHECK(message("{\"a\":" + entry("[2]", "[0,2]") + ",\"b\":" + entry("[2]", "[1,3]") + "}", "abc", "b") ==
        "[safetensors] data_offsets [1, 3] overlap another tensor: expected them to begin at 2");
  CHECK(message("{\"a\":" + entry("[2]", "[1,3]") + "}", "abc", "a") ==
        "[safetensors] data_offsets [1, 3] leave a hole: expected them to begin at 0");
  CHECK(message("{\"a\":" + entry("[2]", "[0,2]") + "}", "abc", "") ==
        "[safetensors] 1 bytes at the end of the file belong to no tensor");
  CHECK(message("{\"a\":" + entry("[4]", "[0,4]") + "}", "abc", "a") ==
        "[safetensors] data_offsets [0, 4] end outside the file, which has 3 bytes of data");
  CHECK(message("{\"a\":" + entry("[2]", "[0,2]", "C128") + "}", "ab", "a") ==
        "[safetensors] a tensor of dtype 'C128', which Sconce does not know");
  CHECK(message("{\"a\":" + entry("[2]", "[0,2]", "BOOL") + "}", "\x01\x02", "a") ==
        "expected 0 and 1 in a bool tensor, got 2 at byte 1");
  const auto cut = error_of(with_length("{\"a\":" + entry("[2]", "[0,2]") + "}", "ab").substr(0, 30));
  REQUIRE(cut);
  CHECK(cut->message() == "[safetensors] the header should have 53 bytes, the file ends after 22");
  const auto json = error_of(with_length("{\"a\":{]}", ""));
  REQUIRE(json);
  CHECK(json->context().offset == 14);
}

TEST_CASE("tensors lie in the mapping, and misaligned ones are copied within the budget") {
  const std::string path = fixture("safetensors/every_dtype.safetensors").string();
  const Checkpoint opened = Checkpoint::open(path);
  CHECK(opened["b.complex64"].as_tensor().storage().is_loaded() ==
        (std::endian::native == std::endian::little));
  CHECK(!opened["a.bool"].as_tensor().storage().is_loaded());  // checked when first used
  const std::string misaligned = with_length(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                                             R"("b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}})",
                                             "abcde");
  const Checkpoint copied = Checkpoint::from_bytes(misaligned, "x");
  const Tensor& b = copied["b"].as_tensor();
  CHECK(!b.storage().is_loaded());
  CHECK(reinterpret_cast<uintptr_t>(b.data()) % 4 == 0);
  LoadOptions small;
  small.budget.materialized_bytes = 3;
  CHECK(error_of(misaligned, small)->kind() == ErrorKind::out_of_budget);
  LoadOptions few;
  few.budget.tensors = 1;
  CHECK(error_of(misaligned, few)->kind() == ErrorKind::out_of_budget);
  LoadOptions narrow;
  narrow.budget.tree_bytes = 1000;
  CHECK(error_of(misaligned, narrow)->kind() == ErrorKind::out_of_budget);
  LoadOptions nowhere;
  nowhere.map_location = meta;
  CHECK(Checkpoint::from_bytes(misaligned, "x", nowhere)["b"].as_tensor().device() == meta);
}

TEST_CASE("whatever a safetensors file holds is a state_dict") {
  const std::string scalar = with_length(R"({"n":{"dtype":"U8","shape":[],"data_offsets":[0,1]}})", "a");
  CHECK(Checkpoint::from_bytes(scalar, "x").state_dict()["n"].item<int>() == 'a');
  CHECK(Checkpoint::from_bytes(with_length("{}"), "x").state_dict().empty());
}

TEST_CASE("dtypes that PyTorch has not stay packed bytes, and go back as they were") {
  const std::string bytes = with_length(R"({"f4":{"dtype":"F4","shape":[2,3],"data_offsets":[3,6]},)"
                                        R"("f6":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]},)"
                                        R"("pair":{"dtype":"F4","shape":[2,4],"data_offsets":[6,10]}})",
                                        "abcdefghij");
  const Checkpoint opened = Checkpoint::from_bytes(bytes, "x");
  CHECK(opened["pair"].as_tensor().dtype() == DType::f4_e2m1fn_x2);
  CHECK(opened["pair"].as_tensor().shape() == Shape{2, 2});
  CHECK(opened["f6"].as_tensor().dtype() == DType::u8);
  CHECK(opened["f6"].as_tensor().shape() == Shape{3});
  CHECK(opened["f6"].attributes()["safetensors_dtype"].as_string() == "F6_E2M3");
  CHECK(opened["f4"].attributes()["safetensors_shape"].as_ints() == std::vector<int64_t>{2, 3});
  const std::string path = (scratch_folder() / "packed.safetensors").string();
  save_safetensors(opened.state_dict(), path);
  const Checkpoint again = Checkpoint::open(path);
  for (const char* key : {"f4", "f6", "pair"}) {
    CHECK(bit_equal(again[key].as_tensor(), opened[key].as_tensor()));
    CHECK(again[key].attributes().repr() == opened[key].attributes().repr());
  }
}

TEST_CASE("save_safetensors writes the reference library's bytes") {
  for (const std::string name : {"every_dtype.safetensors", "shapes.safetensors", "empty.safetensors"}) {
    CAPTURE(name);
    const std::string original = read_file(fixture("safetensors/" + name));
    const Checkpoint opened = Checkpoint::open(fixture("safetensors/" + name).string());
    SafetensorsOptions options;
    options.metadata.clear();
    for (const auto& [key, text] : opened.root().attributes().find("__metadata__")
                                       ? (*opened.root().attributes().find("__metadata__")).pairs()
                                       : Value::Pairs{})
      options.metadata[key.as_string()] = text.as_string();
    // In another order, and from another layout.
    StateDict state;
    const StateDict given = opened.root().size() ? StateDict::from(opened.root()) : StateDict();
    for (size_t i = given.size(); i-- > 0;) {
      const Tensor& t = given.entries()[i].tensor();
      const bool swaps = t.dim() == 2 && is_numeric(t.dtype());
      state.insert(given.entries()[i].key, swaps ? t.transpose(0, 1).contiguous().transpose(0, 1) : t);
    }
    const std::string path = (scratch_folder() / name).string();
    save_safetensors(state, path, options);
    CHECK(read_file(path) == original);
  }
}

TEST_CASE("ties and module versions survive") {
  Tensor w = tensor_from({{"dtype", "float32"}, {"shape", {2}}, {"data", "AACAPwAAAEA="}});
  StateDict state{{"b", w}, {"a", w}, {"part", w.slice(0, 0, 1)}};
  state.set_metadata(
      Value::dict({{Value(""), Value::dict({{Value("version"), Value(1)}})},
                   {Value("bn"), Value::dict({{Value("version"), Value(2)}, {Value("x"), Value()}})}},
                  "collections.OrderedDict"));
  const std::string path = (scratch_folder() / "ties.safetensors").string();
  save_safetensors(state, path);
  StateDict again = load(path);
  CHECK(again.size() == 3);
  CHECK(tied_keys(again).empty());
  CHECK(again.metadata().repr() == state.metadata().repr());
  CHECK(again.version("bn") == 2);

  SafetensorsOptions drop;
  drop.ties = SafetensorsTies::drop_and_note;
  drop.module_versions = false;
  save_safetensors(state, path, drop);
  const Checkpoint opened = Checkpoint::open(path);
  CHECK(opened.root().attributes()["__metadata__"]["b"].as_string() == "a");
  again = opened.state_dict();
  CHECK(again.metadata().is_none());
  CHECK(again.size() == 3);
  REQUIRE(tied_keys(again).size() == 1);
  CHECK(bit_equal(again["b"], w));
  CHECK(bit_equal(again["part"], w.slice(0, 0, 1)));

  SafetensorsOptions error;
  error.ties = SafetensorsTies::error;
  try {
    save_safetensors(state, path, error);
    FAIL("expected an error");
  } catch (const Error& e) {
    CHECK(e.message() ==
          "[save_safetensors] the tensors \"a\" and \"b\" share memory; write them with ties = duplicate or "
          "drop_and_note");
  }
  CHECK(load(path).size() == 3);  // the old file stands
}

TEST_CASE("what the format has no room for is refused by name") {
  const std::string path = (scratch_folder() / "refused.safetensors").string();
  const Tensor w = tensor_from({{"dtype", "float32"}, {"shape", {1}}, {"data", "AACAPw=="}});
  const auto error = [&](const StateDict& state, const SafetensorsOptions& options = {}) {
    try {
      save_safetensors(state, path, options);
    } catch (const Error& e) {
      CHECK(e.context().file == path);
      CHECK(!std::filesystem::exists(path));
      return e;
    }
    FAIL("expected an error");
    return Error(ErrorKind::io, "");
  };
  const auto of = [](DType dtype) { return Tensor(Storage::allocate(16), dtype, Shape{1}); };
  for (const DType dtype :
       {DType::complex128, DType::complex32, DType::qint8, DType::quint4x2, DType::bits8}) {
    const Error e = error({{"w", w}, {"x", of(dtype)}});
    CHECK(e.kind() == ErrorKind::unsupported);
    CHECK(e.context().key == "x");
    CHECK(e.message().find(name_of(dtype)) != std::string::npos);
  }
  CHECK(error({{"epoch", Value(3)}}).context().key == "epoch");
  CHECK(error({{"m", Tensor(Storage::allocate(4, meta), DType::f32, Shape{1})}}).kind() ==
        ErrorKind::unsupported);
  CHECK(error({{"__metadata__", w}}).kind() == ErrorKind::invalid_argument);
  CHECK(error({{"\xff", w}}).kind() == ErrorKind::invalid_argument);
  SafetensorsOptions options;
  options.metadata = {{"note", "\xff"}};
  CHECK(error({{"w", w}}, options).kind() == ErrorKind::invalid_argument);
  CHECK_THROWS_AS(save_safetensors({{"w", w}}, "/no/such/folder/x.safetensors"), Error);
}

TEST_CASE("a safetensors file that is cut or bent anywhere is an error or holds tensors of its own bytes") {
  const std::string whole = read_file(fixture("safetensors/tied.safetensors"));
  REQUIRE(!error_of(whole));
  for (size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(error_of(whole.substr(0, length)));
    CHECK(error_of(whole.substr(0, length), compat()));
  }
  const size_t header = 8 + static_cast<unsigned char>(whole[0]);
  for (size_t at = 0; at < header; ++at)
    for (int value = 0; value < 256; ++value) {
      std::string bent = whole;
      bent[at] = static_cast<char>(value);
      error_of(bent, value % 2 ? compat() : LoadOptions());
    }
}

TEST_CASE("the 16 kHz weights of silero agree between safetensors and what the file says") {
  const auto folder = real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints");
    return;
  }
  const Checkpoint opened = Checkpoint::open((*folder / "silero/silero_vad_16k.safetensors").string());
  CHECK(opened.container() == "safetensors");
  CHECK(opened.root().size() > 5);
  const std::string path = (scratch_folder() / "silero.safetensors").string();
  save_safetensors(opened.state_dict(), path, {.metadata = {}});
  const StateDict again = load(path);
  for (const auto& entry : opened.state_dict()) CHECK(bit_equal(again[entry.key], entry.tensor()));
}
