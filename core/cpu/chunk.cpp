#include "cpu/chunk.h"

#include <algorithm>

#include "cpu/cast.h"

namespace sconce {
namespace {

template <class To, class From>
To convert(From value) {
  if constexpr (std::is_same_v<From, bool> && std::is_integral_v<To>)
    return static_cast<To>(value);
  else
    return cast_to<To>(value);
}

// Real compute types meet complex elements only by mistake; that pair is not compiled.
template <class A, class B>
inline constexpr bool compatible = is_complex_type<A> || !is_complex_type<B>;

template <class C, class T>
void load_as(const T* from, int64_t stride, int64_t n, C* out) {
  if (stride == 1)
    for (int64_t i = 0; i < n; ++i) out[i] = convert<C>(from[i]);
  else if (stride == 0)
    std::fill_n(out, n, convert<C>(*from));
  else
    for (int64_t i = 0; i < n; ++i) out[i] = convert<C>(from[i * stride]);
}

template <class C>
std::unique_ptr<C[]> chunk_buffer(int64_t numel) {
  return std::make_unique_for_overwrite<C[]>(static_cast<size_t>(std::min(chunk_length, numel)));
}

}  // namespace

template <class C>
void load(DType dtype, const void* from, int64_t stride, int64_t n, C* out) {
  with_type("load", dtype, [&]<class T>() {
    if constexpr (compatible<C, T>)
      load_as(static_cast<const T*>(from), stride, n, out);
    else
      fail_dtype("load", dtype);
  });
}

template <class R>
void store(const R* from, int64_t n, DType dtype, void* to, int64_t stride) {
  with_type("store", dtype, [&]<class T>() {
    if constexpr (compatible<T, R>) {
      T* out = static_cast<T*>(to);
      if (stride == 1)
        for (int64_t i = 0; i < n; ++i) out[i] = convert<T>(from[i]);
      else
        for (int64_t i = 0; i < n; ++i) out[i * stride] = convert<T>(from[i]);
    } else {
      fail_dtype("store", dtype);
    }
  });
}

template <class C>
ChunkReader<C>::ChunkReader(const Tensor& tensor, const Shape& shape)
    : base_(static_cast<const char*>(tensor.data())),
      dtype_(tensor.dtype()),
      size_(static_cast<int64_t>(size_of(dtype_))) {
  if (shape.numel() == 0) {
    way_ = Way::direct;
    return;
  }
  if (tensor.numel() == 1) {
    way_ = Way::constant;
    buffer_ = chunk_buffer<C>(shape.numel());
    load(dtype_, base_, 0, std::min(chunk_length, shape.numel()), buffer_.get());
    return;
  }
  if (tensor.is_contiguous() && tensor.numel() == shape.numel()) {
    way_ = dtype_ == dtype_of<C> ? Way::direct : Way::dense;
    if (way_ == Way::dense) buffer_ = chunk_buffer<C>(shape.numel());
    return;
  }
  way_ = Way::strided;
  buffer_ = chunk_buffer<C>(shape.numel());
  const int64_t missing = shape.dim() - tensor.dim();
  for (int64_t d = 0; d < shape.dim(); ++d) {
    if (shape[d] == 1) continue;
    const int64_t stride = d < missing || tensor.size(d - missing) == 1 ? 0 : tensor.stride(d - missing);
    if (!sizes_.empty() && strides_.back() == stride * shape[d]) {  // continues the previous dimension
      sizes_.back() *= shape[d];
      strides_.back() = stride;
    } else {
      sizes_.push_back(shape[d]);
      strides_.push_back(stride);
    }
  }
}

template <class C>
const C* ChunkReader<C>::read(int64_t start, int64_t n) {
  switch (way_) {
    case Way::direct: return reinterpret_cast<const C*>(base_) + start;
    case Way::constant: break;
    case Way::dense: load(dtype_, base_ + start * size_, 1, n, buffer_.get()); break;
    case Way::strided: gather(start, n); break;
  }
  return buffer_.get();
}

// Fills the buffer run by run along the innermost dimension.
template <class C>
void ChunkReader<C>::gather(int64_t start, int64_t n) {
  const int64_t inner = sizes_.back(), inner_stride = strides_.back();
  int64_t row = start / inner, column = start % inner;
  for (int64_t done = 0; done < n; ++row, column = 0) {
    int64_t offset = column * inner_stride, rest = row;
    for (size_t d = sizes_.size() - 1; d-- > 0; rest /= sizes_[d]) offset += rest % sizes_[d] * strides_[d];
    const int64_t run = std::min(n - done, inner - column);
    load(dtype_, base_ + offset * size_, inner_stride, run, buffer_.get() + done);
    done += run;
  }
}

template <class R>
ChunkWriter<R>::ChunkWriter(Tensor& tensor)
    : base_(static_cast<char*>(tensor.mutable_data())),
      dtype_(tensor.dtype()),
      size_(static_cast<int64_t>(size_of(dtype_))),
      direct_(dtype_ == dtype_of<R>) {
  if (!direct_) buffer_ = chunk_buffer<R>(tensor.numel());
}

template void load(DType, const void*, int64_t, int64_t, float*);
template class ChunkReader<float>;
template void load(DType, const void*, int64_t, int64_t, double*);
template class ChunkReader<double>;
template void load(DType, const void*, int64_t, int64_t, int64_t*);
template class ChunkReader<int64_t>;
template void load(DType, const void*, int64_t, int64_t, uint64_t*);
template class ChunkReader<uint64_t>;
template void load(DType, const void*, int64_t, int64_t, std::complex<double>*);
template class ChunkReader<std::complex<double>>;

template void store(const bool*, int64_t, DType, void*, int64_t);
template class ChunkWriter<bool>;
template void store(const float*, int64_t, DType, void*, int64_t);
template class ChunkWriter<float>;
template void store(const double*, int64_t, DType, void*, int64_t);
template class ChunkWriter<double>;
template void store(const int64_t*, int64_t, DType, void*, int64_t);
template class ChunkWriter<int64_t>;
template void store(const uint64_t*, int64_t, DType, void*, int64_t);
template class ChunkWriter<uint64_t>;
template void store(const std::complex<double>*, int64_t, DType, void*, int64_t);
template class ChunkWriter<std::complex<double>>;

}  // namespace sconce
