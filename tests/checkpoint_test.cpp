// Checkpoints by real PyTorch, in both containers, against what PyTorch saved.
#include "support/pickle_writer.h"
#include "support/value_json.h"

#include <sconce/backend.h>
#include <sconce/checkpoint.h>
#include <sconce/nn/nn.h>
#include <sconce/ops/create.h>
#include <sconce/save.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <fstream>
#include <sstream>

using namespace sconce;
using namespace sconce::test;

namespace {

std::string path_of(const std::string& name) { return fixture("checkpoints/" + name).string(); }

// The error that `f` throws; fails the test when it throws none.
template <class F>
Error error_of(F f) {
  try {
    f();
  } catch (const Error& e) {
    return e;
  }
  FAIL("expected an error");
  return Error(ErrorKind::io, "");
}

}  // namespace

TEST_CASE("every checkpoint holds what PyTorch saved") {
  for (const auto& expected : json_fixture("checkpoints.json")) {
    const std::string file = expected["file"];
    CAPTURE(file);
    for (const bool verify : {true, false}) {
      LoadOptions options;
      options.verify_crc = verify;
      Checkpoint checkpoint;
      REQUIRE_NOTHROW(checkpoint = Checkpoint::open(fixture(file).string(), options));
      CHECK(difference(checkpoint.root(), expected["value"]) == "");
      CHECK(checkpoint.warnings().empty());
      CHECK(checkpoint.container() == (file.find("legacy") == file.npos ? "zip" : "legacy"));
    }
    // The same from memory, where nothing is aligned as in a mapping.
    const Checkpoint copy = Checkpoint::from_bytes(read_file(fixture(file)), "memory.pth");
    CHECK(difference(copy.root(), expected["value"]) == "");
    CHECK(copy.path() == "memory.pth");
  }
}

TEST_CASE("an aligned record is used in place, once its checksum has been seen") {
  const Checkpoint checkpoint = Checkpoint::open(path_of("views.pth"));
  const Tensor& base = checkpoint["base"].as_tensor();
  CHECK(!base.storage().is_loaded());
  const void* first = base.data();
  CHECK(base.storage().is_loaded());
  CHECK(reinterpret_cast<uintptr_t>(first) % 64 == 0);
  CHECK(base.data() == first);
  LoadOptions unchecked;
  unchecked.verify_crc = false;
  // In place from the beginning, where the machine has the file's byte order.
  CHECK(Checkpoint::open(path_of("views.pth"), unchecked)["base"].as_tensor().storage().is_loaded() ==
        (std::endian::native == std::endian::little));
  // Tensors outlive the checkpoint, and writing to them leaves the file alone.
  Tensor kept;
  { kept = Checkpoint::open(path_of("tiny.pth"))["w"].as_tensor(); }
  kept.mutable_data<float>()[0] = 5;
  CHECK(kept.data<float>()[0] == 5);
  CHECK(Checkpoint::open(path_of("tiny.pth"))["w"].as_tensor().data<float>()[0] == 1);
}

namespace {

// Does the address lie in a mapping of this file?
bool lies_in(const void* address, const std::string& path) {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    uintptr_t begin = 0, end = 0;
    char dash = 0;
    fields >> std::hex >> begin >> dash >> end;
    const auto at = reinterpret_cast<uintptr_t>(address);
    if (at >= begin && at < end) return line.ends_with(path);
  }
  return false;
}

}  // namespace

