// Copies on the GPU, to it and from it.
#include "kernels/copy.cuh"

#include <sconce/ops/create.h>

#include "ops/cuda_backend.h"
#include "ops/launching.h"

namespace sconce::SCONCE_GPU {
namespace {

bool has_one_nan(DType dtype) {
  return dtype == DType::f8_e4m3fnuz || dtype == DType::f8_e5m2fnuz || dtype == DType::f8_e8m0fnu;
}

// [.., r, c] from [.., c, r] as it lies in memory: the last two dimensions changed places, everything else is dense.
struct Transposed {
  int64_t planes, rows, columns;  // of the source in memory
};
bool is_transposed(const Layout<2>& l, Transposed& t) {
  if (l.rank < 2 || l.rank > 3 || l.stride[0][0] != 1 || l.stride[1][1] != 1) return false;
  const int64_t inner = l.extent[0], outer = l.extent[1];  // of the target
  if (l.stride[0][1] != inner || l.stride[1][0] != outer || inner < 8 || outer < 8) return false;
  if (l.rank == 3 && (l.stride[0][2] != inner * outer || l.stride[1][2] != inner * outer)) return false;
  t = {l.rank == 3 ? l.extent[2] : 1, inner, outer};
  return true;
}

void copy_here(const Tensor& source, Tensor& target) {
  const cudaStream_t stream = stream_of(target.device().index);
  const auto layout = layout_of<2>("copy", target.shape(), {target.strides(), source.strides()});
  const DType from = source.dtype(), to = target.dtype();
  if (from == to) {
    const size_t size = size_of(from);
    const bool dense =
        layout.rank == 0 || (layout.rank == 1 && layout.stride[0][0] == 1 && layout.stride[1][0] == 1);
    if (dense)
      return copy_within(target.device().index, target.mutable_data(), source.data(),
                         static_cast<size_t>(layout.numel) * size);
    with_element_bytes(size, [&]<class B>() {
      const auto* read_from = static_cast<const B*>(source.data());
      auto* write_to = static_cast<B*>(target.mutable_data());
      Transposed t{};
      if (is_transposed(layout, t) && t.planes * ((t.rows + 31) / 32) <= INT32_MAX)
        launch("transpose_tiles", stream, transpose_tiles<B>,
               dim3(static_cast<unsigned>(t.planes * ((t.rows + 31) / 32)),
                    static_cast<unsigned>(std::min<int64_t>((t.columns + 31) / 32, 1024))),
               dim3(256), sizeof(TransposeShared<B>), read_from, write_to, t.rows, t.columns);
      else
        launch("copy_strided", stream, copy_strided<B>, grid_for(layout.numel), dim3(block_size), 0, layout,
               read_from, write_to);
    });
    return;
  }
  check_real("copy", source), check_real("copy", target);
  const auto cast = [&](auto kernel, bool nan_is_zero) {
    launch("cast_strided", stream, kernel, grid_for(layout.numel), dim3(block_size), 0, layout, from,
           source.data(), to, target.mutable_data(), nan_is_zero);
  };
  if (from == DType::f64) return cast(cast_strided<double>, false);
  if (is_floating_point(from)) return cast(cast_strided<float>, has_one_nan(from) && is_integral(to));
  if (from == DType::u64) return cast(cast_strided<uint64_t>, false);
  cast(cast_strided<int64_t>, false);
}

// Dense and of the target's dtype, where it is.
Tensor made_ready(const Tensor& source, DType dtype) { return source.to(dtype).contiguous(); }

}  // namespace

std::shared_ptr<void> CudaBackend::allocate(size_t nbytes, int device_index) {
  return allocate_on(device_index, nbytes);
}

void CudaBackend::copy(const Tensor& source, Tensor& target) {
  if (source.device() == target.device()) return copy_here(source, target);
  const auto bytes = static_cast<size_t>(target.nbytes());
  if (source.device() == cpu) {
    const Tensor ready = made_ready(source, target.dtype());
    if (target.is_contiguous())
      return copy_in(target.device().index, target.mutable_data(), ready.data(), bytes);
    Tensor there = empty(target.shape(), target.dtype(), target.device());
    copy_in(target.device().index, there.mutable_data(), ready.data(), bytes);
    return copy_here(there, target);
  }
  const Tensor ready = made_ready(source, target.dtype());
  if (target.device() == cpu && target.is_contiguous())
    return copy_out(source.device().index, target.mutable_data(), ready.data(), bytes);
  Tensor here = empty(target.shape(), target.dtype());
  copy_out(source.device().index, here.mutable_data(), ready.data(), bytes);
  if (target.device() == cpu)
    cpu_backend().copy(here, target);
  else
    backend_of(target.device()).copy(here, target);
}

void CudaBackend::index_select(const Tensor& source, int64_t d, const Tensor& index, Tensor& out) {
  int64_t outer = 1, n = 1, inner = 1;
  for (int64_t i = 0; i < source.dim(); ++i) (i < d ? outer : i == d ? n : inner) *= source.size(i);
  const cudaStream_t stream = stream_of(out.device().index);
  with_element_bytes(size_of(out.dtype()), [&]<class B>() {
    launch("select_rows", stream, select_rows<B>, grid_for(out.numel()), dim3(block_size), 0,
           static_cast<const B*>(source.data()), static_cast<const int64_t*>(index.data()),
           static_cast<B*>(out.mutable_data()), outer, n, index.numel(), inner);
  });
}

void CudaBackend::gather(const Tensor& source, int64_t d, const Tensor& index, Tensor& out) {
  Strides strides = source.strides();
  const int64_t step = strides.empty() ? 0 : strides[static_cast<size_t>(d)];
  strides.resize(index.strides().size(), 0);
  if (!strides.empty()) strides[static_cast<size_t>(d)] = 0;
  const auto layout = layout_of<2>("gather", index.shape(), {index.strides(), strides});
  const cudaStream_t stream = stream_of(out.device().index);
  with_element_bytes(size_of(out.dtype()), [&]<class B>() {
    launch("gather_elements", stream, gather_elements<B>, grid_for(layout.numel), dim3(block_size), 0, layout,
           static_cast<const B*>(source.data()), static_cast<const int64_t*>(index.data()),
           static_cast<B*>(out.mutable_data()), step);
  });
}

void CudaBackend::masked_copy(const Tensor& mask, const Tensor& source, Tensor& target) {
  const auto layout =
      layout_of<3>("masked_copy", target.shape(), {target.strides(), source.strides(), mask.strides()});
  const cudaStream_t stream = stream_of(target.device().index);
  with_element_bytes(size_of(target.dtype()), [&]<class B>() {
    launch("copy_where", stream, copy_where<B>, grid_for(layout.numel), dim3(block_size), 0, layout,
           static_cast<const uint8_t*>(mask.data()), static_cast<const B*>(source.data()),
           static_cast<B*>(target.mutable_data()));
  });
}

void CudaBackend::pad(PadMode mode, const Tensor& x, const std::vector<int64_t>& before, Tensor& out) {
  if (out.dim() == 0) return;  // a scalar has no side to pad
  check(out.dim() <= max_rank, "[pad] more than ", max_rank,
        " dimensions are not there on cuda yet, got shape ", out.shape());
  PadShape shape{static_cast<int>(out.dim()), out.numel(), {}, {}, {}, {}};
  for (int64_t d = 0; d < out.dim(); ++d) {
    const int64_t at = out.dim() - 1 - d;
    shape.out[d] = out.size(at), shape.in[d] = x.size(at);
    shape.before[d] = before[static_cast<size_t>(at)], shape.stride[d] = x.stride(at);
  }
  const cudaStream_t stream = stream_of(out.device().index);
  with_element_bytes(size_of(out.dtype()), [&]<class B>() {
    launch("pad_elements", stream, pad_elements<B>, grid_for(out.numel()), dim3(block_size), 0, shape, mode,
           static_cast<const B*>(x.data()), static_cast<B*>(out.mutable_data()));
  });
}

}  // namespace sconce::SCONCE_GPU
