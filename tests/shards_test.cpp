// Checkpoints in several files: what the index says, what the files hold, and writing them.
#include <sconce/checkpoint.h>
#include <sconce/ops/compare.h>
#include <sconce/ops/create.h>
#include <sconce/shards.h>

#include <doctest/doctest.h>

#include <optional>

#include "support/faults.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;
namespace fs = std::filesystem;

namespace {

std::optional<Error> error_of(const fs::path& path, const LoadOptions& options = {}) {
  try {
    (void)Checkpoint::open(path.string(), options);
  } catch (const Error& e) {
    return e;
  }
  return std::nullopt;
}

LoadOptions compat() {
  LoadOptions options;
  options.profile = Profile::compat;
  return options;
}

std::string safetensors_of(const std::vector<std::string>& keys, const std::string& metadata = "") {
  std::string header = "{" + metadata, data;
  for (const std::string& key : keys) {
    header += (header.size() > 1 ? ",\"" : "\"") + key +
              "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[" + std::to_string(data.size()) + "," +
              std::to_string(data.size() + 1) + "]}";
    data += static_cast<char>('a' + data.size());
  }
  header += "}";
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(header.size() >> (8 * i));
  return out + header + data;
}

// A folder with two shards, s1 (a, b) and s2 (c), and an index with the given map.
fs::path folder_with(const std::string& map) {
  static int count = 0;
  const fs::path folder = scratch_folder() / ("shards" + std::to_string(count++));
  fs::create_directory(folder);
  write_file(folder / "s1", safetensors_of({"a", "b"}));
  write_file(folder / "s2", safetensors_of({"c"}));
  write_file(folder / "model.safetensors.index.json", "{\"weight_map\":{" + map + "}}");
  return folder;
}

void expect_state(const Checkpoint& opened, const nlohmann::json& json) {
  CHECK(opened.container() == "shards");
  CHECK(opened.warnings().empty());
  CHECK(opened.root().size() == json["tensors"].size());
  const StateDict state = opened.state_dict();
  for (const auto& [key, tensor] : json["tensors"].items()) CHECK(bit_equal(state[key], tensor_from(tensor)));
}

}  // namespace

TEST_CASE("shards of both kinds hold what was saved, by index and by folder") {
  const nlohmann::json json = json_fixture("shards.json");
  for (const std::string folder : {"shards/safetensors", "shards/pytorch"}) {
    CAPTURE(folder);
    const Checkpoint opened = Checkpoint::open(fixture(folder).string());
    expect_state(opened, json);
    CHECK(opened.root().attributes()["__metadata__"]["total_size"].as_int() == 484);
    const std::string index =
        folder == "shards/pytorch" ? "pytorch_model.bin.index.json" : "model.safetensors.index.json";
    CHECK(opened.path() == (fixture(folder) / index).string());
    expect_state(Checkpoint::open((fixture(folder) / index).string()), json);
    CHECK((opened.globals().empty()) == (folder == "shards/safetensors"));
  }
}

TEST_CASE("index and shards agree on every key, or the error names key and file") {
  const std::string right = R"("a":"s1","c":"s2","b":"s1")";
  const Checkpoint fine = Checkpoint::open(folder_with(right).string());
  CHECK(fine.root().pairs()[1].first.as_string() == "c");  // the order of the map
  struct Case {
    const char *map, *key, *file, *message;
  };
  for (const Case& bad :
       {Case{R"("a":"s1","b":"s1","c":"s2","d":"s2")", "d", "s2",
             "[shards] the index says that the key is in this file, which lacks it"},
        Case{R"("a":"s1","c":"s2")", "b", "s1", "[shards] the file has a key that the index does not list"},
        Case{R"("a":"s1","b":"s2","c":"s2")", "b", "s2",
             "[shards] the index says that the key is in this file, which lacks it"},
        Case{R"("a":"s1","b":"s1","c":"s3")", "", "s3",
             "[open] cannot read the file: No such file or directory"},
        Case{R"("a":"s1","b":"s1","c":3)", "c", "model.safetensors.index.json",
             "[shards] expected the name of a file, got int"}}) {
    CAPTURE(bad.map);
    const fs::path folder = folder_with(bad.map);
    const auto e = error_of(folder);
    REQUIRE(e);
    CHECK(e->message() == bad.message);
    CHECK(e->context().key == bad.key);
    CHECK(e->context().file == (folder / bad.file).string());
  }
  // A shard that holds a key which the map gives to another, which has it too.
  const fs::path folder = folder_with(right);
  write_file(folder / "s2", safetensors_of({"c", "a"}));
  const auto e = error_of(folder);
  REQUIRE(e);
  CHECK(e->message() == "[shards] the file has a key that the index says is in 's1'");
  CHECK(e->context().key == "a");
  // compat takes keys that the index leaves out, once.
  const Checkpoint more = Checkpoint::open(folder_with(R"("a":"s1","c":"s2")").string(), compat());
  CHECK(more.root().size() == 3);
  CHECK(more.warnings().size() == 1);
  const fs::path twice = folder_with(R"("a":"s1","c":"s2")");
  write_file(twice / "s2", safetensors_of({"c", "b"}));
  CHECK(error_of(twice, compat())->message() == "[shards] two files have the key");
}