TEST_CASE(
    "a module takes its parameters straight from the mapped file, without a state_dict's copy of them") {
  nn::Linear source(64, 32);
  for (int i = 0; i < 64 * 32; ++i) source.weight.mutable_data<float>()[i] = static_cast<float>(i);
  const std::string path = (scratch_folder() / "linear.pth").string();
  save(source.state_dict(), path);
  for (const bool verify_crc : {true, false})
    for (const bool assign : {true, false}) {
      CAPTURE(verify_crc);
      CAPTURE(assign);
      LoadOptions options;
      options.verify_crc = verify_crc;
      options.budget.materialized_bytes = 0;  // not one byte may be copied on the way
      nn::Linear net(64, 32);
      const void* own = net.weight.data();
      const StateDict state = load(path, options);
      net.load_state_dict(state, {.assign = assign});
      CHECK(bit_equal(net.weight, source.weight));
      CHECK(bit_equal(net.bias, source.bias));
      if (!assign) CHECK(net.weight.data() == own);
      if (std::endian::native == std::endian::little && std::filesystem::exists("/proc/self/maps")) {
        CHECK(lies_in(state["weight"].data(), path));
        CHECK(lies_in(net.weight.data(), path) == assign);
      }
    }
  // The budget does count what must be copied.
  LoadOptions none;
  none.budget.materialized_bytes = 0;
  CHECK(error_of([&] { load(path_of("deflated.pth"), none)["float64"].data(); }).kind() ==
        ErrorKind::out_of_budget);
}

TEST_CASE("ties and views stay ties and views") {
  for (const std::string name : {"views.pth", "views_legacy.pth"}) {
    CAPTURE(name);
    const StateDict state = load(path_of(name));
    CHECK(state["base"].storage() == state["slice"].storage());
    CHECK(state["base"].storage() == state["scalar"].storage());
    CHECK(!(state["base"].storage() == state["channels_last"].storage()));
    const auto ties = tied_keys(state);
    REQUIRE(ties.size() == 1);
    CHECK(ties[0] == std::vector<std::string>{"tied_a", "tied_b"});
  }
  const Checkpoint checkpoint = Checkpoint::open(path_of("conjugated.pth"));
  CHECK(checkpoint["conj"].as_tensor().is_same_view(checkpoint["tied"].as_tensor()));
}

TEST_CASE("a state_dict keeps its order and its metadata, in every protocol") {
  for (const std::string name :
       {"state_dict.pth", "state_dict_protocol2.pth", "state_dict_protocol3.pth", "state_dict_protocol4.pth",
        "state_dict_protocol5.pth", "state_dict_legacy_protocol1.pth", "state_dict_legacy_protocol2.pth",
        "state_dict_legacy_protocol3.pth", "state_dict_legacy_protocol4.pth",
        "state_dict_legacy_protocol5.pth"}) {
    CAPTURE(name);
    const StateDict state = load(path_of(name));
    std::vector<std::string> keys;
    for (const auto& entry : state) keys.push_back(entry.key);
    CHECK(keys == std::vector<std::string>{"steps", "fc.weight", "fc.bias", "bn.weight", "bn.bias",
                                           "bn.running_mean", "bn.running_var", "bn.num_batches_tracked"});
    CHECK(state.version("bn") == 2);
    CHECK(state.version("fc") == 1);
    CHECK(state["steps"].item<int64_t>() == 5);
  }
}

TEST_CASE("Parameters are tensors, with the attributes they had") {
  const Checkpoint checkpoint = Checkpoint::open(path_of("parameters.pth"));
  CHECK(checkpoint["tagged"].attributes()["note"].as_string() == "kept");
  CHECK(checkpoint["buffer"].kind() == Value::Kind::tensor);
  CHECK(Checkpoint::open(path_of("attributes.pth"))["t"].attributes()["tag"].as_int() == 3);
}

TEST_CASE("the values of a training run are readable") {
  const Checkpoint checkpoint = Checkpoint::open(path_of("train_resume.pth"));
  CHECK(checkpoint["epoch"].as_int() == 7);
  CHECK(checkpoint["loss"].as_double() > 0);
  CHECK(checkpoint["best"].is_none());
  CHECK(checkpoint["optimizer_state_dict"]["param_groups"][0]["lr"].as_double() == doctest::Approx(1e-3));
  CHECK(checkpoint["scheduler"]["last_epoch"].as_int() == 1);
  CHECK(checkpoint.candidates() == std::vector<std::string>{"model_state_dict"});
  CHECK(load(path_of("train_resume.pth")).contains("bn.running_mean"));
}

