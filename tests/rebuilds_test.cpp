// What torch.save writes beside plain tensors: quantized, sparse and nested ones, tensors of other devices and of
// subclasses, numpy's and Python's own values.
#include "support/support.h"

#include <sconce/checkpoint.h>
#include <sconce/quantized.h>
#include <sconce/save.h>
#include <sconce/sparse.h>

#include <doctest/doctest.h>

#include <functional>
#include <set>

using namespace sconce;
using namespace sconce::test;

namespace {

using Json = nlohmann::json;
using Kind = Value::Kind;

Checkpoint open(const std::string& name) { return Checkpoint::open(fixture(name).string()); }

Error error_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e;
  }
  FAIL("expected an error");
  return Error(ErrorKind::io, "");
}

// Tensors anywhere in the tree.
size_t count_tensors(const Value& v, std::set<const Value::Node*>& seen) {
  if (!seen.insert(v.node()).second) return 0;
  size_t count = v.kind() == Kind::tensor;
  for (const auto* list : {&v.items(), &v.arguments()})
    for (const Value& item : *list) count += count_tensors(item, seen);
  for (const auto& [key, value] : v.pairs()) count += count_tensors(key, seen) + count_tensors(value, seen);
  return count + count_tensors(v.state(), seen) + count_tensors(v.attributes(), seen);
}

size_t count_tensors(const Value& v) {
  std::set<const Value::Node*> seen;
  return count_tensors(v, seen);
}

}  // namespace

TEST_CASE("quantized tensors of both containers, and of both byte orders, dequantize to PyTorch's numbers") {
  const Json cases = json_fixture("kinds.json");
  for (const std::string file :
       {"kinds/quantized.pth", "kinds/quantized_big.pth", "kinds/quantized_legacy.pth"}) {
    const Checkpoint checkpoint = open(file);
    for (const auto& j : cases["quantized"]) {
      const std::string name = j.at("name");
      CAPTURE(file);
      CAPTURE(name);
      const Value* value = checkpoint.root().find(name);
      if (!value && file.find("legacy") != file.npos) continue;  // the packed ones
      REQUIRE(value);
      REQUIRE(value->kind() == Kind::quantized);
      CHECK(value->type_name() == "torch.Tensor");
      const QuantizedTensor& q = value->as_quantized();
      CHECK(name_of(q.dtype()) == j.at("dtype").get<std::string>());
      CHECK(name_of(q.scheme) == j.at("scheme").get<std::string>());
      CHECK(q.shape == Shape(j.at("shape").get<std::vector<int64_t>>()));
      if (!q.is_packed()) {
        CHECK(q.values.strides() == j.at("stride").get<std::vector<int64_t>>());
        CHECK(q.values.storage_offset() == j.at("offset").get<int64_t>());
      }
      CHECK(q.axis == j.at("axis").get<int64_t>());
      CHECK(bit_equal(q.scales, tensor_from(j.at("scales"))));
      CHECK(bit_equal(q.zero_points, tensor_from(j.at("zero_points"))));
      CHECK(bit_equal(q.dequantize(), tensor_from(j.at("dequantized"))));
      CHECK(bit_equal(q.int_repr(), tensor_from(j.at("int_repr"))));
    }
  }
}

TEST_CASE("sparse tensors of both containers, and of both byte orders, are written out as PyTorch does") {
  const Json cases = json_fixture("kinds.json");
  for (const std::string file : {"kinds/sparse.pth", "kinds/sparse_big.pth", "kinds/sparse_legacy.pth"}) {
    const Checkpoint checkpoint = open(file);
    for (const auto& j : cases["sparse"]) {
      const std::string name = j.at("name");
      CAPTURE(file);
      CAPTURE(name);
      const Value& value = checkpoint[name];
      REQUIRE(value.kind() == Kind::sparse);
      const SparseTensor& s = value.as_sparse();
      CHECK(name_of(s.layout) == j.at("layout").get<std::string>());
      if (s.layout == Layout::sparse_coo) CHECK(s.is_coalesced == j.at("is_coalesced").get<bool>());
      CHECK(bit_equal(s.to_dense(), tensor_from(j.at("dense"))));
    }
  }
}