TEST_CASE("an index names plain files beside it only") {
  for (const char* name : {"../s1", "/etc/passwd", "", ".", "..", "sub/s1", "s1\\\\x", "a\\u0000b", "./s1"}) {
    CAPTURE(name);
    const auto e = error_of(folder_with(std::string("\"a\":\"") + name + "\""));
    REQUIRE(e);
    CHECK(e->kind() == ErrorKind::corrupt);
    CHECK(e->context().key == "a");
  }
  // No shards inside shards, and no folders.
  const fs::path folder = folder_with(R"("a":"model.safetensors.index.json")");
  CHECK(error_of(folder)->message() == "[shards] expected a checkpoint as shard, got a JSON document");
  fs::create_directory(folder / "sub");
  write_file(folder / "x.index.json", R"({"weight_map":{"a":"sub"}})");
  CHECK(error_of(folder / "x.index.json")->kind() == ErrorKind::io);
  // Two indexes: the folder does not say which.
  CHECK(error_of(folder)->message() ==
        "[open] the folder has 2 indexes; open one of them: model.safetensors.index.json, x.index.json");
  CHECK(error_of(folder / "sub")->message() ==
        "[open] this is a folder, and no *.index.json in it: open one of its files");
}

TEST_CASE("documents that are no index") {
  const fs::path path = scratch_folder() / "odd.index.json";
  const auto error = [&](const std::string& text, const LoadOptions& options = {}) {
    write_file(path, text);
    const auto e = error_of(path, options);
    REQUIRE(e);
    CHECK(e->context().file == path.string());
    return *e;
  };
  CHECK(error(R"({"a": 1})").message() == "this is a JSON document, not a PyTorch checkpoint");
  CHECK(error(R"({"weight_map": [1]})").kind() == ErrorKind::unsupported);
  CHECK(error(R"({"weight_map": {"a": "s", "a": "s"}})").message() ==
        "the key 'a' stands twice in one object");
  CHECK(error(R"({"weight_map": {"a": "s")").kind() == ErrorKind::corrupt);
  CHECK(error(R"({"weight_map": {"a": "s"}} x)").kind() == ErrorKind::corrupt);
  CHECK(error(R"({"metadata":)" + std::string(100, '[') + std::string(100, ']') + R"(, "weight_map": {}})")
            .kind() == ErrorKind::corrupt);
  LoadOptions small;
  small.budget.tree_bytes = 500;
  CHECK(error(R"({"weight_map": {"a": "s", "b": "s"}})", small).kind() == ErrorKind::out_of_budget);
  CHECK_THROWS_AS(Checkpoint::from_bytes(R"({"weight_map": {"a": "s"}})", "x"), Error);
  // Cut anywhere.
  const std::string whole = R"({"weight_map": {"a": "model"}, "metadata": {"n": [1, 2.5, true, null]}})";
  for (size_t length = 0; length < whole.size(); ++length) error(whole.substr(0, length));
}