TEST_CASE("the state_dict is found in its wrappers, or the candidates are named") {
  const auto keyed = [](const std::string& key) {
    LoadOptions options;
    options.key = key;
    return options;
  };
  CHECK(load(path_of("wrapped_state_dict.pth")).size() == 2);
  CHECK(load(path_of("wrapped_deep.pth")).size() == 2);
  CHECK(Checkpoint::open(path_of("wrapped_deep.pth")).candidates() ==
        std::vector<std::string>{"ckpt.net.generator"});
  CHECK(load(path_of("wrapped_alias.pth")).size() == 2);  // two names of one dictionary, which both have
  const Checkpoint alias = Checkpoint::open(path_of("wrapped_alias.pth"));
  CHECK(alias["model"].node() == alias["ema"].node());
  CHECK(alias["ema"]["w"].as_tensor().is_same_view(alias["model"]["w"].as_tensor()));
  CHECK(load(path_of("wrapped_with_numbers.pth")).size() == 4);
  CHECK(load(path_of("empty_dict.pth")).empty());

  const Error several = error_of([] { load(path_of("wrapped_several.pth")); });
  CHECK(several.kind() == ErrorKind::mismatch);
  CHECK(several.message() ==
        "the file holds 2 state_dicts; choose one with {.key = \"params\"}: \"params\" (2 tensors), "
        "\"params_ema\" (2 tensors)");
  CHECK(several.context().file == path_of("wrapped_several.pth"));
  CHECK(load(path_of("wrapped_several.pth"), keyed("params_ema"))["b"].data<float>()[0] == 1);
  CHECK(load(path_of("wrapped_deep.pth"), keyed("ckpt.net.generator")).size() == 2);
  // A key with a dot in it goes before a path.
  CHECK(load(path_of("dotted_keys.pth"), keyed("a.b")).size() == 2);
  CHECK(load(path_of("dotted_keys.pth"), keyed("a.c"))["w"].data<float>()[0] == 3);

  const Error absent = error_of([&] { load(path_of("wrapped_several.pth"), keyed("model")); });
  CHECK(absent.message() ==
        "no key \"model\" in the file; the state_dicts are: \"params\" (2 tensors), \"params_ema\" (2 "
        "tensors)");
  CHECK(error_of([&] { load(path_of("wrapped_state_dict.pth"), keyed("epoch")); }).message() ==
        "\"epoch\" is a int that is no state_dict; these are: \"state_dict\" (2 tensors)");
  CHECK(error_of([] { load(path_of("one_tensor.pth")); }).message() ==
        "the file's value is one tensor, no state_dict; take it from Checkpoint::open(...)");
}

TEST_CASE("a whole model stays closed, with its tensors in reach and its state_dict") {
  const Checkpoint checkpoint = Checkpoint::open(path_of("whole_model.pth"));
  const Value& model = checkpoint.root();
  CHECK(model.kind() == Value::Kind::object);
  CHECK(model.type_name() == "torch.nn.modules.container.Sequential");
  const Value& linear = model.state()["_modules"]["0"];
  CHECK(linear.state()["_parameters"]["weight"].as_tensor().shape() == Shape{1, 2});
  const StateDict state = checkpoint.state_dict();
  REQUIRE(state.size() == 2);
  CHECK(state.entries()[0].key == "0.weight");
  CHECK(state["0.weight"].is_same_view(linear.state()["_parameters"]["weight"].as_tensor()));
  const auto& globals = checkpoint.globals();
  CHECK(std::find(globals.begin(), globals.end(), "torch.nn.modules.linear.Linear") != globals.end());
}

