// Lies about quantized, sparse and nested tensors, about modules and TorchScript classes: each is one typed error, or a tree of
// closed values. And forms that only old versions of PyTorch wrote.
#include "support/pickle_writer.h"
#include "support/support.h"

#include <sconce/checkpoint.h>
#include <sconce/quantized.h>
#include <sconce/sparse.h>

#include <doctest/doctest.h>

#include <chrono>
#include <cstring>
#include <optional>

using namespace sconce;
using namespace sconce::test;
using namespace sconce::test::pickled;
using namespace std::string_literals;

namespace {

using Kind = Value::Kind;

const std::string numbers = floats({1, 2, 3, 4});
// Four int64: 0 1 2 1.
const std::string indices = "\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"s;

std::string archive(const std::string& value) {
  return torch_zip_of(program(value), {{"0", numbers}, {"1", indices}, {"2", "\1\2\3\4"}});
}

std::optional<Error> error_of(const std::string& value, const LoadOptions& options = {}) {
  try {
    const Checkpoint checkpoint = Checkpoint::from_bytes(archive(value), "hostile.pth", options);
    (void)checkpoint.candidates();
    (void)checkpoint.root().repr();
  } catch (const Error& e) {
    CHECK(e.context().file == "hostile.pth");
    return e;
  }
  return std::nullopt;
}

Value read(const std::string& value) { return Checkpoint::from_bytes(archive(value), "hostile.pth").root(); }

std::string float_tensor(const std::vector<int64_t>& size = {4}) {
  return tensor(storage("FloatStorage", "0", 4), 0, size, std::vector<int64_t>(size.size(), 1));
}
std::string index_tensor(int64_t offset, const std::vector<int64_t>& size,
                         const std::vector<int64_t>& stride) {
  return tensor(storage("LongStorage", "1", 4), offset, size, stride);
}
std::string packed_storage(const std::string& type) { return storage(type, "2", 4); }
std::string real(double v) {
  uint64_t raw;
  std::memcpy(&raw, &v, sizeof raw);
  const std::string bytes = little(raw, 8);
  return "G" + std::string(bytes.rbegin(), bytes.rend());
}

std::string qtensor(const std::string& stored, int64_t offset, const std::vector<int64_t>& size,
                    const std::vector<int64_t>& stride, const std::string& parameters) {
  return call(global("torch._utils", "_rebuild_qtensor"),
              {stored, integer(offset), ints(size), ints(stride), parameters, "\x89", "N"});
}
std::string per_tensor() { return tuple({global("torch", "per_tensor_affine"), real(0.5), integer(1)}); }
std::string per_channel(const std::string& scales, const std::string& zeros, int64_t axis) {
  return tuple({global("torch", "per_channel_affine"), scales, zeros, integer(axis)});
}
std::string list(const std::vector<std::string>& items) {
  std::string out = "](";
  for (const auto& item : items) out += item;
  return out + "e";
}

std::string layout(const std::string& name) {
  return call(global("torch.serialization", "_get_layout"), {text("torch." + name)});
}
std::string sparse(const std::string& name, const std::vector<std::string>& parts) {
  return call(global("torch._utils", "_rebuild_sparse_tensor"), {layout(name), tuple(parts)});
}
std::string size(const std::vector<int64_t>& extents) {
  return call(global("torch", "Size"), {ints(extents)});
}

// An instance with a state.
std::string instance(const std::string& module, const std::string& name, const std::string& state) {
  return global(module, name) + ")\x81" + state + "b";
}
std::string module_of(const std::string& parameters, const std::string& modules) {
  return instance("author", "Net",
                  dict({{"_parameters", parameters}, {"_buffers", "}"}, {"_modules", modules}}));
}

}  // namespace

