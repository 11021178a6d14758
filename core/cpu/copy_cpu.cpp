// Strided copies and casts.
#include <sconce/tensor.h>

#include <cstring>

#include "cpu/cast.h"
#include "cpu/cpu_backend.h"
#include "cpu/strided.h"

namespace sconce {
namespace {

template <class To, class From>
To convert(const From& value) {
  if constexpr (std::is_same_v<To, From>)
    return value;
  else
    return cast_to<To>(value);
}

template <class To, class From>
void copy_rows(const std::vector<Step<2>>& steps, const void* source, void* target) {
  const int64_t count = steps[0].count;
  const auto [to_step, from_step] = steps[0].strides;
  for_each_row(steps, [=, to_step = to_step, from_step = from_step](const std::array<int64_t, 2>& offsets) {
    To* to = static_cast<To*>(target) + offsets[0];
    const From* from = static_cast<const From*>(source) + offsets[1];
    if (to_step == 1 && from_step == 1) {
      if constexpr (std::is_same_v<To, From>)
        std::memcpy(to, from, static_cast<size_t>(count) * sizeof(To));
      else
        for (int64_t i = 0; i < count; ++i) to[i] = convert<To>(from[i]);
    } else if (to_step == 1 && from_step == 0) {
      const To value = convert<To>(*from);
      std::fill_n(to, count, value);
    } else {
      for (int64_t i = 0; i < count; ++i) to[i * to_step] = convert<To>(from[i * from_step]);
    }
  });
}

}  // namespace

void CpuBackend::copy(const Tensor& source, Tensor& target) {
  const auto steps = merged_steps<2>(target.shape(), {&target.strides(), &source.strides()});
  const void* from = source.data();
  void* to = target.mutable_data();
  if (source.dtype() == target.dtype())
    return with_bytes(size_of(source.dtype()), [&]<class T>() { copy_rows<T, T>(steps, from, to); });
  with_type("copy", source.dtype(), [&]<class From>() {
    with_type("copy", target.dtype(), [&]<class To>() {
      if constexpr (!std::is_same_v<To, From>) copy_rows<To, From>(steps, from, to);
    });
  });
}

}  // namespace sconce