TEST_CASE("save_shards writes the files that transformers writes") {
  const nlohmann::json json = json_fixture("shards.json");
  StateDict state;
  for (const std::string key : json["order"]) state.insert(key, tensor_from(json["tensors"][key]));
  const fs::path folder = scratch_folder() / "written";
  fs::create_directory(folder);
  ShardOptions options;
  options.max_shard_bytes = json["max_shard_bytes"];
  write_file(folder / "model.safetensors.index.json", "old");
  save_shards(state, folder.string(), options);
  size_t files = 0;
  for (const auto& entry : fs::directory_iterator(fixture("shards/safetensors"))) {
    CAPTURE(entry.path().filename().string());
    CHECK(read_file(folder / entry.path().filename()) == read_file(entry.path()));
    ++files;
  }
  CHECK(files == 4);
  CHECK(std::distance(fs::directory_iterator(folder), fs::directory_iterator()) == 4);
  expect_state(Checkpoint::open(folder.string()), json);

  // PyTorch's own format.
  ShardOptions pytorch = options;
  pytorch.format = ShardFormat::pytorch;
  const fs::path bins = scratch_folder() / "bins";
  fs::create_directory(bins);
  save_shards(state, bins.string(), pytorch);
  CHECK(read_file(bins / "pytorch_model.bin.index.json") ==
        read_file(fixture("shards/pytorch/pytorch_model.bin.index.json")));
  CHECK(fs::exists(bins / "pytorch_model-00003-of-00003.bin"));
  expect_state(Checkpoint::open(bins.string()), json);
  CHECK_THROWS_AS(save_shards(state, (bins / "x.safetensors.index.json").string(), pytorch), Error);

  // By the index's name, and all in one shard.
  const fs::path index = folder / "small.safetensors.index.json";
  save_shards(state, index.string());
  CHECK(fs::exists(folder / "small-00001-of-00001.safetensors"));
  expect_state(Checkpoint::open(index.string()), json);
  CHECK_THROWS_AS(save_shards(state, (folder / "model.json").string()), Error);
  CHECK_THROWS_AS(save_shards(state, (folder / "no/folder/x.safetensors.index.json").string()), Error);
  // What a shard cannot hold leaves everything as it was.
  state.insert("epoch", Value(3));
  const std::string before = read_file(index);
  CHECK_THROWS_AS(save_shards(state, index.string()), Error);
  CHECK(read_file(index) == before);
  CHECK(std::distance(fs::directory_iterator(folder), fs::directory_iterator()) == 6);
}

TEST_CASE("ties and module versions survive shards") {
  const Tensor a = tensor_from({{"dtype", "float32"}, {"shape", {2}}, {"data", "AACAPwAAAEA="}});
  StateDict state{{"wte", a}, {"middle", a.clone()}, {"head", a}, {"last", a.clone()}};
  state.set_metadata(
      Value::dict({{Value("bn"), Value::dict({{Value("version"), Value(2)}})}}, "collections.OrderedDict"));
  const fs::path folder = scratch_folder() / "tied_shards";
  fs::create_directory(folder);
  ShardOptions options;
  options.max_shard_bytes = 8;
  options.safetensors.ties = SafetensorsTies::drop_and_note;
  save_shards(state, folder.string(), options);
  const Checkpoint opened = Checkpoint::open(folder.string());
  CHECK(opened.warnings().empty());
  const StateDict again = opened.state_dict();
  CHECK(again.size() == 4);
  REQUIRE(tied_keys(again).size() == 1);
  CHECK(again.version("bn") == 2);
  const auto index = nlohmann::json::parse(read_file(folder / "model.safetensors.index.json"));
  CHECK(index["weight_map"].size() == 3);
  CHECK(!index["weight_map"].contains("wte"));  // "head" sorts first
}

namespace {

// Three shards of one format, in a folder of their own, and which version of them its index names.
struct Set {
  explicit Set(ShardFormat format, size_t count = 3) : keys(count) {
    static int made = 0;
    folder = scratch_folder() / ("set" + std::to_string(made++));
    fs::create_directory(folder);
    options.format = format;
    options.max_shard_bytes = 400;
  }
  void write(int version) const {
    StateDict state;
    for (size_t i = 0; i < keys; ++i) state.insert("k" + std::to_string(i), full(Shape{100}, version));
    save_shards(state, folder.string(), options);
  }
  // Every byte of the set is read; -1 when it is mixed or not whole.
  int version() const {
    const StateDict state = load(folder.string());
    const auto first = static_cast<int>(state["k0"].slice(0, 0, 1).item());
    for (const StateDict::Entry& entry : state)
      if (!equal(entry.tensor(), full(Shape{100}, first))) return -1;
    return state.size() == keys ? first : -1;
  }
  size_t files() const {
    return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
  }
  void restore() const {
    fs::remove_all(folder);
    fs::create_directory(folder);
    write(1);
  }