TEST_CASE("quantized tensors whose parts do not fit are refused with their key") {
  const std::string bytes = packed_storage("QInt8Storage");
  CHECK(read(dict({{"q", qtensor(bytes, 0, {4}, {1}, per_tensor())}}))["q"]
            .as_quantized()
            .dequantize()
            .select(0, 3)
            .item() == 1.5);
  const std::string two_scales = list({real(1), real(2)}), two_zeros = list({integer(0), integer(1)});
  // PyTorch 1.1 wrote lists.
  const Value listed =
      read(dict({{"q", qtensor(bytes, 0, {2, 2}, {2, 1}, per_channel(two_scales, two_zeros, 0))}}));
  CHECK(listed["q"].as_quantized().scheme == QScheme::per_channel_affine);
  CHECK(listed["q"].as_quantized().dequantize().select(0, 1).select(0, 1).item() == 6);
  for (const std::string& bad :
       {qtensor(bytes, 0, {5}, {1}, per_tensor()),
        qtensor(bytes, 1, {4}, {1}, per_tensor()),
        qtensor(bytes, -1, {1}, {1}, per_tensor()),
        qtensor(storage("FloatStorage", "0", 4), 0, {4}, {1}, per_tensor()),
        qtensor("N", 0, {4}, {1}, per_tensor()),
        qtensor(bytes, 0, {4}, {1}, "N"),
        qtensor(bytes, 0, {4}, {1}, tuple({})),
        qtensor(bytes, 0, {4}, {1}, tuple({global("torch", "per_tensor_affine"), text("x"), integer(1)})),
        qtensor(bytes, 0, {4}, {1}, tuple({global("torch", "per_tensor_affine"), real(1), real(1)})),
        qtensor(bytes, 0, {4}, {1}, tuple({global("torch", "per_tensor_odd"), real(1), integer(1)})),
        qtensor(bytes, 0, {2, 2}, {2, 1}, per_channel(two_scales, two_zeros, 2)),
        qtensor(bytes, 0, {2, 2}, {2, 1}, per_channel(two_scales, two_zeros, -1)),
        qtensor(bytes, 0, {4}, {1}, per_channel(two_scales, two_zeros, 0)),
        qtensor(bytes, 0, {2, 2}, {2, 1}, per_channel(two_scales, list({integer(0)}), 0)),
        qtensor(bytes, 0, {2, 2}, {2, 1}, per_channel(list({"N", "N"}), two_zeros, 0)),
        qtensor(bytes, 0, {2, 2}, {2, 1}, per_channel("N", "N", 0)),
        qtensor(bytes, 0, {4}, {1}, per_channel(index_tensor(0, {4}, {1}), float_tensor(), 0)),
        qtensor(packed_storage("QUInt4x2Storage"), 0, {9}, {1}, per_tensor()),
        qtensor(packed_storage("QUInt4x2Storage"), 1, {2}, {1}, per_tensor()),
        qtensor(packed_storage("QUInt4x2Storage"), 0, {2, 2}, {1, 2}, per_tensor()),
        qtensor(packed_storage("QUInt2x4Storage"), 0, {INT64_MAX}, {1}, per_tensor()),
        qtensor(packed_storage("QUInt2x4Storage"), 0, {INT64_MAX, 4}, {4, 1}, per_tensor())}) {
    const auto e = error_of(dict({{"q", bad}}));
    REQUIRE(e);
    CHECK((e->kind() == ErrorKind::corrupt || e->kind() == ErrorKind::unsupported));
    CHECK(e->context().key == "q");
  }
  CHECK(!error_of(dict({{"q", qtensor(packed_storage("QUInt4x2Storage"), 0, {8}, {1}, per_tensor())}})));
}

