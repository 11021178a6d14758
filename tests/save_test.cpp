// Saving: byte for byte what torch.save writes, where it wrote the fixtures, and the rules beside that.
#include <doctest/doctest.h>
#include <sconce/checkpoint.h>
#include <sconce/nn/nn.h>
#include <sconce/ops/create.h>
#include <sconce/quantized.h>
#include <sconce/save.h>

#include <sys/stat.h>
#include <unistd.h>

#include "support/support.h"
#include "support/value_equal.h"
#include "support/value_json.h"
#include "support/zip_builder.h"
#include "zip.h"

using namespace sconce;
using namespace sconce::test;
namespace fs = std::filesystem;

namespace {

std::string saved(const Value& value, const SaveOptions& options = {}, const char* name = "x.pth") {
  const fs::path path = scratch_folder() / name;
  save(value, path.string(), options);
  return read_file(path);
}

Value reloaded(const Value& value, const SaveOptions& options = {}) {
  return Checkpoint::from_bytes(saved(value, options), "x.pth").root();
}

std::string reason(const Value& value) {
  const fs::path path = scratch_folder() / "x.pth";
  try {
    save(value, path.string());
  } catch (const Error& e) {
    CHECK(!fs::exists(path));
    CHECK(e.context().file == path.string());
    return e.message() + (e.context().key.empty() ? "" : " @ " + e.context().key);
  }
  return "saved";
}

Tensor numbers(int64_t count) {
  Tensor t = empty(Shape{count});
  for (int64_t i = 0; i < count; ++i) t.mutable_data<float>()[i] = static_cast<float>(i);
  return t;
}

// The archive without its id, which PyTorch makes in another way: 40 digits, and their checksum at two places.
std::string without_id(std::string bytes) {
  const ZipArchive zip(bytes_of(std::string_view(bytes)));
  const ZipEntry* id = zip.record(".data/serialization_id");
  REQUIRE(id != nullptr);
  REQUIRE(id->size == 40);
  bytes.replace(id->data_offset, 40, 40, '-');
  bytes.replace(id->data_offset + 44, 4, 4, '-');
  const size_t central = bytes.rfind(id->name) - 30;
  bytes.replace(central, 4, 4, '-');
  return bytes;
}

}  // namespace

TEST_CASE("save: the fixtures come out as PyTorch wrote them, byte for byte") {
  // Those that torch.save wrote on this kind of machine, without Parameters.
  if (std::endian::native == std::endian::big) return;
  for (const std::string name : {"checkpoints/attributes",
                                 "checkpoints/dotted_keys",
                                 "checkpoints/empty_dict",
                                 "checkpoints/every_dtype",
                                 "checkpoints/meta",
                                 "checkpoints/one_tensor",
                                 "checkpoints/state_dict",
                                 "checkpoints/tiny",
                                 "checkpoints/train_resume",

                                 "checkpoints/views",
                                 "checkpoints/wrapped_alias",
                                 "checkpoints/wrapped_deep",
                                 "checkpoints/wrapped_several",
                                 "checkpoints/wrapped_state_dict",
                                 "checkpoints/wrapped_with_numbers",
                                 "kinds/quantized",
                                 "kinds/sparse",
                                 "scenarios/cnn",
                                 "scenarios/sparse",
                                 "scenarios/tied"}) {
    CAPTURE(name);
    const fs::path file = fixture(name + ".pth");
    const std::string made = saved(Checkpoint::open(file.string()).root(), {}, file.filename().c_str());
    CHECK(without_id(made) == without_id(read_file(file)));
  }
}

TEST_CASE("save: every fixture that can be saved reads back as what PyTorch recorded") {
  const auto cases = json_fixture("checkpoints.json");
  size_t count = 0;
  for (const auto& c : cases) {
    if (!c.contains("value")) continue;  // cannot be loaded
    const std::string file = c.at("file");
    CAPTURE(file);
    const Value root = Checkpoint::open(fixture(file).string()).root();
    const Value again = reloaded(root);
    CHECK(first_difference(root, again) == "");
    CHECK(difference(again, c.at("value")) == "");
    CHECK(difference(reloaded(root, {.alignment = 4096}), c.at("value")) == "");
    ++count;
  }
  CHECK(count > 40);
}