  fs::path folder;
  size_t keys;
  ShardOptions options;
};

}  // namespace

TEST_CASE("a set of shards takes the place of another, of more or fewer, and leaves nothing behind") {
  for (const ShardFormat format : {ShardFormat::safetensors, ShardFormat::pytorch}) {
    Set set(format);
    const std::string stem = format == ShardFormat::safetensors ? "model" : "pytorch_model",
                      ending = format == ShardFormat::safetensors ? ".safetensors" : ".bin";
    for (int version = 1; version < 6; ++version) {
      set.write(version);
      CHECK(set.version() == version);
      CHECK(set.files() == 4);
      CHECK(fs::exists(set.folder / (stem + (version % 2 ? "" : "-s2") + "-00001-of-00003" + ending)));
    }
    set.keys = 5;
    set.write(6);
    CHECK(set.version() == 6);
    CHECK(set.files() == 6);
    set.keys = 2;
    set.write(7);
    CHECK(set.version() == 7);
    CHECK(set.files() == 3);
    // Files that the old index names and that are no shards of this name are somebody's own.
    write_file(set.folder / "other.bin", "x");
    write_file(set.folder / (stem + "-notes" + ending), "x");
    write_file(
        set.folder / (stem + ending + ".index.json"),
        R"({"weight_map": {"a": "other.bin", "b": ")" + stem + "-notes" + ending + R"(", "c": "../x"}})");
    set.write(8);
    CHECK(fs::exists(set.folder / "other.bin"));
    CHECK(fs::exists(set.folder / (stem + "-notes" + ending)));
    CHECK(set.version() == 8);
  }
}

TEST_CASE("saving shards: each call fails once, and the index names the old set or the new one") {
  for (const ShardFormat format : {ShardFormat::safetensors, ShardFormat::pytorch}) {
    const Set set(format);
    set.write(1);
    size_t count = 0;
    {
      Faults faults;
      set.write(2);
      count = faults.calls.size();
    }
    REQUIRE(count > 30);
    set.restore();
    size_t old_seen = 0, new_seen = 0;
    for (const int code : {ENOSPC, EIO, EACCES})
      for (size_t at = 0; at < count; ++at) {
        bool threw = false;
        std::string failed;
        {
          Faults faults;
          faults.at = at;
          faults.code = code;
          try {
            set.write(2);
          } catch (const Error& e) {
            CHECK(e.kind() == ErrorKind::io);
            threw = true;
          }
          failed = faults.calls.at(at);
        }
        CAPTURE(code);
        CAPTURE(at);
        CAPTURE(failed);
        const int version = set.version();
        CHECK((version == 1 || version == 2));
        if (!threw) CHECK(version == 2);
        // No litter of the set that was not finished.
        if (version == 1) CHECK(set.files() == 4);
        ++(version == 1 ? old_seen : new_seen);
        set.restore();
      }
    CHECK(old_seen > 60);
    CHECK(new_seen > 6);
  }
}

TEST_CASE("saving shards: killed before each call, the index names the old set or the new one") {
  const Set set(ShardFormat::safetensors);
  set.write(1);
  size_t old_seen = 0, new_seen = 0;
  bool done = false;
  for (size_t at = 0; !done; ++at) {
    REQUIRE(at < 200);
    done = outlives_kill_at(at, [&] { set.write(2); });
    const int version = set.version();
    CHECK((version == 1 || version == 2));
    ++(version == 1 ? old_seen : new_seen);
    // The next saving goes through all the same.
    set.write(3);
    CHECK(set.version() == 3);
    set.restore();
  }
  CHECK(old_seen > 20);
  CHECK(new_seen > 5);  // also between the removals of the old shards
}