TEST_CASE("a sparse tensor that breaks a rule is refused when the file is opened, with its key") {
  const Json cases = json_fixture("kinds.json");
  for (const auto& j : cases["invalid_sparse"]) {
    const std::string name = j.at("name"), file = fixture("kinds/invalid_" + name + ".pth").string();
    CAPTURE(name);
    for (const Profile profile : {Profile::strict, Profile::compat}) {
      LoadOptions options;
      options.profile = profile;
      const Error e = error_of([&] { Checkpoint::open(file, options); });
      CHECK(e.kind() == ErrorKind::corrupt);
      CHECK(e.context().key == "bad");
      CHECK(e.context().file == file);
    }
  }
}

TEST_CASE("Python's small classes stay closed and print as Python prints them") {
  const Json expected = json_fixture("rebuilds.json");
  for (const std::string file :
       {"python_2.pth", "python_3.pth", "python_4.pth", "python_5.pth", "python_legacy.pth"}) {
    const Checkpoint checkpoint = open("rebuilds/" + file);
    CAPTURE(file);
    const Json& texts = expected["python"][file];
    CHECK(checkpoint.root().size() == texts.size());
    for (const auto& item : texts.items()) {
      const std::string name = item.key();
      CAPTURE(name);
      CHECK(checkpoint[name].repr(1000) == item.value().get<std::string>());
    }
    CHECK(checkpoint["frozen"].type_name() == "frozenset");
    CHECK(checkpoint["array"].type_name() == "bytearray");
    CHECK(checkpoint["default"].attributes()["default_factory"].as_string() == "builtins.list");
    CHECK(checkpoint["namespace"].state()["lr"].as_double() == 0.1);
    CHECK(checkpoint["nested"]["deep"][0]["when"].type_name() == "datetime.date");
    CHECK(checkpoint["deque"].items()[1].as_string() == "b");
  }
}

TEST_CASE("tensors inside closed values stay in reach") {
  const Checkpoint checkpoint = open("rebuilds/holders.pth");
  CHECK(checkpoint["color"].type_name() == "colors.Color");
  CHECK(checkpoint["color"].repr() == "<colors.Color>(1)");
  CHECK(checkpoint["holder"].state()["weights"]["w"].as_tensor().numel() == 3);
  CHECK(checkpoint["queue"].items()[0].as_tensor().numel() == 2);
  CHECK(count_tensors(checkpoint.root()) == 3);
}

TEST_CASE("numpy arrays and scalars, in both byte orders and both layouts") {
  const Json expected = json_fixture("rebuilds.json");
  for (const std::string file : {"numpy_2.pth", "numpy_4.pth", "numpy_5.pth"}) {
    CAPTURE(file);
    const Checkpoint checkpoint = open("rebuilds/" + file);
    for (const auto& item : expected["arrays"].items()) {
      const std::string name = item.key();
      CAPTURE(name);
      const Tensor& t = checkpoint["arrays"][name].as_tensor();
      CHECK(bit_equal(t, tensor_from(item.value())));
      if (t.numel() > 0) CHECK(t.strides() == item.value().at("stride").get<std::vector<int64_t>>());
    }
    for (const auto& item : expected["scalars"].items()) {
      const Value& v = checkpoint["scalars"][item.key()];
      CAPTURE(item.key());
      if (item.value().is_array())
        CHECK(v.as_complex() ==
              std::complex<double>(item.value()[0].get<double>(), item.value()[1].get<double>()));
      else if (item.value().is_boolean())
        CHECK(v.as_bool() == item.value().get<bool>());
      else
        CHECK(v.as_double() == item.value().get<double>());
    }
  }
}

TEST_CASE("numpy values that no tensor holds stay closed") {
  for (const std::string file : {"numpy_odd_2.pth", "numpy_odd_4.pth"}) {
    CAPTURE(file);
    const Checkpoint checkpoint = open("rebuilds/" + file);
    CHECK(checkpoint["objects"].repr(1000) ==
          "array([1, 'a', None, tensor(shape=[2], dtype=float32)], shape=(4,), dtype=dtype('O8'))");
    CHECK(checkpoint["word"].as_string() == "naïve");
    CHECK(checkpoint["raw"].kind() == Kind::bytes);
    CHECK(checkpoint["raw"].as_string() == "ab");
    CHECK(checkpoint["dtype"].repr() == "dtype('<f4')");
    CHECK(checkpoint["text"].type_name() == "numpy.ndarray");
    CHECK(checkpoint["structured"].type_name() == "numpy.ndarray");
    CHECK(checkpoint["date"].type_name() == "numpy._core.multiarray.scalar");
    CHECK(count_tensors(checkpoint.root()) == 1);
  }
}

