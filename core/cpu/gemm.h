// The matrix product that the CPU kernels share: one thread, any layout of its inputs.
#pragma once
#include <sconce/dtype.h>

#include <cstdint>
#include <type_traits>

namespace sconce::cpu_kernels {

// A matrix somewhere in memory: element (i, j) is data[i * row_step + j * column_step].
template <class T>
struct Matrix {
  const T* data;
  int64_t rows, columns;
  int64_t row_step, column_step;

  Matrix block(int64_t row, int64_t column, int64_t n_rows, int64_t n_columns) const {
    return {data + row * row_step + column * column_step, n_rows, n_columns, row_step, column_step};
  }
};

// out (row-major, rows `out_step` apart) = a @ b, or += with `add`. Defined for the Work types below.
template <class T>
void gemm(const Matrix<T>& a, const Matrix<T>& b, T* out, int64_t out_step, bool add = false);

// The type that a dtype's products are summed in: float for the small floats, unsigned for integers, whose
// results are then right modulo 2^bits.
template <class T>
using Work = std::conditional_t<
    std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>, float,
    std::conditional_t<!std::is_integral_v<T>, T, std::conditional_t<sizeof(T) == 8, uint64_t, uint32_t>>>;

// The dtype whose tensors can be read as Work<T>.
inline DType work_dtype(DType dtype) {
  switch (dtype) {
    case DType::f16:
    case DType::bf16: return DType::f32;
    case DType::i8:
    case DType::i16:
    case DType::u8: return DType::i32;
    default: return dtype;
  }
}

// Calls f.template operator()<W>() with the Work type of a dtype that work_dtype() gave.
template <class F>
decltype(auto) with_work_type(const char* op, DType dtype, F&& f) {
  switch (dtype) {
    case DType::f64: return f.template operator()<double>();
    case DType::i32: return f.template operator()<uint32_t>();
    case DType::i64: return f.template operator()<uint64_t>();
    case DType::complex64: return f.template operator()<std::complex<float>>();
    case DType::complex128: return f.template operator()<std::complex<double>>();
    default: fail_dtype(op, dtype);
  }
}

// Pieces of at most `most` that n splits into evenly, as a rounded-up piece size. It depends on n alone, so
// that a result's bits do not depend on the number of threads.
inline int64_t even_piece(int64_t n, int64_t most, int64_t multiple) {
  const int64_t pieces = (n + most - 1) / most;
  if (pieces <= 1) return n;
  return ((n + pieces - 1) / pieces + multiple - 1) / multiple * multiple;
}

}  // namespace sconce::cpu_kernels
