#include <doctest/doctest.h>
#include <sconce/ops/create.h>
#include <sconce/quantized.h>
#include <sconce/sparse.h>
#include <sconce/value.h>

using namespace sconce;

TEST_CASE("value: kinds, accessors and Python's names") {
  CHECK(Value().is_none());
  CHECK(Value(3).as_int() == 3);
  CHECK(Value(true).as_int() == 1);
  CHECK(Value(3).as_double() == 3.0);
  CHECK(Value("x").as_string() == "x");
  CHECK(Value(3).type_name() == "int");
  CHECK(Value::dict({}, "collections.OrderedDict").type_name() == "collections.OrderedDict");
  CHECK_THROWS_WITH_AS(Value("x").as_int(), "expected int, got str", Error);
  CHECK_THROWS_WITH_AS(Value(1)["epoch"], "expected dict, got int", Error);
  const Value dict = Value::dict({{"epoch", 7}, {"loss", 0.5}});
  CHECK(dict["epoch"].as_int() == 7);
  CHECK_THROWS_WITH_AS(dict["epochs"], "no key \"epochs\" here; the keys are: 'epoch', 'loss'", Error);
  CHECK(Value::size({2, 3}).as_ints() == std::vector<int64_t>{2, 3});
}

TEST_CASE("value: repr is Python's") {
  CHECK(Value(1.0).repr() == "1.0");
  CHECK(Value(1e-5).repr() == "1e-05");
  CHECK(Value(1e16).repr() == "1e+16");
  CHECK(Value(123456789.125).repr() == "123456789.125");
  CHECK(Value("it's").repr() == "\"it's\"");
  CHECK(Value::bytes(std::string("a\0\n", 3)).repr() == "b'a\\x00\\n'");
  CHECK(Value::tuple({1}).repr() == "(1,)");
  CHECK(Value::list({1, Value(), true}).repr() == "[1, None, True]");
  CHECK(Value::set({}).repr() == "set()");
  CHECK(Value(std::complex<double>(1, -2)).repr() == "(1-2j)");
  CHECK(Value(DType::bf16).repr() == "torch.bfloat16");
  CHECK(Value::dict({{"a", 1}}).repr() == "{'a': 1}");
  CHECK(Value(std::string(1000, 'x')).repr(20).size() < 40);
}

TEST_CASE("value: quantized and sparse tensors") {
  QuantizedTensor q;
  q.values = zeros({2, 3}).to(DType::i8);
  q.values = Tensor(q.values.storage(), DType::qint8, q.values.shape());
  q.shape = Shape{2, 3};
  q.scales = full({}, 0.5, DType::f64), q.zero_points = zeros({}, DType::i64);
  const Value quantized = Value::quantized(q);
  CHECK(quantized.kind() == Value::Kind::quantized);
  CHECK(quantized.type_name() == "torch.Tensor");
  CHECK(quantized.repr() == "tensor(shape=[2, 3], dtype=qint8, per_tensor_affine)");
  CHECK(quantized.as_quantized().values.storage() == q.values.storage());
  CHECK_THROWS_WITH_AS(quantized.as_tensor(),
                       "expected a dense torch.Tensor, got a quantized one: tensor(shape=[2, 3], "
                       "dtype=qint8, per_tensor_affine)",
                       Error);

  SparseTensor s;
  s.indices = zeros({2, 1}, DType::i64), s.values = ones({1}), s.shape = Shape{4, 5};
  const Value sparse = Value::sparse(s);
  CHECK(sparse.kind() == Value::Kind::sparse);
  CHECK(sparse.repr() == "tensor(shape=[4, 5], dtype=float32, sparse_coo, nnz=1)");
  CHECK(sparse.as_sparse().to_dense().numel() == 20);
  CHECK_THROWS_AS(sparse.as_quantized(), Error);
  CHECK(sparse.with_attributes(Value::dict({{"tag", 3}})).as_sparse().nnz() == 1);
}