TEST_CASE("save: whatever can be opened comes back equal, or is refused with its place") {
  const fs::path target = scratch_folder() / "x.pth";
  size_t equal = 0, refused = 0;
  for (const char* folder : {"fixtures", "fuzz/seeds"})
    for (const auto& entry : fs::recursive_directory_iterator(fixture("..") / folder)) {
      if (!entry.is_regular_file()) continue;
      const std::string file = entry.path().string();
      CAPTURE(file);
      Value root;
      try {
        root = Checkpoint::open(file, {.profile = Profile::compat}).root();
      } catch (const Error&) {
        continue;  // other tests say why
      }
      try {
        save(root, target.string());
      } catch (const Error& e) {
        CHECK(e.kind() != ErrorKind::io);
        CHECK(!fs::exists(target));
        ++refused;
        continue;
      }
      CHECK(first_difference(root, Checkpoint::open(target.string()).root()) == "");
      fs::remove(target);
      ++equal;
    }
  CHECK(equal > 100);
  CHECK(refused > 3);
}

TEST_CASE("save: a state_dict keeps order, metadata and ties") {
  nn::Sequential net{nn::Linear(3, 3), nn::BatchNorm1d(3), nn::Linear(3, 3)};
  StateDict state = net.state_dict();
  state.insert("tied.weight", state["0.weight"]);
  state.insert("row", state["0.weight"].select(0, 1));
  const std::string path = (scratch_folder() / "net.pth").string();
  save(state, path);
  const StateDict again = load(path);
  CHECK(first_difference(state.to_value(), again.to_value(), {.aliases = false}) == "");
  CHECK(again.version("1") == 2);
  CHECK(tied_keys(again) == std::vector<std::vector<std::string>>{{"0.weight", "tied.weight"}});
  CHECK(again["row"].storage() == again["0.weight"].storage());
  CHECK(again["row"].storage_offset() == 3);
  nn::Sequential other{nn::Linear(3, 3), nn::BatchNorm1d(3), nn::Linear(3, 3)};
  CHECK(other.load_state_dict(again, {.strict = false}).missing_keys.empty());
}

TEST_CASE("save: the root folder is named as PyTorch names it") {
  const fs::path folder = scratch_folder();
  const auto root = [&](const fs::path& name) {
    save(Value(1), (folder / name).string());
    return ZipArchive(bytes_of(std::string_view(read_file(folder / name)))).root();
  };
  CHECK(root("model.pth") == "model/");
  CHECK(root("model.best.pth") == "model.best/");
  CHECK(root("model.pth.tar") == "model.pth/");
  CHECK(root("noextension") == "noextension/");
  CHECK(root("with space.pt") == "with space/");
  CHECK(root("back\\slash.pt") == "slash/");
  CHECK(root(".hidden") == "archive/");
  CHECK(root("gr\xC3\xB6\xC3\x9F"
             "e.pth") == "archive/");
}

TEST_CASE("save: a storage that is read as several dtypes stays one") {
  const Tensor f = numbers(6);
  const Tensor words(f.storage(), DType::i32, Shape{6}),
      bytes(f.storage(), DType::u8, Shape{4}, Strides{1}, 5);
  const Value root = Value::dict({{"f", f}, {"words", words}, {"bytes", bytes}});
  for (const bool compact : {false, true}) {
    CAPTURE(compact);
    const Value again = reloaded(root, {.compact = compact});
    CHECK(first_difference(root, again) == "");
  }
  // Its last element is cut.
  const Storage odd = Storage::allocate(10);
  std::memset(odd.data(), 7, 10);
  const Value cut = Value::list({Tensor(odd, DType::f32, Shape{2})});
  CHECK(first_difference(cut, reloaded(cut)) == "");
}

