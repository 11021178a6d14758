// What a device kind must do. The ops check, infer shapes and allocate; a backend only computes.
#pragma once
#include <sconce/device.h>
#include <sconce/kernels/op_codes.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace sconce {

class Scalar;
class Tensor;
struct MatmulArgs;  // these in <sconce/kernel_args.h>
struct ConvArgs;
struct AttentionArgs;
struct MaxPoolArgs;
struct AvgPoolArgs;
struct AdaptivePoolArgs;
struct BatchNormArgs;
struct RowNormArgs;
struct UpsampleArgs;
enum class DType : uint8_t;

// One pure virtual per kernel family, so that a backend that lacks one does not compile. Kernels receive valid tensors of
// their device, neither check nor allocate results, and see strides only where that is said.
class Backend {
 public:
  virtual ~Backend() = default;

  // `nbytes` uninitialised bytes, 64-byte aligned (0 bytes: any pointer). Throws ErrorKind::out_of_budget.
  virtual std::shared_ptr<void> allocate(size_t nbytes, int device_index) = 0;
  // Copies `source` into `target`: equal shapes, any strides on both sides, any numeric dtypes (PyTorch's casts), or equal
  // non-numeric dtypes.
  virtual void copy(const Tensor& source, Tensor& target) = 0;

  // Products of matrices, for f64 f32 f16 bf16, integers (modulo 2^bits) and complex64/128.
  virtual void matmul(const MatmulArgs& args) = 0;
  // Convolutions, for the same dtypes.
  virtual void conv2d(const ConvArgs& args) = 0;
  // Attention in one pass. False where there is no kernel for what the arguments are: then it is put together from products.
  virtual bool attention(const AttentionArgs&) { return false; }

  // Elementwise (formulas in <sconce/kernels/unary.h> and binary.h). Operands may have any strides, `out` is contiguous and not
  // empty; the kernel computes in the compute_dtype() and rounds once to out's dtype.
  // x has out's shape. A floating out with an integer x computes in out's type.
  virtual void unary(UnaryOp op, const Tensor& x, Tensor& out, const Scalar& a, const Scalar& b) = 0;
  // a and b broadcast to out's shape; both are read in the compute type of `common`.
  virtual void binary(BinaryOp op, const Tensor& a, const Tensor& b, Tensor& out, DType common,
                      const Scalar& alpha) = 0;

  // Pooling: max for real dtypes but boolean; avg for f64 f32 f16 bf16 i64; adaptive for f64 f32 f16 bf16.
  virtual void max_pool2d(const MaxPoolArgs& args) = 0;
  virtual void avg_pool2d(const AvgPoolArgs& args) = 0;
  virtual void adaptive_pool2d(const AdaptivePoolArgs& args) = 0;

  virtual void batch_norm(const BatchNormArgs& args) = 0;
  virtual void row_norm(const RowNormArgs& args) = 0;
  virtual void upsample2d(const UpsampleArgs& args) = 0;

  // a and b are of one dtype, have any strides and broadcast to out's shape; out is boolean, contiguous and not empty. Complex
  // numbers only compare for equality.
  virtual void compare(CompareOp op, const Tensor& a, const Tensor& b, Tensor& out) = 0;

  // Moving elements of any dtype; nothing is empty.
  // out[.., i, ..] = source[.., index[i], ..] along d: all contiguous, i64 indices within range.
  virtual void index_select(const Tensor& source, int64_t d, const Tensor& index, Tensor& out) = 0;
  // out[.., i, ..] = source[.., index[.., i, ..], ..] along d: all contiguous, out of index's shape, i64 within range.
  virtual void gather(const Tensor& source, int64_t d, const Tensor& index, Tensor& out) = 0;
  // target = source where the mask (boolean or u8) is not 0: equal shapes, any strides, equal dtypes.
  virtual void masked_copy(const Tensor& mask, const Tensor& source, Tensor& target) = 0;
  // Along strips of a contiguous x; results are contiguous, one element or one strip for each of x's.
  virtual void reduce(ReduceOp op, const Tensor& x, const Strips& strips, Tensor& out, double parameter) = 0;
  // The first largest (smallest) element of each strip, NaN before all: its index, and its value unless `values` is null.
  virtual void arg_reduce(bool largest, const Tensor& x, const Strips& strips, Tensor* values,
                          Tensor& indices) = 0;
  virtual void scan(ScanOp op, const Tensor& x, const Strips& strips, Tensor& out) = 0;
  virtual void softmax(bool logarithm, const Tensor& x, const Strips& strips, Tensor& out) = 0;
  // The first k elements of each strip in ascending or descending order, NaN as the largest, equals by index.
  virtual void sort(bool descending, int64_t k, const Tensor& x, const Strips& strips, Tensor& values,
                    Tensor& indices) = 0;
  // x, contiguous and of any dtype, with before[d] elements more (less, when negative) in front of dimension d and as many
  // behind as out has room for.
  virtual void pad(PadMode mode, const Tensor& x, const std::vector<int64_t>& before, Tensor& out) = 0;
};

// The backend of the CPU.
Backend& cpu_backend();
// The CUDA backend, or null in a build without CUDA or on a machine without a device. Defined in cuda/, as the next three.
Backend* cuda_backend();
// The devices of the CUDA backend by their indices, as "NVIDIA H100 80GB HBM3, compute capability 9.0, 79.1 GiB".
std::vector<std::string> cuda_devices();
// Why cuda_backend() is null, in a few words; empty when it is not.
std::string cuda_absence();
// The same kernels on a GPU that is acted out on the CPU, or null in a build without it (SCONCE_CUDA_SIM=OFF).
Backend* cuda_sim_backend();
// The backend of a device. Throws ErrorKind::device when there is none (always for meta).
Backend& backend_of(Device device);

}  // namespace sconce