TEST_CASE("a file saved on a GPU loads on the CPU; map_location says otherwise") {
  for (const std::string name : {"cuda_located.pth", "cuda_located_legacy.pth"}) {
    CAPTURE(name);
    const Checkpoint checkpoint = Checkpoint::open(path_of(name));
    CHECK(checkpoint["state_dict"]["w"].as_tensor().device() == cpu);
    REQUIRE(checkpoint.locations().size() == 2);
    for (const auto& [id, location] : checkpoint.locations()) CHECK(location == "cuda:0");
    const StateDict state = load(path_of(name));
    CHECK(state["w"].data<float>()[3] == 1);

    LoadOptions options;
    options.map_location = meta;
    CHECK(load(path_of(name), options)["w"].device() == meta);
    options.map_location = std::map<std::string, std::string>{{"cuda:0", "cpu"}};
    CHECK(load(path_of(name), options)["w"].device() == cpu);
    options.map_location = std::map<std::string, std::string>{{"cuda:0", "meta"}};
    CHECK(load(path_of(name), options)["w"].device() == meta);
    options.map_location = std::map<std::string, std::string>{{"cuda:1", "meta"}};
    CHECK(load(path_of(name), options)["w"].device() == cpu);
    if (!cuda_backend()) {
      options.map_location = cuda(0);
      CHECK(error_of([&] { load(path_of(name), options); }).kind() == ErrorKind::device);
    }
  }
}

TEST_CASE("a missing file, and files that are something else, are named") {
  CHECK(error_of([] { Checkpoint::open("/no/such/file.pth"); }).kind() == ErrorKind::io);
  const auto what = [](std::string bytes) {
    return error_of([&] { Checkpoint::from_bytes(std::move(bytes), "x.pth"); }).message();
  };
  using namespace std::string_literals;
  CHECK(what("").find("empty") != std::string::npos);
  CHECK(what("<!DOCTYPE html><html>").find("HTML") != std::string::npos);
  CHECK(what("version https://git-lfs.github.com/spec/v1\noid sha256:1\n").find("git lfs") !=
        std::string::npos);
  CHECK(what("\x1f\x8b\x08\0\0\0\0\0"s).find("gzip") != std::string::npos);
  CHECK(what("7z\xbc\xaf\x27\x1c\0\4"s).find("7z") != std::string::npos);
  CHECK(Checkpoint::from_bytes("\x80\x02}q\0."s, "x.pth").container() == "pickle");
  CHECK(what("abc").find("abc") != std::string::npos);
}

TEST_CASE("a storage without bytes may be named with several dtypes, as torch.save does") {
  using namespace pickled;
  const auto empty = [](const char* type) { return tensor(storage(type, "0", 0), 0, {0}, {1}); };
  const Checkpoint checkpoint = Checkpoint::from_bytes(
      torch_zip_of(program(dict({{"a", empty("FloatStorage")}, {"b", empty("LongStorage")}})), {{"0", ""}}),
      "x.pth");
  CHECK(checkpoint.warnings().empty());
  CHECK(checkpoint["a"].as_tensor().dtype() == DType::f32);
  CHECK(checkpoint["b"].as_tensor().dtype() == DType::i64);
  CHECK(checkpoint["b"].as_tensor().shape() == Shape{0});
}

TEST_CASE("the rebuild function of before 0.4, and a storage of a class of its time") {
  using namespace pickled;
  const auto old = [](const std::string& type) {
    return call(global("torch._utils", "_rebuild_tensor"),
                {storage(type, "0", 6), integer(1), ints({2, 2}), ints({1, 2})});
  };
  const std::string bytes =
      torch_zip_of(program(dict({{"w", old("FloatStorage")}})), {{"0", floats({0, 1, 2, 3, 4, 5})}});
  const Checkpoint checkpoint = Checkpoint::from_bytes(bytes, "x.pth");
  const Tensor& w = checkpoint["w"].as_tensor();
  CHECK(w.shape() == Shape{2, 2});
  CHECK(w.strides() == Strides{1, 2});
  CHECK(w.select(0, 1).select(0, 0).item() == 2);
  CHECK(w.select(0, 0).select(0, 1).item() == 3);
  const std::string short_one = torch_zip_of(
      program(
          dict({{"w", call(global("torch._utils", "_rebuild_tensor"), {storage("FloatStorage", "0", 6)})}})),
      {{"0", floats({0, 1, 2, 3, 4, 5})}});
  CHECK(error_of([&] { Checkpoint::from_bytes(short_one, "x.pth"); }).kind() == ErrorKind::corrupt);
}

