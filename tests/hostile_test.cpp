// Checkpoints that lie: each gives a typed error that says where, or exactly the tensors it honestly holds.
#include "support/pickle_writer.h"
#include "support/support.h"

#include <sconce/checkpoint.h>
#include <sconce/ops.h>

#include <doctest/doctest.h>

#include <optional>

using namespace sconce;
using namespace sconce::test;
using namespace sconce::test::pickled;
using namespace std::string_literals;

namespace {

std::optional<Error> error_of(const std::string& bytes, const LoadOptions& options = {}) {
  try {
    const Checkpoint checkpoint = Checkpoint::from_bytes(bytes, "hostile.pth", options);
    if (checkpoint.root().kind() == Value::Kind::dict)
      for (const auto& [key, value] : checkpoint.root().pairs())
        if (value.kind() == Value::Kind::tensor) value.as_tensor().data();
  } catch (const Error& e) {
    CHECK(e.context().file == "hostile.pth");
    return e;
  }
  return std::nullopt;
}

LoadOptions compat() {
  LoadOptions options;
  options.profile = Profile::compat;
  return options;
}

// A checkpoint of one tensor "w" over the storage "0", whose record has four floats.
std::string with_tensor(const std::string& tensor, const std::string& record = floats({1, 2, 3, 4})) {
  return torch_zip_of(program(dict({{"w", tensor}})), {{"0", record}});
}

std::string four() { return storage("FloatStorage", "0", 4); }

// Reads everything. True when it loads and the tensor under "w" has exactly these floats.
enum class Outcome { error, same, other_tensor };
Outcome outcome_of(const std::string& bytes, const LoadOptions& options = {}) {
  try {
    const Checkpoint checkpoint = Checkpoint::from_bytes(bytes, "damaged.pth", options);
    const Value& root = checkpoint.root();
    if (root.kind() != Value::Kind::dict) return Outcome::other_tensor;
    size_t tensors = 0;
    bool same = true;
    for (const auto& [key, value] : root.pairs()) {
      if (value.kind() != Value::Kind::tensor) continue;
      const Tensor t = value.as_tensor().clone();
      ++tensors;
      same &= t.dtype() == DType::f32 && t.shape() == Shape{2} && t.data<float>()[0] == 1 &&
              t.data<float>()[1] == 2;
    }
    return tensors == 1 && same ? Outcome::same : Outcome::other_tensor;
  } catch (const Error&) {
    return Outcome::error;
  }
}

}  // namespace

TEST_CASE("views that do not fit their storage are refused, with the key and both sizes") {
  CHECK(!error_of(with_tensor(tensor(four(), 0, {2, 2}, {2, 1}))));
  CHECK(!error_of(with_tensor(tensor(four(), 9, {0}, {1}))));
  const auto past = error_of(with_tensor(tensor(four(), 1, {2, 2}, {2, 1})));
  REQUIRE(past);
  CHECK(past->kind() == ErrorKind::corrupt);
  CHECK(past->context().key == "w");
  CHECK(past->context().record == "archive/data.pkl");
  CHECK(past->context().offset.has_value());
  CHECK(
      past->message() ==
      "a tensor of shape [2, 2], strides [2, 1] and offset 1 needs 5 elements of float32, its storage has 4");
  constexpr int64_t huge = INT64_MAX;
  for (const std::string& bad :
       {tensor(four(), 0, {2}, {4}), tensor(four(), 0, {5}, {1}), tensor(four(), 4, {1}, {1}),
        tensor(four(), -1, {1}, {1}), tensor(four(), 0, {-1}, {1}), tensor(four(), 0, {2}, {-1}),
        tensor(four(), 0, {2, 2}, {1}), tensor(four(), 0, {2}, {1, 1}),
        tensor(four(), 0, {huge, huge}, {0, 0}), tensor(four(), huge, {1}, {1}),
        tensor(four(), 0, {huge}, {huge}), tensor(four(), 0, {3, huge}, {1, 1}), tensor("N", 0, {1}, {1}),
        tensor(dict({}), 0, {1}, {1}), tensor(tensor(four(), 0, {1}, {1}), 0, {1}, {1})}) {
    const auto e = error_of(with_tensor(bad));
    REQUIRE(e);
    CHECK(e->kind() == ErrorKind::corrupt);
    CHECK(e->context().key == "w");
  }
}