TEST_CASE("save: compact leaves out what no tensor reaches") {
  const Tensor base = numbers(1000).view({10, 100});
  const auto compact = [&](const Value& v) { return reloaded(v, {.compact = true}); };
  const auto size = [](const Value& v) { return v.as_tensor().storage().nbytes(); };

  const Value row = base.select(0, 3);
  CHECK(reloaded(row).as_tensor().storage().nbytes() == 4000);
  CHECK(size(compact(row)) == 400);
  CHECK(compact(row).as_tensor().storage_offset() == 0);

  const Value column = base.select(1, 7), thin = base.t().slice(0, 0, 100, 50);
  CHECK(size(compact(column)) == 40);
  CHECK(compact(column).as_tensor().strides() == Strides{1});
  CHECK(size(compact(thin)) == 80);
  CHECK(compact(thin).as_tensor().strides() == Strides{1, 2});
  CHECK(first_difference(thin, compact(thin), {.layout = false}) == "");

  // Two that overlap stay views of one storage; one that does not parts from them.
  const Value several = compact(Value::list({base.slice(0, 1, 3), base.slice(0, 2, 4), base.select(0, 8)}));
  CHECK(size(several[0]) == 1200);
  CHECK(several[0].as_tensor().storage() == several[1].as_tensor().storage());
  CHECK(several[1].as_tensor().storage_offset() == 100);
  CHECK(size(several[2]) == 400);

  // Ties of a view that is gathered stay ties, an expanded one stays expanded, and windows stay windows.
  const Value ties = compact(Value::list({column, Value(column.as_tensor())}));
  CHECK(ties[0].as_tensor().is_same_view(ties[1].as_tensor()));
  const Value wide = compact(Value(column.as_tensor().expand({5, 10})));
  CHECK(size(wide) == 40);
  CHECK(wide.as_tensor().strides() == Strides{0, 1});
  const Value windows = compact(Value(Tensor(base.storage(), DType::f32, Shape{4, 3}, Strides{1, 1}, 10)));
  CHECK(size(windows) == 24);
  CHECK(windows.as_tensor().strides() == Strides{1, 1});

  // What has no gaps stays as it is, channels_last too.
  const Tensor last = numbers(48).view({2, 2, 4, 3}).permute({0, 3, 1, 2});
  CHECK(first_difference(last, compact(last)) == "");
}

TEST_CASE("save: a gathered view larger than one piece") {
  // 96 MiB of every second element, in a storage that is never touched whole.
  const int64_t count = int64_t{24} << 20;
  Tensor base = zeros(Shape{count, 2});
  for (const int64_t i : {int64_t{0}, count / 2, count - 1})
    base.mutable_data<float>()[2 * i] = static_cast<float>(i);
  const Value again = reloaded(base.select(1, 0), {.compact = true});
  CHECK(again.as_tensor().storage().nbytes() == static_cast<size_t>(count) * 4);
  const auto* at = again.as_tensor().data<float>();
  for (const int64_t i : {int64_t{0}, count / 2, count - 1}) CHECK(at[i] == static_cast<float>(i));
  CHECK(at[1] == 0);
}

TEST_CASE("save: over the very file that the tensors are mapped from") {
  const std::string path = (scratch_folder() / "x.pth").string();
  save(Value::dict({{"a", numbers(5000)}, {"b", numbers(3)}}), path);
  for (const bool verify_crc : {true, false}) {
    StateDict state = load(path, {.verify_crc = verify_crc});
    const Tensor before = state["a"];
    state.insert("c", Value(7));
    save(state, path);
    const StateDict again = load(path);
    CHECK(bit_equal(before, again["a"]));
    CHECK(bit_equal(numbers(3), again["b"]));
  }
}