TEST_CASE("files of PyTorch 1.6, the first with zip archives, and 1.13, in every container") {
  // What make_older.py fills its network with.
  const auto hold_model = [](const StateDict& state, bool with_versions) {
    const std::vector<std::pair<std::string, Shape>> entries = {{"0.weight", {2, 3}},
                                                                {"0.bias", {2}},
                                                                {"1.weight", {2}},
                                                                {"1.bias", {2}},
                                                                {"1.running_mean", {2}},
                                                                {"1.running_var", {2}},
                                                                {"1.num_batches_tracked", {}}};
    REQUIRE(state.size() == entries.size());
    for (size_t i = 0; i < entries.size(); ++i) {
      const std::string& key = entries[i].first;
      CAPTURE(key);
      CHECK(state.entries()[i].key == key);
      const Tensor& t = state[key];
      const auto start = static_cast<int64_t>(10 * i);
      CHECK(bit_equal(t, arange(start, start + t.numel())
                             .to(i == 6 ? DType::i64 : DType::f32)
                             .reshape(entries[i].second.extents())));
    }
    if (with_versions) CHECK(state.version("1") == 2);
    nn::Sequential net(nn::Linear(3, 2), nn::BatchNorm1d(2));
    CHECK_NOTHROW(net.load_state_dict(state));
  };
  for (const std::string version : {"1.6.0", "1.13.1"}) {
    CAPTURE(version);
    const auto open = [&](const char* ending) {
      Checkpoint opened = Checkpoint::open(fixture("older/" + version + ending).string());
      CHECK(opened.warnings().empty());
      return opened;
    };
    for (const bool legacy : {false, true}) {
      const Checkpoint checkpoint = open(legacy ? "_legacy.pth" : ".pth");
      CHECK(checkpoint.container() == (legacy ? "legacy" : "zip"));
      hold_model(checkpoint.state_dict("model"), true);
      CHECK(checkpoint["epoch"].as_int() == 3);
      CHECK(checkpoint["optimizer"]["param_groups"][0]["lr"].as_double() == 0.5);
      const Value& tied = checkpoint["tied"];
      const Tensor weight = arange(0, 6).to(DType::f32).reshape({2, 3});
      CHECK(bit_equal(tied[0].as_tensor(), weight));
      CHECK(tied[1].as_tensor().is_same_view(tied[0].as_tensor()));
      CHECK(bit_equal(tied[2].as_tensor(), weight.t()));
      CHECK(tied[2].as_tensor().storage() == tied[0].as_tensor().storage());
      CHECK(bit_equal(tied[3].as_tensor(), weight.select(0, 1).slice(0, 1, 3)));
      CHECK(checkpoint["dtypes"].size() == 10);
      for (const auto& [name, value] : checkpoint["dtypes"].pairs()) {
        const auto dtype = parse_dtype(name.as_string());
        REQUIRE(dtype);
        CHECK(bit_equal(value.as_tensor(), arange(0, 3).to(*dtype)));
      }
    }
    const Checkpoint whole = open("_whole.pth"), script = open("_script.pt");
    CHECK(whole.root().type_name() == "torch.nn.modules.container.Sequential");
    hold_model(whole.state_dict(), true);
    CHECK(script.container() == "torchscript");
    hold_model(script.state_dict(), false);
  }
}
