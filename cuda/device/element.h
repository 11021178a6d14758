// Elements of tensors as kernels read and write them: with their type known, or by a dtype looked at for each.
#pragma once
#include <sconce/dtype.h>
#include <sconce/kernels/truncate.h>

#include "device/device.h"

// Long functions that many kernels use: once in the program, where compiling them into each kernel would take minutes.
#if defined(__CUDACC__)
#define SCONCE_OUT_OF_LINE __noinline__
#else
#define SCONCE_OUT_OF_LINE __attribute__((noinline))
#endif

namespace sconce::SCONCE_GPU {

template <class To, class From>
__device__ __forceinline__ To converted(From v) {
  if constexpr (std::is_same_v<To, From>)
    return v;
  else if constexpr (std::is_same_v<To, bool>)
    return v != From(0);
  else if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>)
    return kernels::truncate_to<To>(v);
  else if constexpr (std::is_arithmetic_v<To>)
    return static_cast<To>(v);
  else
    return narrow<To>(static_cast<float>(v));
}

// Element i of a tensor of any real dtype, in C: float, double, int64_t or uint64_t.
template <class C>
__device__ SCONCE_OUT_OF_LINE C read(DType dtype, const void* from, int64_t i) {
  switch (dtype) {
    case DType::f64: return converted<C>(static_cast<const double*>(from)[i]);
    case DType::f32: return converted<C>(static_cast<const float*>(from)[i]);
    case DType::f16: return converted<C>(widen(static_cast<const Half*>(from)[i]));
    case DType::bf16: return converted<C>(widen(static_cast<const BFloat16*>(from)[i]));
    case DType::i8: return static_cast<C>(static_cast<const int8_t*>(from)[i]);
    case DType::i16: return static_cast<C>(static_cast<const int16_t*>(from)[i]);
    case DType::i32: return static_cast<C>(static_cast<const int32_t*>(from)[i]);
    case DType::i64: return static_cast<C>(static_cast<const int64_t*>(from)[i]);
    case DType::u8: return static_cast<C>(static_cast<const uint8_t*>(from)[i]);
    case DType::u16: return static_cast<C>(static_cast<const uint16_t*>(from)[i]);
    case DType::u32: return static_cast<C>(static_cast<const uint32_t*>(from)[i]);
    case DType::u64: return static_cast<C>(static_cast<const uint64_t*>(from)[i]);
    case DType::boolean: return static_cast<C>(static_cast<const uint8_t*>(from)[i] != 0);
    case DType::f8_e4m3fn:
      return converted<C>(static_cast<float>(static_cast<const Float8_e4m3fn*>(from)[i]));
    case DType::f8_e5m2: return converted<C>(static_cast<float>(static_cast<const Float8_e5m2*>(from)[i]));
    case DType::f8_e4m3fnuz:
      return converted<C>(static_cast<float>(static_cast<const Float8_e4m3fnuz*>(from)[i]));
    case DType::f8_e5m2fnuz:
      return converted<C>(static_cast<float>(static_cast<const Float8_e5m2fnuz*>(from)[i]));
    case DType::f8_e8m0fnu:
      return converted<C>(static_cast<float>(static_cast<const Float8_e8m0fnu*>(from)[i]));
    default: return C(0);
  }
}

// The other way, rounded once.
template <class R>
__device__ SCONCE_OUT_OF_LINE void write(DType dtype, void* to, int64_t i, R v) {
  switch (dtype) {
    case DType::f64: static_cast<double*>(to)[i] = converted<double>(v); break;
    case DType::f32: static_cast<float*>(to)[i] = converted<float>(v); break;
    case DType::f16: static_cast<Half*>(to)[i] = converted<Half>(v); break;
    case DType::bf16: static_cast<BFloat16*>(to)[i] = converted<BFloat16>(v); break;
    case DType::i8: static_cast<int8_t*>(to)[i] = converted<int8_t>(v); break;
    case DType::i16: static_cast<int16_t*>(to)[i] = converted<int16_t>(v); break;
    case DType::i32: static_cast<int32_t*>(to)[i] = converted<int32_t>(v); break;
    case DType::i64: static_cast<int64_t*>(to)[i] = converted<int64_t>(v); break;
    case DType::u8: static_cast<uint8_t*>(to)[i] = converted<uint8_t>(v); break;
    case DType::u16: static_cast<uint16_t*>(to)[i] = converted<uint16_t>(v); break;
    case DType::u32: static_cast<uint32_t*>(to)[i] = converted<uint32_t>(v); break;
    case DType::u64: static_cast<uint64_t*>(to)[i] = converted<uint64_t>(v); break;
    case DType::boolean: static_cast<uint8_t*>(to)[i] = converted<bool>(v) ? 1 : 0; break;
    case DType::f8_e4m3fn: static_cast<Float8_e4m3fn*>(to)[i] = converted<Float8_e4m3fn>(v); break;
    case DType::f8_e5m2: static_cast<Float8_e5m2*>(to)[i] = converted<Float8_e5m2>(v); break;
    case DType::f8_e4m3fnuz: static_cast<Float8_e4m3fnuz*>(to)[i] = converted<Float8_e4m3fnuz>(v); break;
    case DType::f8_e5m2fnuz: static_cast<Float8_e5m2fnuz*>(to)[i] = converted<Float8_e5m2fnuz>(v); break;
    case DType::f8_e8m0fnu: static_cast<Float8_e8m0fnu*>(to)[i] = converted<Float8_e8m0fnu>(v); break;
    default: break;
  }
}

// A tensor's elements of a known type T, read as float (or double).
template <class T>
struct Typed {
  using Compute = std::conditional_t<std::is_same_v<T, double>, double, float>;
  const T* data;
  __device__ __forceinline__ Compute operator[](int64_t i) const { return widen(data[i]); }
};

// Of any real dtype, read in C.
template <class C>
struct Any {
  using Compute = C;
  const void* data;
  DType dtype;
  __device__ __forceinline__ C operator[](int64_t i) const { return read<C>(dtype, data, i); }
};

// Bytes that are only moved.
template <int Size>
struct alignas(Size) Bytes {
  unsigned char bytes[Size];
};

// 16 bytes of elements, moved at once.
template <class T>
struct alignas(16) Pack {
  static constexpr int count = 16 / sizeof(T);
  T v[count];
};

}  // namespace sconce::SCONCE_GPU