TEST_CASE("save: damage in the source is noticed while it is written, and the target stays") {
  const fs::path folder = scratch_folder();
  const std::string source = (folder / "source.pth").string(), target = (folder / "target.pth").string();
  save(Value::dict({{"a", numbers(5000)}, {"b", numbers(3)}}), source);
  std::string bytes = read_file(source);
  const ZipArchive zip(bytes_of(std::string_view(bytes)));
  bytes[zip.record("data/0")->data_offset + 777] ^= 1;
  write_file(source, bytes);
  write_file(target, "old");
  try {
    save(load(source), target);
    FAIL("expected an error");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::corrupt);
    CHECK(e.context().file == source);
    CHECK(e.context().record == "source/data/0");
    CHECK(e.context().key == "a");
  }
  CHECK(read_file(target) == "old");
  CHECK(std::distance(fs::directory_iterator(folder), fs::directory_iterator()) == 2);
}

TEST_CASE("save: what cannot be written is refused, by its path") {
  const Value object = Value::object("numpy.random.Generator", {}, Value());
  CHECK(reason(Value::dict({{"run", Value::list({1, object})}})) ==
        "[save] an instance of numpy.random.Generator, a class that Sconce does not know, cannot be saved; "
        "leave it "
        "out @ run.1");
  CHECK(reason(Value::dict({{"net", Value::global("torch.nn.modules.linear.Linear")}})) ==
        "[save] the class or function torch.nn.modules.linear.Linear cannot be saved: "
        "torch.load(weights_only=True) would refuse it @ net");
  CHECK(reason(Value::dict({{Value::list({1}), 1}})) ==
        "[save] a list cannot be a key or the member of a set: Python cannot hash it @ [1]");
  CHECK(reason(Value::dict({{Value::tuple({1, Value::dict({})}), 1}})) ==
        "[save] a tuple cannot be a key or the member of a set: Python cannot hash it @ (1, {})");
  CHECK(reason(Value::dict({{"a", "\xff"}})) ==
        "[save] expected a text in UTF-8, got other bytes; use Value::bytes @ a");
  CHECK(reason(Value::dict({{"a", Tensor()}})) == "[save] a tensor without data cannot be saved @ a");
  CHECK(reason(Value::dict({{"a", Tensor(Storage::allocate(4), DType::qint8, Shape{4})}})) ==
        "[save] a tensor of dtype qint8 cannot be saved without its scale and zero point @ a");
  CHECK(reason(Value::dict({{"a", 1}}, "transformers.BatchEncoding")) ==
        "[save] a dictionary of class transformers.BatchEncoding cannot be saved; make it a dict or an "
        "OrderedDict");
  CHECK(reason(Value::dict({{"a", 1}}).with_attributes(Value::dict({{"x", 1}}))) ==
        "[save] a dict with attributes cannot be saved; only tensors and an OrderedDict have some");
  CHECK(reason(Value::dict({}, "collections.OrderedDict").with_attributes(3)) ==
        "[save] expected attributes as a dict, got int");
  CHECK(reason(Value::dict({{"a", 1}}, "collections.defaultdict")
                   .with_attributes(Value::dict({{"default_factory", Value::global("builtins.eval")}}))) ==
        "[save] a defaultdict whose values come from <class 'eval'> cannot be saved");
  QuantizedTensor q;
  q.values = Tensor(Storage::allocate(4, meta), DType::qint8, Shape{4}), q.shape = Shape{4};
  q.scales = ones(Shape{}, DType::f64), q.zero_points = zeros(Shape{}, DType::i64);
  CHECK(reason(Value::list({Value::quantized(q)})) ==
        "[save] a quantized tensor on device meta has no numbers to save @ 0");
  const Storage both = Storage::allocate(4);
  q.values = Tensor(both, DType::qint8, Shape{4});
  CHECK(reason(Value::list({Value::quantized(q), Tensor(both, DType::u8, Shape{4})})) ==
        "[save] a quantized tensor whose storage is read as another dtype too cannot be saved @ 0");
  CHECK(reason(Value::big_integer(std::string(615, '9'))) ==
        "[save] an integer of 256 bytes: torch.load(weights_only=True) takes at most 255");
  CHECK(
      reason(Value::big_integer(std::string(100000, '9'))).starts_with("[save] an integer of 100000 digits"));
  CHECK(reason(Value::big_integer("12x")) == "[save] expected the digits of an integer, got 'x'");
  for (const uint32_t alignment : {0U, 8U, 48U, 65536U})
    CHECK_THROWS_WITH_AS(save(Value(1), "x", {.alignment = alignment}),
                         doctest::Contains("a power of two from 16 to 32768"), Error);
}

