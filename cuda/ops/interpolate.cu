// Resampling on the GPU.
#include "kernels/interpolate.cuh"

#include <sconce/kernel_args.h>
#include <sconce/kernels/resample.h>
#include <sconce/ops/create.h>

#include "ops/cuda_backend.h"
#include "ops/launching.h"

namespace sconce::SCONCE_GPU {
namespace {

template <class T>
Tensor to_device(const std::vector<T>& values, Device device) {
  Tensor there = empty({static_cast<int64_t>(values.size())}, dtype_of<T>, device);
  copy_in(device.index, there.mutable_data(), values.data(), values.size() * sizeof(T));
  return there;
}

// One axis' table on the device, with what keeps it alive.
template <class W>
struct DeviceTaps {
  Tensor first, count, weights;
  TapTable<W> table;

  DeviceTaps(const kernels::Taps& taps, Device device)
      : first(to_device(taps.first, device)), count(to_device(taps.count, device)) {
    int precision = 0;
    if constexpr (std::is_integral_v<W>) {
      precision = kernels::fixed_precision(taps);
      weights = to_device(kernels::fixed_weights(taps, precision), device);
    } else {
      weights = to_device(std::vector<W>(taps.weights.begin(), taps.weights.end()), device);
    }
    table = {static_cast<const int64_t*>(first.data()), static_cast<const int64_t*>(count.data()),
             static_cast<const W*>(weights.data()), taps.width, precision};
  }
};

}  // namespace

void CudaBackend::upsample2d(const UpsampleArgs& a) {
  const Device device = a.out.device();
  const cudaStream_t stream = stream_of(device.index);
  const ResampleShape s{a.out.size(0) * a.out.size(1), a.input.size(2), a.input.size(3), a.out.size(2),
                        a.out.size(3)};
  if (a.mode != Resampling::bilinear) {
    const bool exact = a.mode == Resampling::nearest_exact, wide = a.input.dtype() == DType::f64;
    const auto indices = [&](int64_t in, int64_t out, double scale) {
      return to_device(wide ? kernels::nearest_indices<double>(in, out, scale, exact)
                            : kernels::nearest_indices<float>(in, out, scale, exact),
                       device);
    };
    const Tensor rows = indices(s.h, s.oh, a.scales[0]), columns = indices(s.w, s.ow, a.scales[1]);
    with_element_bytes(size_of(a.out.dtype()), [&]<class B>() {
      launch("resample_nearest", stream, resample_nearest<B>, grid_for(a.out.numel()), dim3(block_size), 0, s,
             static_cast<const B*>(a.input.data()), static_cast<const int64_t*>(rows.data()),
             static_cast<const int64_t*>(columns.data()), static_cast<B*>(a.out.mutable_data()));
    });
    return;
  }
  const auto taps = a.antialias ? kernels::antialias_taps : kernels::linear_taps;
  const kernels::Taps down = taps(s.h, s.oh, a.scales[0], a.align_corners),
                      across = taps(s.w, s.ow, a.scales[1], a.align_corners);
  const auto run = [&]<class T, class W>() {
    const DeviceTaps<W> vertical(down, device), horizontal(across, device);
    launch("resample_linear", stream, resample_linear<T, W>, grid_for(a.out.numel()), dim3(block_size), 0, s,
           static_cast<const T*>(a.input.data()), vertical.table, horizontal.table,
           static_cast<T*>(a.out.mutable_data()));
  };
  if (a.input.dtype() == DType::u8) return run.template operator()<uint8_t, int32_t>();
  with_network_type("upsample2d", a.input,
                    [&]<class T>() { run.template operator()<T, typename Typed<T>::Compute>(); });
}

}  // namespace sconce::SCONCE_GPU