TEST_CASE("value: frozenset, bytearray and defaultdict keep their names") {
  CHECK(Value::set({1, 2}, "frozenset").repr() == "frozenset({1, 2})");
  CHECK(Value::set({}, "frozenset").repr() == "frozenset()");
  CHECK(Value::set({}, "frozenset").type_name() == "frozenset");
  CHECK(Value::bytes("ab", "bytearray").repr() == "bytearray(b'ab')");
  CHECK(Value::bytes("ab", "bytearray").type_name() == "bytearray");
  CHECK(Value::bytes("ab").type_name() == "bytes");
  const Value counts =
      Value::dict({{"a", 1}}, "collections.defaultdict")
          .with_attributes(Value::dict({{"default_factory", Value::global("builtins.int")}}));
  CHECK(counts.repr() == "defaultdict(<class 'int'>, {'a': 1})");
}

TEST_CASE("value: handles share a node, builders fill it later") {
  Value list = Value::list({});
  const Value alias = list;
  ValueBuilder::append(list, 1);
  CHECK(alias.items().size() == 1);
  CHECK(alias.node() == list.node());
  const Value copy = list.with_attributes(Value::dict({{"x", 1}}));
  CHECK(copy.attributes()["x"].as_int() == 1);
  CHECK(list.attributes().is_none());
}

TEST_CASE("value: a million nested lists are freed without recursion") {
  Value inner = Value::list({});
  for (int i = 0; i < 1'000'000; ++i) inner = Value::list({inner});
  CHECK(inner.repr().size() < 100);
}

TEST_CASE("value: cycles read as cycles and do not leak") {
  Value list = Value::list({}), other = Value::list({});
  ValueBuilder::append(list, other);
  ValueBuilder::append(other, list);
  ValueBuilder::append(list, list);
  ValueBuilder::weaken_cycles({&list, 1});
  CHECK(list[0][0].node() == list.node());
  CHECK(list[1].node() == list.node());
  CHECK(list.repr(50).size() <= 60);
  const Value inner = list[0];
  list = Value();
  other = Value();
  CHECK(inner[0].is_none());
}

TEST_CASE("value: small values lie in the handle, others are shared nodes") {
  for (const Value& v : {Value(), Value(true), Value(7), Value(0.5), Value(DType::f16), Value(meta)})
    CHECK(v.node() == nullptr);
  const Value text = "epoch";
  Value copy = text;
  CHECK(copy.node() == text.node());
  CHECK(ValueBuilder::owners(text) == 2);
  const Value moved = std::move(copy);
  CHECK(ValueBuilder::owners(text) == 2);
  CHECK(moved.as_string() == "epoch");
  Value self = Value::list({1});
  self = *&self;
  CHECK(self[0].as_int() == 1);
  CHECK_THROWS_WITH_AS(Value(3).with_attributes(Value::dict({})),
                       "expected a value that can have attributes, got int", Error);
}

TEST_CASE("value: what becomes another value is seen by all handles") {
  Value object = Value::object("numpy.ndarray", {1}, Value());
  const Value alias = object, holder = Value::list({object});
  ValueBuilder::become(object, ones({2}));
  CHECK(alias.as_tensor().numel() == 2);
  CHECK(alias.node() == object.node());
  CHECK(holder[0].node() == object.node());
  CHECK(holder[0].arguments().empty());
  ValueBuilder::set_attributes(object, Value::dict({{"x", 1}}));
  CHECK(alias.attributes()["x"].as_int() == 1);

  Value source = Value::list({1}), target = Value::object("a.B", {}, Value());
  ValueBuilder::become(target, source);
  ValueBuilder::append(source, 2);
  CHECK(target.size() == 1);  // a copy
  ValueBuilder::become(target, Value("text"));
  CHECK(target.as_string() == "text");
}

TEST_CASE("value: what became its own part is no leak") {
  Value object = Value::object("a.B", {}, Value());
  ValueBuilder::become(object, Value::list({object, Value::list({object})}));
  ValueBuilder::weaken_cycles({&object, 1});
  CHECK(object[0].node() == object.node());
  CHECK(object[1][0].node() == object.node());
}