TEST_CASE("a four-byte record may be a view of 10^12 elements, which nobody can copy") {
  const Checkpoint checkpoint = Checkpoint::from_bytes(
      torch_zip_of(
          program(dict({{"w", tensor(storage("FloatStorage", "0", 1), 0, {1'000'000, 1'000'000}, {0, 0})}})),
          {{"0", floats({7})}}),
      "expanded.pth");
  const Tensor& t = checkpoint["w"].as_tensor();
  CHECK(t.numel() == 1'000'000'000'000);
  CHECK(t.select(0, 999'999).select(0, 5).item() == 7);

  const Tensor wider = t.expand({1'000'000, 1'000'000, 1'000'000});
  for (const auto copy :
       {+[](const Tensor& x) { return x.contiguous(); }, +[](const Tensor& x) { return x.clone(); },
        +[](const Tensor& x) { return x.to(DType::f64); }, +[](const Tensor& x) { return relu(x); }}) {
    try {
      copy(wider);
      FAIL("a copy of 4 * 10^18 bytes");
    } catch (const Error& e) {
      CHECK(e.kind() == ErrorKind::out_of_budget);
    }
  }
}

TEST_CASE("storages and their records agree to the byte") {
  const auto longer = error_of(with_tensor(tensor(storage("FloatStorage", "0", 8), 0, {4}, {1})));
  REQUIRE(longer);
  CHECK(longer->message() == "record \"archive/data/0\" has 16 bytes, its storage needs 32");
  CHECK(longer->context().key == "w");
  CHECK(error_of(with_tensor(tensor(storage("FloatStorage", "0", 2), 0, {2}, {1})))->kind() ==
        ErrorKind::corrupt);
  CHECK(error_of(with_tensor(tensor(storage("FloatStorage", "0", -1), 0, {0}, {1})))->kind() ==
        ErrorKind::corrupt);
  CHECK(error_of(with_tensor(tensor(storage("DoubleStorage", "0", INT64_MAX), 0, {1}, {1})))->kind() ==
        ErrorKind::corrupt);
  CHECK(error_of(with_tensor(tensor(storage("NoStorage", "0", 4), 0, {4}, {1})))->kind() ==
        ErrorKind::unsupported);
  const auto absent = error_of(with_tensor(tensor(storage("FloatStorage", "7", 4), 0, {4}, {1})));
  REQUIRE(absent);
  CHECK(absent->message() == "tensor w: record \"archive/data/7\" is absent");
  CHECK(error_of(with_tensor(tensor(storage("FloatStorage", "../../x", 4), 0, {4}, {1})))->message() ==
        "tensor w: record \"archive/data/../../x\" is absent");
}

TEST_CASE("two names of one storage agree on its size and dtype") {
  const auto two = [](const std::string& a, const std::string& b, const LoadOptions& options) {
    return error_of(
        torch_zip_of(program(dict({{"a", tensor(a, 0, {2}, {1})}, {"b", tensor(b, 0, {2}, {1})}})),
                     {{"0", floats({1, 2, 3, 4})}}),
        options);
  };
  CHECK(!two(four(), four(), {}));
  CHECK(two(four(), storage("FloatStorage", "0", 2), {})->kind() == ErrorKind::corrupt);
  CHECK(two(four(), storage("FloatStorage", "0", 2), {})->context().key == "b");
  CHECK(two(storage("FloatStorage", "0", 2), four(), {})->kind() == ErrorKind::corrupt);
  CHECK(two(four(), storage("IntStorage", "0", 4), {})->kind() == ErrorKind::corrupt);
  CHECK(!two(four(), storage("IntStorage", "0", 4), compat()));
  CHECK(two(four(), storage("LongStorage", "0", 4), compat())->kind() == ErrorKind::corrupt);
}

TEST_CASE("persistent ids and rebuilds of the wrong form are refused") {
  const std::string rebuild = global("torch._utils", "_rebuild_tensor_v2");
  for (const std::string& bad :
       {text("x") + "Q", tuple({}) + "Q", tuple({text("storage")}) + "Q",
        tuple({text("else"), "N", "N", "N", "N"}) + "Q",
        tuple({text("storage"), "N", text("0"), text("cpu"), integer(4)}) + "Q",
        tuple({text("storage"), global("torch", "FloatStorage"), "N", text("cpu"), integer(4)}) + "Q",
        tuple({text("storage"), global("torch", "FloatStorage"), text("0"), text("cpu"), "N"}) + "Q",
        call(rebuild, {}), call(rebuild, {four(), integer(0), "N", "N", "N", "N"}),
        call(rebuild, {four(), "N", ints({1}), ints({1}), "N", "N"}),
        call(rebuild, {four(), integer(0), tuple({"N"}), ints({1}), "N", "N"}),
        call(global("torch._utils", "_rebuild_parameter"), {}),
        call(global("torch._tensor", "_rebuild_from_type_v2"), {"N", "N", "N", "N"}),
        call(global("torch", "Size"), {tuple({integer(-1)})}),
        call(global("collections", "OrderedDict"), {tuple({tuple({"N"})})})}) {
    CHECK(error_of(with_tensor(bad)).has_value());
  }
  // A function that asks for itself without end does not go deeper than once.
  const std::string from_type = global("torch._tensor", "_rebuild_from_type_v2");
  std::string nested = tuple({"N"});
  for (int i = 0; i < 200; ++i) nested = tuple({from_type, "N", nested, "N"});
  CHECK(!error_of(with_tensor(call(from_type, {from_type, "N", nested, "N"}))));
  CHECK(error_of(
            with_tensor(call(global("torch._utils", "_rebuild_tensor_v2"),
                             {four(), integer(0), ints({4}), ints({1}), "N", "N", dict({{"neg", "\x88"}})})),
            {}) == std::nullopt);
  CHECK(error_of(
            with_tensor(call(global("torch._utils", "_rebuild_tensor_v2"),
                             {four(), integer(0), ints({4}), ints({1}), "N", "N", dict({{"conj", "\x88"}})})))
            ->kind() == ErrorKind::unsupported);
}

TEST_CASE("what comes after the pickle, and odd byte orders") {
  const std::string honest = program(dict({{"w", tensor(four(), 0, {4}, {1})}}));
  const std::pair<std::string, std::string> record{"0", floats({1, 2, 3, 4})};
  CHECK(error_of(torch_zip_of(honest + "N", {record}))->kind() == ErrorKind::corrupt);
  CHECK(!error_of(torch_zip_of(honest + "N", {record}), compat()));
  const auto ordered = [&](const std::string& order) {
    return error_of(zip_of(
        {{"a/data.pkl", honest}, {"a/byteorder", order}, {"a/data/0", record.second}, {"a/version", "3\n"}}));
  };
  CHECK(!ordered("little"));
  CHECK(!ordered("big"));
  CHECK(ordered("middle")->kind() == ErrorKind::corrupt);
  CHECK(error_of(zip_of({{"a/data/0", "x"}, {"a/version", "3\n"}}))->kind() == ErrorKind::unsupported);
  CHECK(error_of(with_tensor(tensor(storage("BoolStorage", "0", 4), 0, {4}, {1}), "\1\0\2\0"s))->kind() ==
        ErrorKind::corrupt);
}

TEST_CASE("budgets hold for tensors and for what is copied") {
  LoadOptions options;
  options.budget.tensors = 1;
  const std::string two =
      torch_zip_of(program(dict({{"a", tensor(four(), 0, {4}, {1})}, {"b", tensor(four(), 0, {4}, {1})}})),
                   {{"0", floats({1, 2, 3, 4})}});
  CHECK(error_of(two, options)->kind() == ErrorKind::out_of_budget);
  options = {};
  options.budget.materialized_bytes = 100;
  const std::string deflated = read_file(fixture("checkpoints/deflated.pth"));
  CHECK(error_of(deflated, options)->kind() == ErrorKind::out_of_budget);
  const std::string unaligned = read_file(fixture("checkpoints/unaligned.pth"));
  CHECK(error_of(unaligned, options)->kind() == ErrorKind::out_of_budget);
}

TEST_CASE("a legacy stream holds exactly what its pickle says") {
  const std::string object = program(dict({{"w", tensor(four(), 0, {4}, {1})}}));
  const std::string data = floats({1, 2, 3, 4});
  CHECK(!error_of(legacy_of(object, {{"0", 4, data}})));
  const auto cut = error_of(legacy_of(object, {{"0", 4, data.substr(0, 12)}}));
  REQUIRE(cut);
  CHECK(cut->message() == "unexpected end of file: storage 0 needs 4 more bytes");
  CHECK(cut->context().key == "w");
  CHECK(error_of(legacy_of(object, {{"0", 3, data}}))->message() ==
        "storage 0 has the wrong size: its tensors need 4 elements, the file has 3");
  CHECK(error_of(legacy_of(object, {{"0", 5, data + data}}))->kind() == ErrorKind::corrupt);
  CHECK(error_of(legacy_of(object, {{"0", -1, data}}))->kind() == ErrorKind::corrupt);
  CHECK(error_of(legacy_of(object, {}))->message() == "storage 0 is not in the file's list of storages");
  CHECK(error_of(legacy_of(object, {{"0", 4, data}, {"1", 4, data}}))->kind() == ErrorKind::corrupt);
  CHECK(error_of(legacy_of(object, {{"0", 4, data}, {"0", 4, data}}))->kind() == ErrorKind::corrupt);
  CHECK(Checkpoint::from_bytes(legacy_of(object, {{"0", 4, data + "junk"}}), "x").warnings().size() == 1);
  // A view into a storage, in elements.
  const std::string view =
      program(dict({{"w", tensor(storage_view("FloatStorage", "0", 4, 1, 2), 1, {1}, {1})}}));
  const Checkpoint viewed = Checkpoint::from_bytes(legacy_of(view, {{"0", 4, data}}), "x");
  CHECK(viewed["w"].as_tensor().item() == 3);
  CHECK(viewed["w"].as_tensor().storage_offset() == 2);
  CHECK(error_of(
            legacy_of(program(dict({{"w", tensor(storage_view("FloatStorage", "0", 4, 3, 2), 0, {1}, {1})}})),
                      {{"0", 4, data}}))
            ->kind() == ErrorKind::corrupt);
  CHECK(error_of(
            legacy_of(program(dict({{"w", tensor(storage_view("FloatStorage", "0", 4, 1, 2), 1, {2}, {1})}})),
                      {{"0", 4, data}}))
            ->kind() == ErrorKind::corrupt);
}

TEST_CASE("a file cut anywhere is an error") {
  for (const std::string name : {"tiny.pth", "tiny_legacy.pth"}) {
    CAPTURE(name);
    const std::string whole = read_file(fixture("checkpoints/" + name));
    REQUIRE(outcome_of(whole) == Outcome::same);
    for (size_t length = 0; length < whole.size(); ++length) {
      CAPTURE(length);
      CHECK(outcome_of(whole.substr(0, length)) == Outcome::error);
      CHECK(outcome_of(whole.substr(0, length), compat()) == Outcome::error);
    }
  }
}

TEST_CASE("a flipped byte is an error or changes no tensor") {
  // The archive records a checksum of everything that counts; what else may change is padding, dates, and the
  // like.
  const std::string whole = read_file(fixture("checkpoints/tiny.pth"));
  for (size_t at = 0; at < whole.size(); ++at)
    for (const int flip : {0x01, 0x80, 0xff}) {
      CAPTURE(at);
      CAPTURE(flip);
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      CHECK(outcome_of(damaged) != Outcome::other_tensor);
    }
}

TEST_CASE("a flipped byte of a legacy stream, which has no checksums, never does worse than change a value") {
  const std::string whole = read_file(fixture("checkpoints/tiny_legacy.pth"));
  size_t changed = 0;
  for (size_t at = 0; at < whole.size(); ++at)
    for (const int flip : {0x01, 0x80, 0xff}) {
      std::string damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ flip);
      changed += outcome_of(damaged) == Outcome::other_tensor;
      outcome_of(damaged, compat());
    }
  // The eight bytes of data, its dtype's name, its shape and strides, and operations that take the tensor's
  // place.
  CHECK(changed >= 24);
  CHECK(changed < whole.size() / 4);
}
