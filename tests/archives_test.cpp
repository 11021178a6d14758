// .npz archives as checkpoints, and checkpoints inside zip archives.
#include "support/support.h"
#include "support/zip_builder.h"

#include <sconce/checkpoint.h>
#include <sconce/npy.h>

#include <doctest/doctest.h>

#include <bit>
#include <optional>

using namespace sconce;
using namespace sconce::test;

namespace {

std::string path_of(const std::string& name) { return fixture("archives/" + name).string(); }

std::optional<Error> error_of(const std::string& path, const LoadOptions& options = {}) {
  try {
    const Checkpoint opened = Checkpoint::open(path, options);
    for (const auto& [key, value] : opened.root().pairs()) value.as_tensor().data();
  } catch (const Error& e) {
    return e;
  }
  return std::nullopt;
}

std::optional<Error> error_of_bytes(const std::string& bytes, const LoadOptions& options = {}) {
  try {
    const Checkpoint opened = Checkpoint::from_bytes(bytes, "hostile.npz", options);
    for (const auto& [key, value] : opened.root().pairs())
      if (value.kind() == Value::Kind::tensor) value.as_tensor().data();
  } catch (const Error& e) {
    CHECK(e.context().file.rfind("hostile.npz", 0) == 0);
    return e;
  }
  return std::nullopt;
}

LoadOptions compat() {
  LoadOptions options;
  options.profile = Profile::compat;
  return options;
}

}  // namespace

TEST_CASE(".npz archives open as checkpoints") {
  const nlohmann::json json = json_fixture("archives.json");
  for (const std::string name : {"arrays.npz", "compressed.npz"}) {
    CAPTURE(name);
    for (const bool verify : {true, false}) {
      LoadOptions options;
      options.verify_crc = verify;
      const Checkpoint opened = Checkpoint::open(path_of(name), options);
      CHECK(opened.container() == "npz");
      CHECK(opened.warnings().empty());
      CHECK(opened.root().size() == json["arrays"].size());
      const StateDict state = opened.state_dict();
      const StateDict eager = load_npz(path_of(name));
      for (const auto& [key, array] : json["arrays"].items()) {
        const std::string& named = key;
        CAPTURE(named);
        CHECK(bit_equal(state[key], tensor_from(array)));
        CHECK(state[key].strides() == eager[key].strides());
      }
    }
  }
  CHECK(!Checkpoint::open(path_of("arrays.npz"))["line"].as_tensor().storage().is_loaded());
  const auto objects = error_of(path_of("objects.npz"));
  REQUIRE(objects);
  CHECK(objects->kind() == ErrorKind::unsafe);
  CHECK(objects->context().record == "bad.npy");
  LoadOptions small;
  small.budget.materialized_bytes = 60;
  CHECK(error_of(path_of("compressed.npz"), small)->kind() == ErrorKind::out_of_budget);
  small = {};
  small.budget.tensors = 3;
  CHECK(error_of(path_of("arrays.npz"), small)->kind() == ErrorKind::out_of_budget);
}

TEST_CASE("save_npz writes what NumPy and load_npz read, in place") {
  const StateDict state = load(path_of("arrays.npz"));
  const std::string path = (scratch_folder() / "written.npz").string();
  save_npz(state, path);
  const std::string first = read_file(path);
  const StateDict eager = load_npz(path);
  LoadOptions unchecked;
  unchecked.verify_crc = false;
  const Checkpoint opened = Checkpoint::open(path, unchecked);
  REQUIRE(eager.size() == state.size());
  for (size_t i = 0; i < state.size(); ++i) {
    const auto& entry = state.entries()[i];
    CAPTURE(entry.key);
    CHECK(eager.entries()[i].key == entry.key);
    CHECK(bit_equal(eager.entries()[i].tensor(), entry.tensor()));
    const Tensor& again = opened[entry.key].as_tensor();
    // In place is what needs no work: booleans are made 0 or 1, and a big-endian machine turns numbers round.
    const DType dtype = entry.tensor().dtype();
    const bool in_place =
        dtype != DType::boolean && (std::endian::native == std::endian::little || size_of(dtype) == 1);
    CHECK(again.storage().is_loaded() == in_place);
    CHECK(bit_equal(again, entry.tensor()));
  }
  save_npz(state, path);
  CHECK(read_file(path) == first);
  CHECK_THROWS_AS(save_npz({}, path), Error);

  const Tensor half(Storage::allocate(2), DType::bf16, Shape{1});
  try {
    save_npz({{"w", state["line"]}, {"h", half}}, path);
    FAIL("expected an error");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::unsupported);
    CHECK(e.context().key == "h");
    CHECK(e.context().file == path);
  }
  CHECK_THROWS_AS(save_npz({{"epoch", Value(3)}}, path), Error);
  CHECK_THROWS_AS(save_npz({{std::string("a\0b", 3), state["line"]}}, path), Error);
  CHECK_THROWS_AS(save_npz({{std::string(70000, 'x'), state["line"]}}, path), Error);
  CHECK(read_file(path) == first);  // the old file stands
}