TEST_CASE("sparse tensors whose parts do not fit are refused with their key") {
  const std::string where = index_tensor(0, {1, 4}, {4, 1});
  // The old form of three parts, with an index that comes twice.
  const Value old = read(dict({{"s", sparse("sparse_coo", {where, float_tensor(), size({3})})}}));
  CHECK(old["s"].as_sparse().to_dense().select(0, 1).item() == 6);
  for (const std::string& bad :
       {sparse("sparse_coo", {where, float_tensor(), size({2})}),
        sparse("sparse_coo", {where, float_tensor(), size({3, 1})}),
        sparse("sparse_coo", {where, float_tensor({2}), size({3})}),
        sparse("sparse_coo", {where, float_tensor(), size({3}), "\x88"}),
        sparse("sparse_coo", {float_tensor(), where, size({3})}),
        sparse("sparse_coo", {index_tensor(0, {1, 1'000'000'000}, {0, 0}),
                              tensor(storage("FloatStorage", "0", 4), 0, {1'000'000'000}, {0}), size({3})}),
        sparse("sparse_coo", {"N", "N", "N"}), sparse("sparse_coo", {}),
        sparse("sparse_csr", {where, float_tensor(), size({3})}),
        sparse("sparse_csr",
               {index_tensor(0, {2}, {1}), index_tensor(0, {4}, {1}), float_tensor(), size({1, 3})}),
        sparse("sparse_csr",
               {index_tensor(0, {4}, {1}), index_tensor(0, {1}, {1}), float_tensor({1}), size({3, 3})}),
        sparse("sparse_bsr",
               {index_tensor(0, {2}, {1}), index_tensor(0, {1}, {1}), float_tensor({1}), size({1, 1})}),
        sparse("sparse_coo", {where, float_tensor(), size({INT64_MAX, INT64_MAX})}),
        call(global("torch._utils", "_rebuild_sparse_tensor"), {text("strided"), tuple({})}),
        call(global("torch._utils", "_rebuild_sparse_tensor"), {layout("sparse_coo"), "N"}),
        call(global("torch._utils", "_rebuild_sparse_tensor"), {})}) {
    const auto e = error_of(dict({{"s", bad}}));
    REQUIRE(e);
    CHECK((e->kind() == ErrorKind::corrupt || e->kind() == ErrorKind::unsupported));
    CHECK(e->context().key == "s");
  }
  // What reading the indices may copy is counted.
  LoadOptions options;
  options.budget.materialized_bytes = 31;
  CHECK(error_of(dict({{"s", sparse("sparse_coo", {where, float_tensor(), size({3})})}}), options)->kind() ==
        ErrorKind::out_of_budget);
}

TEST_CASE("nested tensors whose parts do not fit are refused with their key") {
  const auto nested = [](const std::string& sizes, const std::string& strides, const std::string& offsets) {
    return call(global("torch._utils", "_rebuild_nested_tensor"), {float_tensor(), sizes, strides, offsets});
  };
  const std::string two = index_tensor(2, {1, 1}, {1, 1}), one = index_tensor(1, {1, 1}, {1, 1});
  CHECK(read(dict({{"n", nested(two, one, list({integer(2)}))}}))["n"]
            .items()[0]
            .as_tensor()
            .select(0, 1)
            .item() == 4);
  for (const std::string& bad :
       {nested(two, one, list({integer(3)})), nested(two, one, list({integer(-1)})),
        nested(two, one, list({"N"})), nested(two, float_tensor(), list({integer(0)})),
        nested(index_tensor(0, {3, 1}, {1, 1}), one, list({integer(0), integer(0)})),
        nested(index_tensor(0, {1, 1'000'000'000}, {0, 0}), one, list({integer(0)})), nested("N", "N", "N"),
        call(global("torch._utils", "_rebuild_nested_tensor"), {"N", one, one, one}),
        call(global("torch._utils", "_rebuild_nested_tensor"), {float_tensor({2, 2}), one, one, one}),
        call(global("torch._utils", "_rebuild_nested_tensor"), {})}) {
    const auto e = error_of(dict({{"n", bad}}));
    REQUIRE(e);
    CHECK((e->kind() == ErrorKind::corrupt || e->kind() == ErrorKind::out_of_budget));
    CHECK(e->context().key == "n");
  }
}

TEST_CASE("device tensors and wrappers of the wrong form stay closed or are refused") {
  const std::string from_cpu = global("torch._utils", "_rebuild_device_tensor_from_cpu_tensor");
  CHECK(read(dict({{"t", call(from_cpu, {"N", "N", text("cpu"), "\x89"})}}))["t"].kind() == Kind::object);
  CHECK(read(dict(
            {{"t", call(from_cpu, {float_tensor(), global("torch", "float64"), text("cpu"), "\x89"})}}))["t"]
            .as_tensor()
            .dtype() == DType::f64);
  CHECK(
      error_of(dict({{"t", call(from_cpu, {float_tensor(), global("torch", "qint8"), text("cpu"), "\x89"})}}))
          ->kind() == ErrorKind::unsupported);
  CHECK(error_of(dict({{"t", call(global("torch._utils", "_rebuild_wrapper_subclass"), {"N"})}}))->kind() ==
        ErrorKind::corrupt);
}

TEST_CASE("a Parameter that gets its tensor from its state, as PyTorch 0.1 wrote it") {
  const std::string parameter =
      global("torch.nn.parameter", "Parameter") + ")\x81" + tuple({float_tensor(), "\x88", "N"}) + "b";
  const Value root = read(module_of(dict({{"w", parameter}}), "}"));
  CHECK(root.state()["_parameters"]["w"].as_tensor().numel() == 4);
  const Checkpoint checkpoint =
      Checkpoint::from_bytes(archive(module_of(dict({{"w", parameter}}), "}")), "x");
  CHECK(checkpoint.state_dict()["w"].select(0, 3).item() == 4);
}

TEST_CASE("modules that hold each other, or repeat without end, end in a budget") {
  // A module whose child is itself.
  const std::string self = global("author", "Net") + ")\x81q\1" +
                           dict({{"_parameters", dict({{"w", float_tensor()}})},
                                 {"_buffers", "}"},
                                 {"_modules", dict({{"child", "h\1"}})}}) +
                           "b";
  const std::string looped = torch_zip_of(
      "\x80\x02"
      "Nq\0000"s +
          self + ".",
      {{"0", numbers}, {"1", indices}, {"2", "\1\2\3\4"}});
  const Checkpoint loop = Checkpoint::from_bytes(looped, "loop.pth");
  CHECK_THROWS_AS(loop.state_dict(), Error);
  // 40 modules, each with the next one twice: 2^40 paths.
  std::string doubled = module_of(dict({{"w", float_tensor()}}), "}");
  for (int i = 0; i < 40; ++i) {
    const std::string put = "q" + std::string(1, static_cast<char>(i));
    doubled = module_of(
        "}", "}(" + text("a") + doubled + put + text("b") + "h" + std::string(1, static_cast<char>(i)) + "u");
  }
  const auto begin = std::chrono::steady_clock::now();
  const Checkpoint bomb = Checkpoint::from_bytes(archive(doubled), "bomb.pth");
  CHECK(!bomb.candidates().empty());
  try {
    (void)bomb.state_dict();
    FAIL("expected an error");
  } catch (const Error& e) {
    CHECK(e.kind() == ErrorKind::out_of_budget);
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5) * patience());
  // Registries of the wrong kind make no module.
  CHECK(read(instance("author", "Net", dict({{"_parameters", "N"}, {"_buffers", "}"}, {"_modules", "}"}})))
            .kind() == Kind::object);
  CHECK(!error_of(instance("author", "Net", "N")));
}

TEST_CASE("TorchScript classes that lie") {
  const auto script = [](const std::string& value, const std::string& text) {
    return zip_of({{"a/data.pkl", program(value)},
                   {"a/data/0", numbers},
                   {"a/data/1", indices},
                   {"a/data/2", "\1\2\3\4"},
                   {"a/code/__torch__.py", text},
                   {"a/constants.pkl", program(")")},
                   {"a/version", "3\n"}});
  };
  const auto keys = [](const std::string& bytes) {
    std::string out;
    const Checkpoint checkpoint = Checkpoint::from_bytes(bytes, "x.pt");
    CHECK(checkpoint.container() == "torchscript");
    const StateDict state = checkpoint.state_dict();
    for (const auto& entry : state) out += entry.key + " ";
    return out;
  };
  const std::string net = instance(
      "__torch__", "Net",
      dict({{"w", float_tensor()}, {"b", float_tensor()}, {"other", float_tensor()}, {"n", integer(3)}}));
  CHECK(keys(script(
            net,
            "class Net(Module):\n  __parameters__ = [\"w\", ]\n  __buffers__ = [\"b\", ]\n  w : Tensor\n")) ==
        "w b ");
  // Up to PyTorch 1.4 the text names no buffers.
  CHECK(
      keys(script(
          net,
          "class Net(Module):\n  __parameters__ = [\"w\", ]\n  b : Tensor\n  other : Optional[Tensor]\n")) ==
      "w b ");
  CHECK(keys(script(net, "class Net(Module):\n  __parameters__ = [\"n\", \"gone\", \"unfinished")) != "");
  for (const std::string& text :
       {""s, "class Net(NamedTuple):\n"s, "class"s, "class \n  __parameters__ = [\n"s, "class Net(Module)"s,
        std::string(1000, '\n'), "class Net(Module):\n  __annotations__[\"0\n"s, "\xff\xfe\0"s}) {
    try {
      (void)keys(script(net, text));
    } catch (const Error& e) {
      CHECK(!e.message().empty());
    }
  }
  const std::string holder = instance("__torch__", "Net",
                                      dict({{"_packed_params", instance("__torch__.torch.classes.quantized",
                                                                        "LinearPackedParamsBase", "N")}}));
  CHECK(keys(script(holder, "class Net(Module):\n")).empty());
  // A module that holds itself.
  const std::string self =
      global("__torch__", "Net") + ")\x81q\1" + dict({{"w", float_tensor()}, {"child", "h\1"}}) + "b";
  const std::string looped =
      zip_of({{"a/data.pkl", "\x80\x02Nq\0000"s + self + "."},
              {"a/data/0", numbers},
              {"a/code/__torch__.py", "class Net(Module):\n  __parameters__ = [\"w\", ]\n"},
              {"a/constants.pkl", program(")")},
              {"a/version", "3\n"}});
  CHECK_THROWS_AS(Checkpoint::from_bytes(looped, "x.pt").state_dict(), Error);
  CHECK_THROWS_AS(Checkpoint::from_bytes(zip_of({{"a/model.json", "{}"}, {"a/version", "1\n"}}), "x.pt"),
                  Error);
}
