// Elements of any dtype and layout, brought to the compute type a chunk at a time, and results taken back.
// So each kernel is one loop per compute type, whatever the dtypes around it.
#pragma once
#include <sconce/tensor.h>

#include <complex>
#include <memory>

namespace sconce {

inline constexpr int64_t chunk_length = 1024;
inline constexpr int64_t worth_a_thread = 1 << 15;  // elements

// out[i] = from[i * stride] in the compute type C: float, double, int64_t, uint64_t or complex<double>.
template <class C>
void load(DType dtype, const void* from, int64_t stride, int64_t n, C* out);

// to[i * stride] = from[i], rounded once to dtype. R may also be bool.
template <class R>
void store(const R* from, int64_t n, DType dtype, void* to, int64_t stride);

// Reads a tensor as if broadcast to `shape`, in row-major order.
template <class C>
class ChunkReader {
 public:
  ChunkReader(const Tensor& tensor, const Shape& shape);
  // Elements [start, start + n), n <= chunk_length; valid until the next call.
  const C* read(int64_t start, int64_t n);

 private:
  enum class Way { direct, constant, dense, strided };
  void gather(int64_t start, int64_t n);

  const char* base_;
  DType dtype_;
  int64_t size_;
  Way way_;
  Strides sizes_, strides_;  // of the strided way, coalesced
  std::unique_ptr<C[]> buffer_;
};

// Takes results in row-major order into a contiguous tensor.
template <class R>
class ChunkWriter {
 public:
  explicit ChunkWriter(Tensor& tensor);
  // Where to put elements [start, start + n); then call commit with the same arguments.
  R* at(int64_t start) { return direct_ ? reinterpret_cast<R*>(base_) + start : buffer_.get(); }
  void commit(int64_t start, int64_t n) {
    if (!direct_) store(buffer_.get(), n, dtype_, base_ + start * size_, 1);
  }

 private:
  char* base_;
  DType dtype_;
  int64_t size_;
  bool direct_;
  std::unique_ptr<R[]> buffer_;
};

}  // namespace sconce
