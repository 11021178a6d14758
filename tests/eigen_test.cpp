// Tensors and Eigen objects on the same memory.
#include <doctest/doctest.h>
#include <sconce/eigen.h>
#include <sconce/ops.h>

#include "support/support.h"

using namespace sconce;

TEST_CASE("eigen: a tensor as matrix and vector, written from both sides") {
  Tensor x = arange(6).to(DType::f32).view({2, 3});
  auto m = matrix<float>(x);
  CHECK(m(1, 0) == 3.f);
  m(1, 0) = 30.f;
  CHECK(x[1][0].item<float>() == 30.f);
  x.select(1, 2).copy_(tensor<float>({7, 8}));
  CHECK(m(0, 2) == 7.f);
  CHECK(static_cast<const void*>(m.data()) == x.data());
  vector<float>(x).setConstant(2.f);
  CHECK(test::bit_equal(x, full({2, 3}, 2)));
  const Tensor& fixed = x;
  static_assert(std::is_const_v<std::remove_reference_t<decltype(matrix<float>(fixed).coeffRef(0, 0))>>);
  CHECK((matrix<float>(fixed) * matrix<float>(fixed).transpose())(1, 1) == 12.f);
  Tensor h = ones({2, 2}, DType::bf16);
  matrix<BFloat16>(h)(0, 1) = Eigen::bfloat16(2.5f);
  CHECK(h[0][1].item<float>() == 2.5f);
}

TEST_CASE("eigen: strided views") {
  Tensor x = arange(12).to(DType::f64).view({3, 4});
  Tensor t = x.t(), part = x.slice(0, 1, 3).slice(1, 0, 4, 2), column = x.select(1, 3);
  auto transposed = strided_matrix<double>(t);
  CHECK(transposed.rows() == 4);
  CHECK(transposed(3, 1) == 7);
  strided_matrix<double>(part).setZero();
  strided_vector<double>(column) *= 10;
  CHECK(test::bit_equal(x, tensor<double>({0, 1, 2, 30, 0, 5, 0, 70, 0, 9, 0, 110}).view({3, 4})));
  CHECK_THROWS_AS(matrix<double>(t), Error);
  CHECK_THROWS_AS(vector<double>(column), Error);
}

TEST_CASE("eigen: tensor maps") {
  Tensor x = arange(24).to(DType::i32).view({2, 3, 4});
  auto m = tensor_map<int32_t, 3>(x);
  CHECK(m(1, 2, 3) == 23);
  m(0, 1, 2) = -1;
  CHECK(x[0][1][2].item<int>() == -1);
  const Tensor& fixed = x;
  CHECK(tensor_map<int32_t, 3>(fixed)(0, 0, 1) == 1);
  CHECK_THROWS_AS((tensor_map<int32_t, 2>(x)), Error);
  Tensor p = x.permute({2, 0, 1});
  CHECK_THROWS_AS((tensor_map<int32_t, 3>(p)), Error);
  Tensor none = empty({0, 3});
  CHECK(matrix<float>(none).rows() == 0);
}

TEST_CASE("eigen: what does not fit is refused by name") {
  Tensor x = ones({2, 3}), nothing, there = empty({2, 2}, DType::f32, meta);
  CHECK_THROWS_WITH_AS(matrix<double>(x), "[Tensor] expected data of float64, the tensor has float32", Error);
  Tensor y = x[0];
  CHECK_THROWS_WITH_AS(matrix<float>(y), "[matrix] expected 2 dimensions, got shape [3]", Error);
  CHECK_THROWS_AS(matrix<float>(nothing), Error);
  CHECK_THROWS_AS(matrix<float>(there), Error);
}

TEST_CASE("eigen: a tensor on borrowed Eigen memory") {
  Eigen::MatrixXf columns(2, 3);  // column-major
  columns << 0, 1, 2, 3, 4, 5;
  Tensor x = borrow(columns);
  CHECK(x.data() == columns.data());
  CHECK(x.strides() == Strides{1, 2});
  CHECK(test::bit_equal(x, arange(6).to(DType::f32).view({2, 3})));
  x[1][0].copy_(scalar_tensor(9, DType::f32));
  CHECK(columns(1, 0) == 9.f);
  columns(0, 2) = -1.f;
  CHECK(x[0][2].item<float>() == -1.f);

  RowMajorMatrix<double> rows = RowMajorMatrix<double>::Random(3, 4);
  CHECK(borrow(rows).is_contiguous());
  auto corner = rows.block(1, 1, 2, 2);
  Tensor c = borrow(corner);
  CHECK(c.strides() == Strides{4, 1});
  CHECK(c[1][1].item<double>() == rows(2, 2));

  Eigen::Vector3d v(1, 2, 3);
  CHECK(borrow(v).shape() == Shape{3});
  Eigen::RowVectorXi r = Eigen::RowVectorXi::LinSpaced(4, 0, 3);
  CHECK(test::bit_equal(borrow(r), arange(4).to(DType::i32)));
  Eigen::MatrixXf none(0, 5);
  CHECK(borrow(none).shape() == Shape{0, 5});
  Eigen::Tensor<float, 3> cube(2, 3, 4);  // column-major
  cube.setZero();
  Tensor k = borrow(cube);
  CHECK(k.strides() == Strides{1, 2, 6});
  k[1][2][3].copy_(scalar_tensor(5, DType::f32));
  CHECK(cube(1, 2, 3) == 5.f);
}

TEST_CASE("eigen: a tensor that keeps an Eigen object, and copies") {
  Tensor x;
  const void* memory = nullptr;
  {
    Eigen::MatrixXf m = Eigen::MatrixXf::Constant(50, 50, 3.f);
    memory = m.data();
    x = adopt(std::move(m));
  }
  CHECK(x.data() == memory);
  CHECK(x[49][49].item<float>() == 3.f);
  CHECK(test::bit_equal(adopt(Eigen::Vector2f(1, 2)), tensor<float>({1, 2})));
  Eigen::Tensor<double, 2, Eigen::RowMajor> e(2, 2);
  e.setConstant(4);
  CHECK(test::bit_equal(adopt(std::move(e)), full({2, 2}, 4, DType::f64)));
  Eigen::Matrix2f a;
  a << 1, 2, 3, 4;
  const Tensor sum = from_eigen(a + a.transpose());
  CHECK(test::bit_equal(sum, tensor<float>({2, 5, 5, 8}).view({2, 2})));
  CHECK(test::bit_equal(from_eigen((a.array() > 2).cast<int>()), tensor<int32_t>({0, 0, 1, 1}).view({2, 2})));
}
