#include <sconce/ops/create.h>
#include <sconce/ops/matmul.h>
#include <sconce/threads.h>

#include "support/op_cases.h"

using namespace sconce;
using namespace sconce::test;

namespace {

Tensor run(const nlohmann::json& c) {
  const std::string op = c.at("op").get<std::string>();
  const Tensor a = input_of(c, "a"), b = input_of(c, "b"), bias = input_of(c, "bias");
  const double beta = arg_of(c, "beta", 1.0), alpha = arg_of(c, "alpha", 1.0);
  if (op == "linear") return linear(a, b, bias);
  if (op == "matmul") return matmul(a, b);
  if (op == "matmul_t") return matmul(a.transpose(-1, -2), b.transpose(-1, -2));
  if (op == "dot") return dot(a, b);
  if (op == "mv") return mv(a, b);
  if (op == "mm") return mm(a, b);
  if (op == "bmm") return bmm(a, b);
  if (op == "addmm") return addmm(bias, a, b, beta, alpha);
  REQUIRE(op == "baddbmm");
  return baddbmm(bias, a, b, beta, alpha);
}

}  // namespace

TEST_CASE("matmul: PyTorch's results and words") { run_cases("matmul.json", run); }

TEST_CASE("matmul: views with any strides") {
  // Every second element of a larger matrix, and a transposed batch: exact in integers.
  Tensor a = empty({4, 6}, DType::i32), b = empty({3, 5}, DType::i32);
  for (int32_t i = 0; i < 24; ++i) a.mutable_data<int32_t>()[i] = i * 7 % 11 - 5;
  for (int32_t i = 0; i < 15; ++i) b.mutable_data<int32_t>()[i] = i * 5 % 13 - 6;
  const Tensor strided = a.slice(1, 0, 6, 2);
  CHECK(bit_equal(mm(strided, b), mm(strided.clone(), b)));
  for (DType dtype :
       {DType::f64, DType::f32, DType::f16, DType::complex64, DType::complex128, DType::i64, DType::u8}) {
    CAPTURE(name_of(dtype));
    const Tensor x = a.to(DType::i8).to(dtype).slice(1, 0, 6, 2), y = b.to(DType::i8).to(dtype);
    CHECK(bit_equal(mm(x, y), mm(x.clone(), y)));
    CHECK(bit_equal(mm(y.t(), x.t()), mm(y.t().clone(), x.t().clone())));
    const Tensor batched = x.unsqueeze(0).expand({3, 4, 3});
    CHECK(bit_equal(bmm(batched, y.unsqueeze(0).expand({3, 3, 5})).select(0, 2), mm(x, y)));
  }
}

TEST_CASE("matmul: the same bits for any number of threads") {
  const int before = num_threads();
  Tensor a = empty({3, 150, 70}), b = empty({3, 70, 300});
  uint32_t state = 1;
  for (Tensor* t : {&a, &b})
    for (int64_t i = 0; i < t->numel(); ++i)
      t->mutable_data<float>()[i] =
          static_cast<float>((state = state * 1664525u + 1013904223u) >> 8) / 1e7f - 0.8f;
  set_num_threads(1);
  const Tensor one = matmul(a, b), linear_one = linear(a, b[0].t());
  for (int threads : {2, 3, 5}) {
    set_num_threads(threads);
    CHECK(bit_equal(matmul(a, b), one));
    CHECK(bit_equal(linear(a, b[0].t()), linear_one));
  }
  set_num_threads(before);
}
