// Quantized and sparse tensors against PyTorch's own numbers.
#include "support/support.h"

#include <sconce/quantized.h>
#include <sconce/sparse.h>

#include <doctest/doctest.h>

#include <functional>

using namespace sconce;
using namespace sconce::test;

namespace {

using Json = nlohmann::json;

QScheme scheme_from(const std::string& name) {
  for (const QScheme s :
       {QScheme::per_tensor_affine, QScheme::per_tensor_symmetric, QScheme::per_channel_affine,
        QScheme::per_channel_symmetric, QScheme::per_channel_affine_float_qparams})
    if (name == name_of(s)) return s;
  FAIL("unknown scheme " << name);
  return QScheme::per_tensor_affine;
}

// Built from the integers alone, contiguous.
QuantizedTensor quantized_from(const Json& j) {
  QuantizedTensor q;
  q.scheme = scheme_from(j.at("scheme"));
  q.shape = Shape(j.at("shape").get<std::vector<int64_t>>());
  q.scales = tensor_from(j.at("scales"));
  q.zero_points = tensor_from(j.at("zero_points"));
  q.axis = j.at("axis");
  const Tensor ints = tensor_from(j.at("int_repr"));
  q.values = Tensor(ints.storage(), *parse_dtype(j.at("dtype").get<std::string>()), ints.shape());
  return q;
}

SparseTensor sparse_from(const Json& j) {
  SparseTensor s;
  for (const Layout l :
       {Layout::sparse_coo, Layout::sparse_csr, Layout::sparse_csc, Layout::sparse_bsr, Layout::sparse_bsc})
    if (j.at("layout") == name_of(l)) s.layout = l;
  s.shape = Shape(j.at("shape").get<std::vector<int64_t>>());
  s.values = tensor_from(j.at("values"));
  if (s.layout == Layout::sparse_coo) {
    s.indices = tensor_from(j.at("indices"));
    s.is_coalesced = j.at("is_coalesced");
  } else {
    s.compressed = tensor_from(j.at("compressed"));
    s.plain = tensor_from(j.at("plain"));
  }
  return s;
}

ErrorKind kind_of(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.kind();
  }
  FAIL("expected an error");
  return ErrorKind::io;
}

}  // namespace

TEST_CASE("quantized tensors stand for PyTorch's numbers, bit for bit") {
  const Json cases = json_fixture("kinds.json");
  for (const auto& j : cases["quantized"]) {
    CAPTURE(j.at("name").get<std::string>());
    QuantizedTensor q = quantized_from(j);
    CHECK_NOTHROW(q.validate());
    CHECK(bit_equal(q.dequantize(), tensor_from(j.at("dequantized"))));
    CHECK(bit_equal(q.int_repr(), tensor_from(j.at("int_repr"))));
    // The symmetric schemes differ from the affine ones in name alone.
    if (q.scheme == QScheme::per_tensor_affine || q.scheme == QScheme::per_channel_affine) {
      q.scheme = q.scheme == QScheme::per_tensor_affine ? QScheme::per_tensor_symmetric
                                                        : QScheme::per_channel_symmetric;
      CHECK(bit_equal(q.dequantize(), tensor_from(j.at("dequantized"))));
    }
  }
  CHECK(cases["quantized"].size() >= 36);
}

TEST_CASE("parts of a quantized tensor that contradict each other are refused") {
  const Json cases = json_fixture("kinds.json");
  const auto of = [&](const std::string& name) {
    for (const auto& j : cases["quantized"])
      if (j.at("name") == name) return quantized_from(j);
    FAIL("no case " << name);
    return QuantizedTensor();
  };
  const auto refused = [](const QuantizedTensor& q) {
    return kind_of([&] { q.validate(); }) == ErrorKind::corrupt &&
           kind_of([&] { q.dequantize(); }) == ErrorKind::corrupt;
  };
  const QuantizedTensor good = of("qint8_channel0"), packed = of("quint4x2_odd");
  for (const int64_t axis : {-1, 1, 3}) {
    QuantizedTensor q = good;
    q.axis = axis;
    CHECK(refused(q));
  }
  QuantizedTensor q = good;
  q.scales = q.scales.slice(0, 0, 2);
  CHECK(refused(q));
  q = good;
  q.zero_points = q.zero_points.to(DType::i32);
  CHECK(refused(q));
  q = good;
  q.scales = q.scales.to(DType::f32);
  CHECK(refused(q));
  q = good;
  q.shape = Shape{3, 2, 5};
  CHECK(refused(q));
  q = good;
  q.scheme = QScheme::per_tensor_affine;
  CHECK(refused(q));
  q = good;
  q.values = q.int_repr();
  CHECK(refused(q));
  q = packed;
  q.values = q.values.slice(0, 0, 7);
  CHECK(refused(q));
  CHECK(refused(QuantizedTensor{}));
  CHECK(kind_of([&] { good.dequantize(95); }) == ErrorKind::out_of_budget);
  CHECK_NOTHROW(good.dequantize(96));
}

TEST_CASE("sparse tensors written out are PyTorch's to_dense, bit for bit") {
  const Json cases = json_fixture("kinds.json");
  for (const auto& j : cases["sparse"]) {
    CAPTURE(j.at("name").get<std::string>());
    const SparseTensor s = sparse_from(j);
    CHECK_NOTHROW(s.validate());
    CHECK(bit_equal(s.to_dense(), tensor_from(j.at("dense"))));
  }
  CHECK(cases["sparse"].size() >= 54);
}

TEST_CASE("sparse tensors that break a rule are refused") {
  const Json cases = json_fixture("kinds.json");
  for (const auto& j : cases["invalid_sparse"]) {
    CAPTURE(j.at("name").get<std::string>());
    const SparseTensor s = sparse_from(j);
    CHECK(kind_of([&] { s.validate(); }) == ErrorKind::corrupt);
    CHECK(kind_of([&] { s.to_dense(); }) == ErrorKind::corrupt);
  }
  CHECK(cases["invalid_sparse"].size() >= 18);
}

TEST_CASE("a few bytes cannot stand for a huge dense tensor") {
  const Json cases = json_fixture("kinds.json");
  SparseTensor s;
  for (const auto& j : cases["sparse"])
    if (j.at("name") == "coo_float32") s = sparse_from(j);
  s.shape = Shape{int64_t{1} << 20, int64_t{1} << 22};
  CHECK_NOTHROW(s.validate());
  CHECK(kind_of([&] { s.to_dense(uint64_t{1} << 30); }) == ErrorKind::out_of_budget);
  s.shape = Shape{int64_t{1} << 31, int64_t{1} << 31};
  CHECK(kind_of([&] { s.to_dense(); }) == ErrorKind::out_of_budget);
  // Indices that all lie in one element.
  s.shape = Shape{5, 6};
  s.indices = Tensor(Storage::allocate(8), DType::i64, Shape{2, 1'000'000'000'000}, Strides{0, 0});
  s.values = Tensor(Storage::allocate(4), DType::f32, Shape{1'000'000'000'000}, Strides{0});
  CHECK(kind_of([&] { s.validate(); }) == ErrorKind::corrupt);
}
