// Strided copies and casts.
#include <sconce/tensor.h>

#include <cstring>

#include "cpu/cast.h"
#include "cpu/chunk.h"
#include "cpu/cpu_backend.h"
#include "cpu/isa/vision.h"
#include "cpu/isa_choice.h"
#include "cpu/strided.h"

namespace sconce {
namespace {

template <class T>
void move_row(const T* from, int64_t from_step, T* to, int64_t to_step, int64_t count) {
  if (from_step == 1 && to_step == 1)
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof(T));
  else if (from_step == 0 && to_step == 1)
    std::fill_n(to, count, *from);
  else
    for (int64_t i = 0; i < count; ++i) to[i * to_step] = from[i * from_step];
}

// Elements of 4 bytes whose neighbours in the target are far apart in the source, where the neighbours in the source are those of another
// dimension: a transpose, block by block. False where they lie otherwise.
bool turn(const std::vector<Step<2>>& steps, const float* from, float* to) {
  const auto& inner = steps[0];
  if (inner.strides[0] != 1 || inner.strides[1] == 1 || inner.count < 4) return false;
  size_t across = 1;
  while (across < steps.size() && steps[across].strides[1] != 1) ++across;
  if (across == steps.size() || steps[across].count < 4) return false;
  const auto [count, strides] = steps[across];
  std::vector<Step<2>> outer{{1, {}}};
  for (size_t i = 1; i < steps.size(); ++i)
    if (i != across) outer.push_back(steps[i]);
  const auto kernel = sconce::best_kernels().vision->rows_to_planes;
  for_each_row(outer, [&, count = count, strides = strides](const std::array<int64_t, 2>& offsets) {
    kernel(from + offsets[1], inner.strides[1], inner.count, count, to + offsets[0], strides[0]);
  });
  return true;
}

bool has_one_nan_dtype(DType dtype) {
  return dtype == DType::f8_e4m3fnuz || dtype == DType::f8_e5m2fnuz || dtype == DType::f8_e8m0fnu;
}

// Complex numbers to real ones: true is any that is not 0, and of the others the real part is taken.
void store_real(const std::complex<double>* values, int64_t n, DType dtype, char* to, int64_t to_step) {
  if (dtype == DType::boolean) {
    bool truth[chunk_length];
    std::transform(values, values + n, truth, [](auto v) { return v != 0.0; });
    store(truth, n, dtype, to, to_step);
  } else {
    double real[chunk_length];
    std::transform(values, values + n, real, [](auto v) { return v.real(); });
    store(real, n, dtype, to, to_step);
  }
}

// By way of C, which holds every value of the source's dtype: one loop a dtype instead of one a pair of them.
template <class C>
void cast_row(DType from_dtype, const char* from, int64_t from_step, DType to_dtype, char* to,
              int64_t to_step, int64_t count) {
  const auto from_size = static_cast<int64_t>(size_of(from_dtype));
  const auto to_size = static_cast<int64_t>(size_of(to_dtype));
  const bool direct = from_dtype == dtype_of<C> && from_step == 1;
  C buffer[chunk_length];
  for (int64_t done = 0; done < count; done += chunk_length) {
    const int64_t n = std::min(chunk_length, count - done);
    const char* source = from + done * from_step * from_size;
    const C* values = direct ? reinterpret_cast<const C*>(source) : buffer;
    if (!direct) load(from_dtype, source, from_step, n, buffer);
    char* target = to + done * to_step * to_size;
    if constexpr (std::is_same_v<C, float>)  // see cast_to
      if (has_one_nan_dtype(from_dtype) && is_integral(to_dtype))
        std::replace_if(
            buffer, buffer + n, [](float v) { return v != v; }, 0.0F);
    if constexpr (std::is_same_v<C, std::complex<double>>)
      if (!is_complex(to_dtype)) {
        store_real(values, n, to_dtype, target, to_step);
        continue;
      }
    store(values, n, to_dtype, target, to_step);
  }
}

auto cast_row_from(DType dtype) {
  if (is_complex(dtype)) return &cast_row<std::complex<double>>;
  if (dtype == DType::f64) return &cast_row<double>;
  if (is_floating_point(dtype)) return &cast_row<float>;
  return dtype == DType::u64 ? &cast_row<uint64_t> : &cast_row<int64_t>;
}

}  // namespace

void CpuBackend::copy(const Tensor& source, Tensor& target) {
  const auto steps = merged_steps<2>(target.shape(), {&target.strides(), &source.strides()});
  const int64_t count = steps[0].count;
  const auto [to_step, from_step] = steps[0].strides;
  const auto* from = static_cast<const char*>(source.data());
  auto* to = static_cast<char*>(target.mutable_data());
  if (source.dtype() == target.dtype() && size_of(source.dtype()) == 4 &&
      turn(steps, reinterpret_cast<const float*>(from), reinterpret_cast<float*>(to)))
    return;
  if (source.dtype() == target.dtype())
    return with_bytes(size_of(source.dtype()), [&, to_step = to_step, from_step = from_step]<class T>() {
      for_each_row(steps, [&](const std::array<int64_t, 2>& offsets) {
        move_row(reinterpret_cast<const T*>(from) + offsets[1], from_step,
                 reinterpret_cast<T*>(to) + offsets[0], to_step, count);
      });
    });
  // Asked once for both, since storing cannot refuse a dtype that loading takes.
  for (const DType dtype : {source.dtype(), target.dtype()}) with_type("copy", dtype, []<class T>() {});
  const auto from_size = static_cast<int64_t>(size_of(source.dtype()));
  const auto to_size = static_cast<int64_t>(size_of(target.dtype()));
  const auto cast = cast_row_from(source.dtype());
  for_each_row(steps, [&, to_step = to_step, from_step = from_step](const std::array<int64_t, 2>& offsets) {
    cast(source.dtype(), from + offsets[1] * from_size, from_step, target.dtype(), to + offsets[0] * to_size,
         to_step, count);
  });
}

}  // namespace sconce
