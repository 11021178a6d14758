// Eigen's matrix product for floating-point types, a plain one for integers.
#include "cpu/gemm.h"

#include <Eigen/Core>
#include <algorithm>
#include <vector>

namespace sconce::cpu_kernels {
namespace {

template <class T, int Order>
using Dense = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Order>;
template <class T, int Order>
using ConstMap = Eigen::Map<const Dense<T, Order>, Eigen::Unaligned, Eigen::OuterStride<>>;
template <class T>
using OutMap = Eigen::Map<Dense<T, Eigen::RowMajor>, Eigen::Unaligned, Eigen::OuterStride<>>;

template <class T>
bool row_major(const Matrix<T>& m) {
  return m.column_step == 1 || m.columns == 1;
}
template <class T>
bool column_major(const Matrix<T>& m) {
  return m.row_step == 1 || m.rows == 1;
}

template <int Order, class T>
ConstMap<T, Order> map(const Matrix<T>& m) {
  return {m.data, m.rows, m.columns,
          Eigen::OuterStride<>(Order == Eigen::RowMajor ? m.row_step : m.column_step)};
}

// A row-major copy of a matrix that is dense in neither direction.
template <class T>
Matrix<T> pack(const Matrix<T>& m, std::vector<T>& buffer) {
  buffer.resize(static_cast<size_t>(m.rows * m.columns));
  T* to = buffer.data();
  for (int64_t i = 0; i < m.rows; ++i)
    for (int64_t j = 0; j < m.columns; ++j) *to++ = m.data[i * m.row_step + j * m.column_step];
  return {buffer.data(), m.rows, m.columns, m.columns, 1};
}

template <class T, class A, class B>
void multiply(const A& a, const B& b, T* out, int64_t out_step, bool add) {
  OutMap<T> c(out, a.rows(), b.cols(), Eigen::OuterStride<>(out_step));
  if (add)
    c.noalias() += a * b;
  else
    c.noalias() = a * b;
}

// Complex matrices come here row-major (see gemm), to keep the number of compiled products small.
template <class T>
void floating_gemm(const Matrix<T>& a, const Matrix<T>& b, T* out, int64_t out_step, bool add) {
  using Eigen::ColMajor, Eigen::RowMajor;
  if constexpr (!std::is_floating_point_v<T>) {
    multiply(map<RowMajor>(a), map<RowMajor>(b), out, out_step, add);
  } else if (row_major(b)) {
    multiply(map<RowMajor>(a), map<RowMajor>(b), out, out_step, add);
  } else {
    multiply(map<RowMajor>(a), map<ColMajor>(b), out, out_step, add);
  }
}

// Row by row, so that the inner loop runs along both b and out.
template <class T>
void integer_gemm(const Matrix<T>& a, const Matrix<T>& b, T* out, int64_t out_step) {
  for (int64_t i = 0; i < a.rows; ++i) {
    T* row = out + i * out_step;
    for (int64_t k = 0; k < a.columns; ++k) {
      const T factor = a.data[i * a.row_step + k * a.column_step];
      const T* from = b.data + k * b.row_step;
      for (int64_t j = 0; j < b.columns; ++j) row[j] += factor * from[j];
    }
  }
}

}  // namespace

template <class T>
void gemm(const Matrix<T>& a, const Matrix<T>& b, T* out, int64_t out_step, bool add) {
  std::vector<T> packed_a, packed_b;
  constexpr bool integer = std::is_integral_v<T>;
  if (!add && (integer || a.columns == 0))
    for (int64_t i = 0; i < a.rows; ++i) std::fill_n(out + i * out_step, b.columns, T(0));
  if (a.columns == 0 || a.rows == 0 || b.columns == 0) return;
  constexpr bool floating = std::is_floating_point_v<T>;
  const Matrix<T> left = row_major(a) || (column_major(a) && integer) ? a : pack(a, packed_a);
  const Matrix<T> right = row_major(b) || (column_major(b) && floating) ? b : pack(b, packed_b);
  if constexpr (integer)
    integer_gemm(left, right, out, out_step);
  else
    floating_gemm(left, right, out, out_step, add);
}

template void gemm(const Matrix<double>&, const Matrix<double>&, double*, int64_t, bool);
template void gemm(const Matrix<std::complex<float>>&, const Matrix<std::complex<float>>&,
                   std::complex<float>*, int64_t, bool);
template void gemm(const Matrix<std::complex<double>>&, const Matrix<std::complex<double>>&,
                   std::complex<double>*, int64_t, bool);
template void gemm(const Matrix<uint32_t>&, const Matrix<uint32_t>&, uint32_t*, int64_t, bool);
template void gemm(const Matrix<uint64_t>&, const Matrix<uint64_t>&, uint64_t*, int64_t, bool);

}  // namespace sconce::cpu_kernels
