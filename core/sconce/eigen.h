// Tensors and Eigen objects on the same memory, without a copy. Only this header needs Eigen.
//   auto m = sconce::matrix<float>(x);            // a row-major view of a 2-dim tensor: m.row(0).setZero()
//   sconce::Tensor t = sconce::borrow(matrix);    // a tensor on the memory of an Eigen matrix
// A view is valid as long as the tensor's storage lives; it does not keep it alive. Do not name an expression
// of views with `auto`: Eigen expressions hold references.
#pragma once
#include <sconce/ops/create.h>
#include <sconce/tensor.h>

#include <Eigen/Core>
#include <array>
#include <memory>
#include <type_traits>
#include <unsupported/Eigen/CXX11/Tensor>

namespace sconce {

// The Eigen scalar of an element type: Half and BFloat16 are Eigen::half and Eigen::bfloat16, the others
// themselves.
namespace detail {
template <class T>
struct ScalarFor {
  using type = T;
};
template <>
struct ScalarFor<Half> {
  using type = Eigen::half;
};
template <>
struct ScalarFor<BFloat16> {
  using type = Eigen::bfloat16;
};
template <class T>
struct ElementType {
  using type = T;
};
template <>
struct ElementType<Eigen::half> {
  using type = Half;
};
template <>
struct ElementType<Eigen::bfloat16> {
  using type = BFloat16;
};
static_assert(sizeof(Eigen::half) == sizeof(Half) && sizeof(Eigen::bfloat16) == sizeof(BFloat16));
}  // namespace detail

template <class T>
using EigenScalar = typename detail::ScalarFor<T>::type;
// The dtype of an Eigen scalar.
template <class Scalar>
inline constexpr DType dtype_of_eigen = dtype_of<typename detail::ElementType<Scalar>::type>;

template <class T>
using RowMajorMatrix = Eigen::Matrix<EigenScalar<T>, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using AnyStride = Eigen::Stride<Eigen::Dynamic, Eigen::Dynamic>;

namespace detail {

inline void check_view(const char* op, const Tensor& x, int64_t rank) {
  check(x.defined(), "[", op, "] expected a tensor, got an undefined one");
  check(x.device() == cpu, "[", op, "] expected a tensor on the CPU, got one on ", x.device().str());
  check(rank < 0 || x.dim() == rank, "[", op, "] expected ", rank, " dimensions, got shape ", x.shape());
}

inline void check_dense(const char* op, const Tensor& x) {
  check(x.is_contiguous(), "[", op,
        "] expected a contiguous tensor, got strides that leave gaps or change the order; use ", "strided_",
        op, "() or contiguous()");
}

// Eigen's strides of a 2-dim tensor: between rows, between the elements of a row.
inline AnyStride eigen_strides(const Tensor& x) { return {x.stride(0), x.stride(1)}; }

template <class T>
const EigenScalar<T>* read(const Tensor& x) {
  return reinterpret_cast<const EigenScalar<T>*>(x.data<T>());
}
template <class T>
EigenScalar<T>* write(Tensor& x) {
  return reinterpret_cast<EigenScalar<T>*>(x.mutable_data<T>());
}

}  // namespace detail

// What the functions below give; Of is a plain Eigen type, const for a view that only reads.
template <class Of>
using DenseView = Eigen::Map<Of>;
template <class Of, class Stride>
using StridedView = Eigen::Map<Of, Eigen::Unaligned, Stride>;
template <class T>
using ColumnVector = Eigen::Matrix<EigenScalar<T>, Eigen::Dynamic, 1>;
template <class T, int Rank>
using RowMajorTensor = Eigen::Tensor<EigenScalar<T>, Rank, Eigen::RowMajor>;

// ---- a tensor seen by Eigen ----
// Each throws ErrorKind::invalid_argument unless T is the dtype's type, the rank fits, the tensor is on the
// CPU and, but for the strided ones, contiguous. A const tensor gives a const view.

// A contiguous 2-dim tensor as a row-major matrix.
template <class T>
DenseView<const RowMajorMatrix<T>> matrix(const Tensor& x) {
  detail::check_view("matrix", x, 2), detail::check_dense("matrix", x);
  return DenseView<const RowMajorMatrix<T>>(detail::read<T>(x), x.size(0), x.size(1));
}
template <class T>
DenseView<RowMajorMatrix<T>> matrix(Tensor& x) {
  detail::check_view("matrix", x, 2), detail::check_dense("matrix", x);
  return DenseView<RowMajorMatrix<T>>(detail::write<T>(x), x.size(0), x.size(1));
}

// Any 2-dim tensor (a transpose, a slice) as a row-major matrix with strides.
template <class T>
StridedView<const RowMajorMatrix<T>, AnyStride> strided_matrix(const Tensor& x) {
  detail::check_view("strided_matrix", x, 2);
  return StridedView<const RowMajorMatrix<T>, AnyStride>(detail::read<T>(x), x.size(0), x.size(1),
                                                         detail::eigen_strides(x));
}
template <class T>
StridedView<RowMajorMatrix<T>, AnyStride> strided_matrix(Tensor& x) {
  detail::check_view("strided_matrix", x, 2);
  return StridedView<RowMajorMatrix<T>, AnyStride>(detail::write<T>(x), x.size(0), x.size(1),
                                                   detail::eigen_strides(x));
}

// A contiguous tensor of any rank as one column vector of all its elements.
template <class T>
DenseView<const ColumnVector<T>> vector(const Tensor& x) {
  detail::check_view("vector", x, -1), detail::check_dense("vector", x);
  return DenseView<const ColumnVector<T>>(detail::read<T>(x), x.numel());
}
template <class T>
DenseView<ColumnVector<T>> vector(Tensor& x) {
  detail::check_view("vector", x, -1), detail::check_dense("vector", x);
  return DenseView<ColumnVector<T>>(detail::write<T>(x), x.numel());
}

// Any 1-dim tensor (a column of a matrix) as a vector with a stride.
template <class T>
StridedView<const ColumnVector<T>, Eigen::InnerStride<>> strided_vector(const Tensor& x) {
  detail::check_view("strided_vector", x, 1);
  return StridedView<const ColumnVector<T>, Eigen::InnerStride<>>(detail::read<T>(x), x.size(0),
                                                                  Eigen::InnerStride<>(x.stride(0)));
}
template <class T>
StridedView<ColumnVector<T>, Eigen::InnerStride<>> strided_vector(Tensor& x) {
  detail::check_view("strided_vector", x, 1);
  return StridedView<ColumnVector<T>, Eigen::InnerStride<>>(detail::write<T>(x), x.size(0),
                                                            Eigen::InnerStride<>(x.stride(0)));
}

namespace detail {
template <int Rank>
std::array<Eigen::Index, Rank> extents_of(const Tensor& x) {
  std::array<Eigen::Index, Rank> extents{};
  for (int d = 0; d < Rank; ++d) extents[static_cast<size_t>(d)] = x.size(d);
  return extents;
}
}  // namespace detail

// A contiguous tensor of `Rank` dimensions as an Eigen tensor (row-major).
template <class T, int Rank>
Eigen::TensorMap<const RowMajorTensor<T, Rank>> tensor_map(const Tensor& x) {
  detail::check_view("tensor_map", x, Rank);
  check(x.is_contiguous(), "[tensor_map] expected a contiguous tensor; use contiguous()");
  return Eigen::TensorMap<const RowMajorTensor<T, Rank>>(detail::read<T>(x), detail::extents_of<Rank>(x));
}
template <class T, int Rank>
Eigen::TensorMap<RowMajorTensor<T, Rank>> tensor_map(Tensor& x) {
  detail::check_view("tensor_map", x, Rank);
  check(x.is_contiguous(), "[tensor_map] expected a contiguous tensor; use contiguous()");
  return Eigen::TensorMap<RowMajorTensor<T, Rank>>(detail::write<T>(x), detail::extents_of<Rank>(x));
}

// ---- an Eigen object seen as a tensor ----

namespace detail {

// Shape and strides of a dense Eigen object with its own memory; compile-time vectors have one dimension.
template <class Derived>
Tensor view_of_dense(const Eigen::DenseBase<Derived>& object, std::shared_ptr<void> keeper) {
  const Derived& x = object.derived();
  using Scalar = typename Derived::Scalar;
  constexpr DType dtype = dtype_of_eigen<Scalar>;
  auto* data = const_cast<Scalar*>(x.data());
  const int64_t row = x.IsRowMajor ? x.outerStride() : x.innerStride();
  const int64_t column = x.IsRowMajor ? x.innerStride() : x.outerStride();
  const bool any = x.size() > 0;
  check(!any || (row >= 0 && column >= 0), "[borrow] expected strides of at least 0");
  const int64_t reach = any ? (x.rows() - 1) * row + (x.cols() - 1) * column + 1 : 0;
  Storage storage = Storage::borrow(data, static_cast<size_t>(reach) * sizeof(Scalar), std::move(keeper));
  if constexpr (Derived::IsVectorAtCompileTime)
    return Tensor(std::move(storage), dtype, Shape{x.size()}, Strides{x.innerStride()});
  else
    return Tensor(std::move(storage), dtype, Shape{x.rows(), x.cols()}, Strides{row, column});
}

template <class T>
inline constexpr bool is_plain = std::is_base_of_v<Eigen::PlainObjectBase<T>, T>;

template <class Scalar, int Rank, int Options, class Index>
Tensor view_of_tensor(const Eigen::Tensor<Scalar, Rank, Options, Index>& x, std::shared_ptr<void> keeper) {
  std::vector<int64_t> extents(static_cast<size_t>(Rank));
  Strides strides(extents.size());
  int64_t step = 1;
  for (int i = 0; i < Rank; ++i) {
    // Column-major: the first dimension lies closest.
    const auto d = static_cast<size_t>((Options & Eigen::RowMajor) != 0 ? Rank - 1 - i : i);
    extents[d] = x.dimension(static_cast<Eigen::Index>(d));
    strides[d] = step;
    step *= std::max<int64_t>(extents[d], 1);
  }
  Storage storage = Storage::borrow(const_cast<Scalar*>(x.data()),
                                    static_cast<size_t>(x.size()) * sizeof(Scalar), std::move(keeper));
  return Tensor(std::move(storage), dtype_of_eigen<Scalar>, Shape(std::move(extents)), std::move(strides));
}

}  // namespace detail

// A tensor on the memory of a matrix, array, vector, map or block, which must outlive it and every view of
// it. A column-major matrix gives a tensor with strides (1, rows): the same element at (i, j), no copy.
template <class Derived>
Tensor borrow(Eigen::DenseBase<Derived>& object) {
  return detail::view_of_dense(object, nullptr);
}
template <class Scalar, int Rank, int Options, class Index>
Tensor borrow(Eigen::Tensor<Scalar, Rank, Options, Index>& object) {
  return detail::view_of_tensor(object, nullptr);
}

// A tensor that takes over a matrix, array or vector: the object moves into the tensor's storage and its heap
// memory stays where it is. adopt(std::move(m)).
template <class Object>
requires(!std::is_lvalue_reference_v<Object> && detail::is_plain<Object>) Tensor adopt(Object&& object) {
  auto kept = std::make_shared<Object>(std::move(object));
  return detail::view_of_dense(*kept, kept);
}
template <class Scalar, int Rank, int Options, class Index>
Tensor adopt(Eigen::Tensor<Scalar, Rank, Options, Index>&& object) {
  auto kept = std::make_shared<Eigen::Tensor<Scalar, Rank, Options, Index>>(std::move(object));
  return detail::view_of_tensor(*kept, kept);
}

// A contiguous tensor with a copy of any Eigen expression's value: from_eigen(a * b + c).
template <class Derived>
Tensor from_eigen(const Eigen::DenseBase<Derived>& expression) {
  using Scalar = typename Derived::Scalar;
  using T = typename detail::ElementType<Scalar>::type;
  const auto& value = expression.derived();
  Tensor out = empty(Shape{value.rows(), value.cols()}, dtype_of<T>);
  Eigen::Map<Eigen::Array<Scalar, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>(
      detail::write<T>(out), value.rows(), value.cols()) = value;
  if constexpr (Derived::IsVectorAtCompileTime)
    return out.view({value.size()});
  else
    return out;
}

}  // namespace sconce