TEST_CASE("save: containers that contain themselves") {
  Value list = Value::list({}), dict = Value::dict({}, "collections.OrderedDict");
  ValueBuilder::append(list, list);
  ValueBuilder::append(list, dict);
  ValueBuilder::insert(dict, "self", dict);
  ValueBuilder::insert(dict, "list", list);
  ValueBuilder::weaken_cycles({&list, 1});
  const Value again = reloaded(list);
  CHECK(again[0].node() == again.node());
  CHECK(again[1]["self"].node() == again[1].node());
  CHECK(again[1]["list"].node() == again.node());

  Value inner = Value::list({});
  Value tuple = Value::tuple({inner});
  ValueBuilder::append(inner, tuple);
  ValueBuilder::weaken_cycles({&tuple, 1});
  CHECK(reason(tuple) == "[save] a tuple that contains itself cannot be saved @ 0.0");
  Value counter = Value::dict({}, "collections.Counter");
  ValueBuilder::insert(counter, "x", counter);
  ValueBuilder::weaken_cycles({&counter, 1});
  CHECK(reason(counter).starts_with("[save] values are nested more than 1000 deep, or contain themselves"));
}

TEST_CASE("save: as deep as a file is read, and no deeper") {
  const auto nested = [](int levels) {
    Value v = Value::list({});
    for (int i = 1; i < levels; ++i) v = Value::list({v});
    return v;
  };
  CHECK(first_difference(nested(1000), reloaded(nested(1000))) == "");
  CHECK(reason(nested(1001)).starts_with("[save] values are nested more than 1000 deep"));
  CHECK(reason(nested(1'000'000)).starts_with("[save] values are nested more than 1000 deep"));
  Value shared = Value::tuple({1});
  for (int i = 0; i < 900; ++i) shared = Value::tuple({shared, shared});
  CHECK(reason(Value::dict({{shared, 1}})) == "saved");
  Value key = Value::tuple({});
  for (int i = 0; i < 1'000'000; ++i) key = Value::tuple({key});
  CHECK(reason(Value::dict({{key, 1}})).starts_with("[save] values are nested more than 1000 deep"));
}

TEST_CASE("save: a link is followed, and a file gets the permissions of any new one") {
  const fs::path folder = scratch_folder();
  fs::create_directory(folder / "elsewhere");
  fs::create_symlink(folder / "elsewhere" / "real.pth", folder / "link.pth");
  const mode_t old = umask(027);
  save(Value(1), (folder / "link.pth").string());
  save(Value(2), (folder / "link.pth").string());
  umask(old);
  CHECK(fs::is_symlink(folder / "link.pth"));
  CHECK(fs::status(folder / "elsewhere" / "real.pth").permissions() == static_cast<fs::perms>(0640));
  CHECK(Checkpoint::open((folder / "elsewhere" / "real.pth").string()).root().as_int() == 2);
  CHECK_THROWS_WITH_AS(save(Value(1), "/dev/null"), doctest::Contains("Not a regular file"), Error);
  const std::string long_name = (folder / (std::string(250, 'x') + ".pth")).string();
  save(Value(3), long_name);
  CHECK(Checkpoint::open(long_name).root().as_int() == 3);
}