TEST_CASE("a .npz archive that is cut or bent anywhere is an error or holds its own bytes") {
  const std::string whole = read_file(path_of("tiny.npz"));
  REQUIRE(!error_of_bytes(whole));
  for (size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(error_of_bytes(whole.substr(0, length)));
  }
  for (size_t at = 0; at < whole.size(); ++at)
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      for (const LoadOptions& options : {LoadOptions(), compat()}) {
        try {
          const Checkpoint opened = Checkpoint::from_bytes(damaged, "x", options);
          const Tensor t = opened["w"].as_tensor().clone();
          CAPTURE(at);
          CHECK((t.numel() == 2 && t.data<float>()[0] == 1 && t.data<float>()[1] == 2));
        } catch (const Error&) {
        }
      }
    }
  // Header and data contradict each other; a stranger among the arrays.
  const std::string npy = read_file(path_of("tiny.npz")).substr(whole.find("\x93NUMPY"), 128 + 8);
  CHECK(!error_of_bytes(build_zip({{"w.npy", npy}}).bytes));
  CHECK(error_of_bytes(build_zip({{"w.npy", npy + "x"}}).bytes)->kind() == ErrorKind::corrupt);
  CHECK(error_of_bytes(build_zip({{"w.npy", npy.substr(0, 130)}}).bytes)->kind() == ErrorKind::corrupt);
  CHECK(error_of_bytes(build_zip({{"w.npy", npy}, {"x.txt", "x"}}).bytes)->kind() == ErrorKind::unsupported);
  CHECK(error_of_bytes(build_zip({{".npy", npy}}).bytes)->kind() == ErrorKind::unsupported);
}

TEST_CASE("archive.zip!member opens a file inside an archive") {
  const nlohmann::json json = json_fixture("archives.json");
  const Tensor w = tensor_from(json["w"]);
  for (const std::string archive : {"stored.zip", "deflated.zip", "nested.zip!inner.zip"})
    for (const std::string member : {"net/model.pth", "old.pth", "w.safetensors", "odd!name.pth"}) {
      const std::string path = path_of(archive) + "!" + member;
      CAPTURE(path);
      const Checkpoint opened = Checkpoint::open(path);
      CHECK(opened.path() == path);
      CHECK(opened.warnings().empty());
      CHECK(bit_equal(opened["w"].as_tensor(), w));
    }
  CHECK(Checkpoint::open(path_of("stored.zip!w.safetensors")).container() == "safetensors");
  CHECK(bit_equal(load(path_of("nested.zip!one.pth"))["w"], w));
  // Tensors outlive everything that held them.
  Tensor kept = Checkpoint::open(path_of("deflated.zip!net/model.pth"))["w"].as_tensor();
  CHECK(bit_equal(kept, w));
  // A file whose own name has the sign comes first.
  const auto file = scratch_folder() / "a.zip!b.pth";
  std::filesystem::copy_file(fixture("checkpoints/tiny.pth"), file);
  CHECK(Checkpoint::open(file.string())["n"].as_int() == 3);
}

TEST_CASE("members that are not there, or not what they should be") {
  const auto absent = error_of(path_of("stored.zip!net/other.pth"));
  REQUIRE(absent);
  CHECK(absent->kind() == ErrorKind::mismatch);
  CHECK(absent->message() ==
        "[open] no member 'net/other.pth' in the archive; its members are: 'readme.txt', 'net/model.pth', "
        "'old.pth', "
        "'w.safetensors', 'odd!name.pth'");
  const auto text = error_of(path_of("stored.zip!readme.txt"));
  REQUIRE(text);
  CHECK(text->message() == "this is a text file, not a PyTorch checkpoint: it begins 'hello'");
  CHECK(text->context().file == path_of("stored.zip!readme.txt"));
  CHECK(error_of(path_of("stored.zip!readme.txt!x"))->kind() == ErrorKind::unsupported);
  CHECK(error_of(path_of("no.zip!x"))->kind() == ErrorKind::io);
  CHECK(error_of(fixture("checkpoints").string() + "!x")->kind() == ErrorKind::io);
  // The archive itself says how its checkpoints are spelt.
  const auto whole = error_of(path_of("nested.zip"));
  REQUIRE(whole);
  CHECK(whole->kind() == ErrorKind::unsupported);
  CHECK(whole->message() == "this is a zip archive with checkpoints in it; open one: \"" +
                                path_of("nested.zip!inner.zip") + "\", \"" + path_of("nested.zip!one.pth") +
                                "\"");
  CHECK(error_of(path_of("plain.zip"))->message().find("!") == std::string::npos);
  // Budgets: what is inflated counts, and archives nest at most four deep.
  LoadOptions small;
  small.budget.materialized_bytes = 100;
  CHECK(error_of(path_of("deflated.zip!net/model.pth"), small)->kind() == ErrorKind::out_of_budget);
  std::string bytes = read_file(path_of("stored.zip")), path = (scratch_folder() / "deep.zip").string();
  std::string spelt = path;
  for (int i = 0; i < 5; ++i) bytes = build_zip({{"z", bytes}}).bytes, spelt += "!z";
  write_file(path, bytes);
  CHECK(error_of(spelt + "!old.pth")->kind() == ErrorKind::out_of_budget);
  // A damaged member is noticed through the outer checksum where it has none of its own.
  std::string damaged = read_file(path_of("stored.zip"));
  const size_t at = damaged.find("w.safetensors") + 88;
  damaged[at] = static_cast<char>(damaged[at] ^ 1);
  write_file(path, damaged);
  CHECK(error_of(path + "!w.safetensors")->kind() == ErrorKind::corrupt);
  CHECK(!error_of(path + "!old.pth"));
}
