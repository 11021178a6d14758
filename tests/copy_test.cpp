#include <doctest/doctest.h>
#include <sconce/ops.h>

#include "support/support.h"

using namespace sconce;

TEST_CASE("copy: strided on both sides, and casting") {
  const Tensor x = tensor<int32_t>({0, 1, 2, 3, 4, 5}).view({2, 3});
  CHECK(test::bit_equal(x.t().clone(), tensor<int32_t>({0, 3, 1, 4, 2, 5}).view({3, 2})));
  Tensor y = zeros({3, 2});
  y.t().copy_(x);
  CHECK(test::bit_equal(y, tensor<float>({0, 3, 1, 4, 2, 5}).view({3, 2})));
}

TEST_CASE("copy: all strides of one shape agree with element by element") {
  const Tensor x = arange(120).view({2, 3, 4, 5});
  for (const std::vector<int64_t>& order :
       {std::vector<int64_t>{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}}) {
    const Tensor from = x.permute(order).slice(3, 0, 100, 2);
    for (const DType dtype : {DType::i64, DType::i32, DType::f32, DType::complex128, DType::u8}) {
      // The target is a permutation, too, of memory with gaps.
      const Shape& s = from.shape();
      Tensor wide = full({s[2], s[0], s[3], s[1] * 2}, 77, dtype);
      Tensor to = wide.slice(3, 0, s[1] * 2, 2).permute({1, 3, 0, 2});
      REQUIRE(to.shape() == s);
      to.copy_(from);
      bool same = true;
      for (int64_t a = 0; a < s[0]; ++a)
        for (int64_t b = 0; b < s[1]; ++b)
          for (int64_t c = 0; c < s[2]; ++c)
            for (int64_t d = 0; d < s[3]; ++d)
              same = same && to[a][b][c][d].item<int>() == from[a][b][c][d].item<int>();
      CHECK(same);
      CHECK(wide.slice(3, 1, s[1] * 2, 2).clone().select(3, 0).select(2, 0).select(1, 0)[0].item<int>() ==
            77);
    }
  }
}

TEST_CASE("copy: copy_ broadcasts, casts and refuses as PyTorch") {
  Tensor y = zeros({2, 3}, DType::i32);
  y.copy_(tensor<float>({1.9f, -2.9f, 3}));
  CHECK(test::bit_equal(y, tensor<int32_t>({1, -2, 3, 1, -2, 3}).view({2, 3})));
  CHECK_THROWS_WITH_AS(
      y.copy_(ones({4})),
      "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1", Error);
  Tensor row = ones({3});
  CHECK_THROWS_WITH_AS(row.copy_(ones({2, 3})),
                       "output with shape [3] doesn't match the broadcast shape [2, 3]", Error);
  Tensor shared = ones({2}).expand({3, 2});
  CHECK_THROWS_AS(shared.copy_(ones({2})), Error);
  Tensor x = arange(5), later = x.slice(0, 1, 5);
  later.copy_(x.slice(0, 0, 4));
  CHECK(test::bit_equal(x, tensor<int64_t>({0, 0, 1, 2, 3})));
  Tensor nothing;
  CHECK_THROWS_AS(nothing.copy_(x), Error);
  CHECK_THROWS_AS(nothing.clone(), Error);
}

TEST_CASE("copy: 0-dim, empty, meta and quantized tensors") {
  CHECK(arange(3)[1].clone().item<int>() == 1);
  CHECK(empty({0, 3}).t().clone().shape() == Shape{3, 0});
  CHECK(empty({0}).to(DType::i64).numel() == 0);
  CHECK(ones({2}).to(meta).device() == meta);
  CHECK_THROWS_AS(empty({2}, DType::f32, meta).to(cpu), Error);
  CHECK(empty({2}, DType::f32, meta).to(DType::i8).dtype() == DType::i8);
  Tensor q = empty({2, 3}, DType::quint4x2);
  for (int i = 0; i < 6; ++i) static_cast<uint8_t*>(q.mutable_data())[i] = static_cast<uint8_t>(i);
  const Tensor t = q.t().clone();
  CHECK(static_cast<const uint8_t*>(t.data())[1] == 3);
  const Tensor x = arange(6).view({2, 3});
  CHECK(x.contiguous().is_same_view(x));
  CHECK(x.to(DType::i64).is_same_view(x));
  CHECK(x.to(cpu).is_same_view(x));
}