TEST_CASE("a nested tensor holds its tensors as views of one buffer") {
  const Json expected = json_fixture("rebuilds.json");
  for (const std::string file : {"nested.pth", "nested_legacy.pth"}) {
    CAPTURE(file);
    const Checkpoint checkpoint = open("rebuilds/" + file);
    const Value& nested = checkpoint["n"];
    CHECK(nested.type_name() == "torch.nested.nested_tensor");
    REQUIRE(nested.items().size() == 3);
    for (size_t i = 0; i < 3; ++i) {
      CHECK(bit_equal(nested.items()[i].as_tensor(), tensor_from(expected["nested"][i])));
      CHECK(nested.items()[i].as_tensor().storage() == nested.items()[0].as_tensor().storage());
    }
    CHECK(checkpoint["t"].items()[0].as_tensor().shape() == Shape{3, 2});
  }
}

TEST_CASE("a tensor subclass keeps the tensors it wraps") {
  const Checkpoint checkpoint = open("rebuilds/wrapper.pth");
  for (const std::string name : {"two", "parameter"}) {
    const Value& two = checkpoint[name];
    CHECK(two.type_name() == "torch.testing._internal.two_tensor.TwoTensor");
    CHECK(two.arguments()[1].as_ints() == std::vector<int64_t>{2, 2});
    CHECK(two.state()["a"].as_tensor().select(0, 1).select(0, 1).item() == 3);
    CHECK(two.state()["b"].as_tensor().shape() == Shape{2, 2});
  }
  CHECK(checkpoint["jagged"].state()["_values"].as_tensor().shape() == Shape{3, 3});
}

TEST_CASE("tensors of other devices come with their own dtype") {
  const Json expected = json_fixture("rebuilds.json");
  for (const std::string file : {"device.pth", "device_legacy.pth"}) {
    CAPTURE(file);
    const Checkpoint checkpoint = open("rebuilds/" + file);
    CHECK(checkpoint.root().size() >= 20);
    for (const auto& [key, value] : checkpoint.root().pairs()) {
      const std::string name = key.as_string();
      CAPTURE(name);
      CHECK(bit_equal(value.as_tensor(), tensor_from(expected["device"][name.substr(name.find('_') + 1)])));
    }
  }
}

TEST_CASE("attributes, conjugation and meta tensors") {
  const Json expected = json_fixture("rebuilds.json");
  for (const std::string file : {"rare.pth", "rare_legacy.pth"}) {
    CAPTURE(file);
    const Checkpoint checkpoint = open("rebuilds/" + file);
    CHECK(checkpoint["meta"].as_tensor().device() == meta);
    for (const std::string name : {"conj", "neg", "conj_imag"})
      CHECK(bit_equal(checkpoint[name].as_tensor(), tensor_from(expected["rare"][name])));
    CHECK(checkpoint["v2"].attributes()["tag"].as_int() == 1);
    CHECK(checkpoint["tagged"].attributes()["note"].as_string() == "kept");
    CHECK(checkpoint["buffer"].as_tensor().numel() == 3);
    CHECK(bit_equal(checkpoint["quantized_attribute"].as_quantized().dequantize(),
                    tensor_from(expected["rare"]["quantized"])));
    CHECK(checkpoint["quantized_attribute"].attributes()["note"].as_string() == "here");
    CHECK(checkpoint["sparse_parameter"].as_sparse().nnz() == 2);
  }
}

TEST_CASE("what a dictionary of defaults and a bytearray are, saving keeps") {
  const Checkpoint checkpoint = open("rebuilds/python_4.pth");
  const std::string path = (scratch_folder() / "kept.pth").string();
  Value::Pairs pairs;
  for (const char* name : {"default", "no_default", "array", "bytes", "frozen", "set", "counter"})
    pairs.emplace_back(name, checkpoint[name]);
  save(Value::dict(pairs), path);
  const Checkpoint again = Checkpoint::open(path);
  for (const auto& [name, value] : pairs) CHECK(again[name.as_string()].repr() == value.repr());
}
