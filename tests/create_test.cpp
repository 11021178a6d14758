// New tensors against real PyTorch.
#include <doctest/doctest.h>
#include <sconce/graph.h>
#include <sconce/ops.h>

#include <limits>

#include "support/support.h"

using namespace sconce;

namespace {

Scalar number(const nlohmann::json& a) {
  if (a.is_object()) return std::stod(a["float"].get<std::string>());
  if (a.is_boolean()) return a.get<bool>();
  if (a.is_number_integer()) return a.get<int64_t>();
  return a.get<double>();
}

Tensor make(const nlohmann::json& c) {
  const std::string op = c["op"];
  const auto& a = c["args"];
  const DType dtype = *parse_dtype(c.value("dtype", "float32"));
  if (op == "arange") return arange(number(a[0]), number(a[1]), a.size() > 2 ? number(a[2]) : Scalar(1));
  if (op == "linspace") return linspace(a[0], a[1], a[2], dtype);
  if (op == "eye") return eye(a[0], a[1]);
  return full({2}, number(a[0]), dtype);
}

}  // namespace

TEST_CASE("create: arange, linspace, full and eye as PyTorch") {
  for (const auto& c : test::json_fixture("create.json")) {
    const std::string text = c.dump().substr(0, 200);
    CAPTURE(text);
    Tensor out;
    std::string error;
    try {
      out = make(c);
    } catch (const Error& e) {
      error = e.message();
    }
    CHECK(error == c.value("error", ""));
    if (!error.empty() || c.contains("error")) continue;
    const Tensor expected = test::tensor_from(c["out"]);
    // PyTorch's vectorised linspace may fuse the multiplication, which moves the last bit.
    if (c["op"] == "linspace")
      CHECK(test::max_difference(out, expected) <= (out.dtype() == DType::f64 ? 2e-15 : 1e-6));
    else
      CHECK(test::bit_equal(out, expected));
  }
}

TEST_CASE("create: like another, from memory, from values") {
  const Tensor model = arange(6).view({2, 3}).t();
  CHECK(zeros_like(model).shape() == Shape{3, 2});
  CHECK(zeros_like(model).is_contiguous());
  CHECK(ones_like(model, DType::f16).dtype() == DType::f16);
  CHECK(full_like(model, 7)[2][1].item<int>() == 7);
  CHECK(empty_like(empty({3}, DType::u8, meta)).device() == meta);
  float values[4] = {1, 2, 3, 4};
  Tensor x = from_blob(values, {2, 2}, DType::f32);
  values[3] = 9;
  CHECK(x[1][1].item<float>() == 9);
  x[0].copy_(zeros({2}));
  CHECK(values[1] == 0);
  CHECK_THROWS_AS(from_blob(nullptr, {1}, DType::f32), Error);
  CHECK_THROWS_AS(from_blob(values, {std::numeric_limits<int64_t>::max()}, DType::f32), Error);
  CHECK_THROWS_AS(tensor(std::vector<float>{1, 2}, {3}), Error);
  CHECK(scalar_tensor(2.5, DType::f64).item() == 2.5);
  CHECK_THROWS_AS(ones({2}).item(), Error);
  CHECK(test::bit_equal(tensor<bool>({true, false}), tensor<uint8_t>({1, 0}).to(DType::boolean)));
  CHECK_THROWS_AS(full({2}, 1, DType::quint8), Error);
  CHECK_THROWS_AS(empty({int64_t{1} << 40, int64_t{1} << 40}), Error);
  CHECK_THROWS_AS(empty({int64_t{1} << 61}, DType::complex128), Error);
}

TEST_CASE("create: a recording sees new tensors as constants") {
  Recorder recorder;
  const Tensor x = recorder.input({2}, DType::f32);
  const Tensor y = add(x, full({2}, 3));
  CHECK(recorder.graph().nodes.size() == 1);
  CHECK(recorder.graph().values.at(1).constant.defined());
}
