// The GPU's kernels, one ops/<family>.cu each. A class for each target: gpu_real::CudaBackend and gpu_sim::CudaBackend.
#pragma once
#include <sconce/backend.h>
#include <sconce/tensor.h>

#include "device/device.h"

namespace sconce::SCONCE_GPU {

class CudaBackend final : public Backend {
 public:
  explicit CudaBackend(Device::Type type) : type_(type) {}

  std::shared_ptr<void> allocate(size_t nbytes, int device_index) override;
  void copy(const Tensor& source, Tensor& target) override;

  void matmul(const MatmulArgs& args) override;
  void conv2d(const ConvArgs& args) override;
  void unary(UnaryOp op, const Tensor& x, Tensor& out, const Scalar& a, const Scalar& b) override;
  void binary(BinaryOp op, const Tensor& a, const Tensor& b, Tensor& out, DType common,
              const Scalar& alpha) override;

  void max_pool2d(const MaxPoolArgs& args) override;
  void avg_pool2d(const AvgPoolArgs& args) override;
  void adaptive_pool2d(const AdaptivePoolArgs& args) override;

  void batch_norm(const BatchNormArgs& args) override;
  void row_norm(const RowNormArgs& args) override;
  void upsample2d(const UpsampleArgs& args) override;

  void compare(CompareOp op, const Tensor& a, const Tensor& b, Tensor& out) override;
  void index_select(const Tensor& source, int64_t d, const Tensor& index, Tensor& out) override;
  void gather(const Tensor& source, int64_t d, const Tensor& index, Tensor& out) override;
  void masked_copy(const Tensor& mask, const Tensor& source, Tensor& target) override;
  void reduce(ReduceOp op, const Tensor& x, const Strips& strips, Tensor& out, double parameter) override;
  void arg_reduce(bool largest, const Tensor& x, const Strips& strips, Tensor* values,
                  Tensor& indices) override;
  void scan(ScanOp op, const Tensor& x, const Strips& strips, Tensor& out) override;
  void softmax(bool logarithm, const Tensor& x, const Strips& strips, Tensor& out) override;
  void sort(bool descending, int64_t k, const Tensor& x, const Strips& strips, Tensor& values,
            Tensor& indices) override;
  void pad(PadMode mode, const Tensor& x, const std::vector<int64_t>& before, Tensor& out) override;

 private:
  Device::Type type_;
};

}  // namespace sconce::SCONCE_GPU
