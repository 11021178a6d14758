// Pickles without a container, against what pickle.load gives, and bent ones.
#include "support/pickle_writer.h"
#include "support/value_json.h"

#include <sconce/checkpoint.h>

#include <doctest/doctest.h>

#include <optional>

using namespace sconce;
using namespace sconce::test;
using namespace sconce::test::pickled;
using namespace std::string_literals;

namespace {

std::optional<Error> error_of(const std::string& bytes, const LoadOptions& options = {}) {
  try {
    const Checkpoint opened = Checkpoint::from_bytes(bytes, "hostile.pkl", options);
    for (const auto& [key, value] : opened.root().pairs())
      if (value.kind() == Value::Kind::tensor) value.as_tensor().data();
  } catch (const Error& e) {
    CHECK(e.context().file == "hostile.pkl");
    return e;
  }
  return std::nullopt;
}

LoadOptions compat() {
  LoadOptions options;
  options.profile = Profile::compat;
  return options;
}

std::string bytes_value(const std::string& raw) { return "B" + little(raw.size(), 4) + raw; }  // BINBYTES

// {"w": a tensor over the storage that `stream` holds}
std::string with_stream(const std::string& stream) {
  const std::string storage = call(global("torch.storage", "_load_from_bytes"), {bytes_value(stream)});
  return program(dict({{"w", call(global("torch._utils", "_rebuild_tensor_v2"),
                                  {storage, integer(0), ints({2}), ints({1}), "\x89", "N"})}}));
}

}  // namespace

TEST_CASE("bare pickles hold what pickle.load gives") {
  const nlohmann::json json = json_fixture("pickles.json");
  for (const auto& expected : json) {
    const std::string file = expected["file"];
    CAPTURE(file);
    const Checkpoint opened = Checkpoint::open(fixture(file).string());
    CHECK(opened.container() == "pickle");
    CHECK(opened.warnings().empty());
    CHECK(difference(opened.root(), expected["value"]) == "");
  }
  const Checkpoint opened = Checkpoint::open(fixture("pickles/tensors_protocol4.pkl").string());
  CHECK(opened.state_dict().size() == 8);
  CHECK(opened.locations().size() >= 7);
  LoadOptions nowhere;
  nowhere.map_location = meta;
  CHECK(Checkpoint::open(fixture("pickles/tiny.pkl").string(), nowhere)["w"].as_tensor().device() == meta);
}

TEST_CASE("a nested stream is one storage, read once and within the budget") {
  const std::string storage_pickle = program(storage("FloatStorage", "0", 2));
  const std::string fine = legacy_of(storage_pickle, {{"0", 2, floats({1, 2})}});
  REQUIRE(!error_of(with_stream(fine)));
  CHECK(Checkpoint::from_bytes(with_stream(fine), "x")["w"].as_tensor().data<float>()[1] == 2);
  CHECK(!error_of(with_stream(torch_zip_of(storage_pickle, {{"0", floats({1, 2})}}))));
  for (const std::string& bad : {""s, "abc"s, program("N"), with_stream(fine),
                                 fine.substr(0, fine.size() - 1), legacy_of(program(dict({})), {}),
                                 legacy_of(program(storage("FloatStorage", "0", 1)), {{"0", 1, floats({1})}}),
                                 legacy_of(program(tensor(storage("FloatStorage", "0", 2), 1, {1}, {1})),
                                           {{"0", 2, floats({1, 2})}})}) {
    const auto e = error_of(with_stream(bad));
    REQUIRE(e);
    CHECK(e->kind() == ErrorKind::corrupt);
    CHECK(e->context().key == "w");
  }
  LoadOptions small;
  small.budget.materialized_bytes = fine.size() - 1;
  CHECK(error_of(with_stream(fine), small)->kind() == ErrorKind::out_of_budget);
  // The call means nothing inside such a stream, nor with other arguments.
  const std::string inner = program(call(global("torch.storage", "_load_from_bytes"), {bytes_value(fine)}));
  CHECK(error_of(with_stream(legacy_of(inner, {})))->message() ==
        "expected one storage in the bytes of a pickled storage, got torch.storage._load_from_bytes");
  const Checkpoint odd =
      Checkpoint::from_bytes(program(call(global("torch.storage", "_load_from_bytes"), {integer(1)})), "x");
  CHECK(odd.root().kind() == Value::Kind::object);
}

TEST_CASE("pickles that need something else") {
  const auto outside = error_of(program(dict({{"w", tensor(storage("FloatStorage", "0", 2), 0, {2}, {1})}})));
  REQUIRE(outside);
  CHECK(outside->kind() == ErrorKind::unsupported);
  CHECK(outside->message().find("it refers to storages that are not in the file") != std::string::npos);
  CHECK(outside->context().key == "w");
  const std::string twice = program(integer(1)) + program(integer(2));
  CHECK(error_of(twice)->message() ==
        concat(program(integer(2)).size(), " bytes follow the end of the pickle"));
  CHECK(Checkpoint::from_bytes(twice, "x", compat()).warnings().size() == 1);
  // Nothing runs; the names are told.
  const Checkpoint opened =
      Checkpoint::from_bytes(program(call(global("os", "system"), {text("true")})), "x");
  CHECK(opened.root().kind() == Value::Kind::object);
  CHECK(opened.globals() == std::vector<std::string>{"os.system"});
}

TEST_CASE("a bare pickle that is cut or bent anywhere") {
  const std::string whole = read_file(fixture("pickles/tiny.pkl"));
  REQUIRE(!error_of(whole));
  for (size_t length = 0; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(error_of(whole.substr(0, length)));
  }
  for (size_t at = 0; at < whole.size(); ++at)
    for (const int flip : {0x01, 0x20, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      error_of(damaged, flip == 1 ? compat() : LoadOptions());
    }
}
