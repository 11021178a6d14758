// What the launchers share: grids, layouts and the choice of types.
#pragma once
#include <sconce/error.h>
#include <sconce/tensor.h>

#include <algorithm>
#include <array>
#include <vector>

#include "device/element.h"
#include "device/layout.h"
#include "device/team.h"
#include "runtime/runtime.h"

namespace sconce::SCONCE_GPU {

inline constexpr unsigned block_size = 256;
// Blocks of a kernel whose threads go on to further elements: enough to fill the largest GPU several times.
inline constexpr int64_t most_blocks = 2048;

inline dim3 grid_for(int64_t threads) {
  return dim3(
      static_cast<unsigned>(std::clamp<int64_t>((threads + block_size - 1) / block_size, 1, most_blocks)));
}

// Of a dtype that this backend computes nothing in, yet.
[[noreturn]] inline void fail_on_gpu(const char* op, DType dtype, Device device) {
  fail(ErrorKind::unsupported, "[", op, "] ", name_of(dtype), " is not there on ", device.str(),
       " yet; call to(cpu) first");
}
inline void check_real(const char* op, const Tensor& t) {
  if (is_complex(t.dtype()) || !is_numeric(t.dtype())) fail_on_gpu(op, t.dtype(), t.device());
}

// The layout of tensors seen in one shape: dimensions of extent 1 left out, those that run on into each other merged.
template <int N>
Layout<N> layout_of(const char* op, const Shape& shape, const std::array<Strides, N>& strides) {
  Layout<N> out;
  out.numel = 1;
  for (size_t d = shape.extents().size(); d-- > 0;) {
    const int64_t n = shape.extents()[d];
    if (n == 1) continue;
    out.numel *= n;
    bool runs_on = out.rank > 0;
    for (size_t k = 0; runs_on && k < N; ++k)
      runs_on = strides[k][d] == out.stride[k][out.rank - 1] * out.extent[out.rank - 1];
    if (runs_on) {
      out.extent[out.rank - 1] *= n;
      continue;
    }
    check(out.rank < max_rank, "[", op, "] more than ", max_rank,
          " dimensions that do not merge are not there on cuda yet, got shape ", shape);
    out.extent[out.rank] = n;
    for (size_t k = 0; k < N; ++k) out.stride[k][out.rank] = strides[k][d];
    ++out.rank;
  }
  return out;
}

// Strides of a tensor that broadcasts to `shape`.
inline Strides broadcast_strides(const Tensor& t, const Shape& shape) {
  Strides out(shape.extents().size(), 0);
  const size_t missing = out.size() - t.strides().size();
  for (size_t d = missing; d < out.size(); ++d)
    if (t.shape().extents()[d - missing] != 1) out[d] = t.strides()[d - missing];
  return out;
}

// Calls f(reader) with the elements of a real tensor in the type that statistics and reductions are made in: float for f32, f16 and
// bf16, double for the other floats, int64_t for integers and booleans.
template <class F>
void with_reader(const Tensor& t, F&& f) {
  switch (t.dtype()) {
    case DType::f32: return f(Typed<float>{static_cast<const float*>(t.data())});
    case DType::f16: return f(Typed<Half>{static_cast<const Half*>(t.data())});
    case DType::bf16: return f(Typed<BFloat16>{static_cast<const BFloat16*>(t.data())});
    default: break;
  }
  if (is_floating_point(t.dtype())) return f(Any<double>{t.data(), t.dtype()});
  return f(Any<int64_t>{t.data(), t.dtype()});
}

// Calls f.operator()<T>() with the type of a floating dtype that networks are computed in.
template <class F>
void with_network_type(const char* op, const Tensor& t, F&& f) {
  switch (t.dtype()) {
    case DType::f32: return f.template operator()<float>();
    case DType::f16: return f.template operator()<Half>();
    case DType::bf16: return f.template operator()<BFloat16>();
    case DType::f64: return f.template operator()<double>();
    default: fail_on_gpu(op, t.dtype(), t.device());
  }
}

// The same of those that dense elementwise kernels are made for; f64 goes by the strided ones.
inline bool has_dense_kernels(DType d) { return d == DType::f32 || d == DType::f16 || d == DType::bf16; }
template <class F>
void with_dense_type(DType dtype, F&& f) {
  if (dtype == DType::f32) return f.template operator()<float>();
  if (dtype == DType::f16) return f.template operator()<Half>();
  f.template operator()<BFloat16>();
}

// May 16 bytes be moved at once?
inline bool aligned(const Tensor& t) { return reinterpret_cast<uintptr_t>(t.data()) % 16 == 0; }

// Calls f.operator()<Bytes<n>>() for elements of n bytes.
template <class F>
void with_element_bytes(size_t size, F&& f) {
  switch (size) {
    case 1: return f.template operator()<Bytes<1>>();
    case 2: return f.template operator()<Bytes<2>>();
    case 4: return f.template operator()<Bytes<4>>();
    case 8: return f.template operator()<Bytes<8>>();
    default: return f.template operator()<Bytes<16>>();
  }
}

}  // namespace sconce::SCONCE_GPU
