// Order along strips.
#include <vector>

#include "cpu/cpu_backend.h"
#include "cpu/strips.h"

namespace sconce {
namespace {

template <class Key>
struct Keyed {
  Key key;
  int64_t index;
};

// NaN after every number; equal keys by index, so that the order is the stable one.
template <class Key>
bool ascends(const Keyed<Key>& a, const Keyed<Key>& b) {
  if (a.key < b.key || (b.key != b.key && a.key == a.key)) return true;
  if (b.key < a.key || (a.key != a.key && b.key == b.key)) return false;
  return a.index < b.index;
}

template <class Key>
bool descends(const Keyed<Key>& a, const Keyed<Key>& b) {
  if (b.key < a.key || (a.key != a.key && b.key == b.key)) return true;
  if (a.key < b.key || (b.key != b.key && a.key == a.key)) return false;
  return a.index < b.index;
}

template <class Key>
void sort_as(bool descending, int64_t k, const Tensor& x, const Strips& strips, Tensor& values,
             Tensor& indices) {
  const size_t size = size_of(x.dtype());
  for_strips(strips, [&](int64_t begin, int64_t end) {
    const size_t n = static_cast<size_t>(strips.length);
    std::vector<Key> keys(n);
    std::vector<Keyed<Key>> entries(n);
    for (int64_t i = begin; i < end; ++i) {
      const Strip from = strip_of(x, strips, strips.length, i);
      const Strip value = strip_of(values, strips, k, i), index = strip_of(indices, strips, k, i);
      load(from.dtype, from.data, from.stride, from.length, keys.data());
      for (size_t j = 0; j < n; ++j) entries[j] = {keys[j], static_cast<int64_t>(j)};
      std::partial_sort(entries.begin(), entries.begin() + k, entries.end(),
                        descending ? descends<Key> : ascends<Key>);
      for (int64_t j = 0; j < k; ++j) {
        const int64_t at = entries[static_cast<size_t>(j)].index;
        std::copy_n(from.at(at), size, value.at(j));
        *reinterpret_cast<int64_t*>(index.at(j)) = at;
      }
    }
  });
}

}  // namespace

void CpuBackend::sort(bool descending, int64_t k, const Tensor& x, const Strips& strips, Tensor& values,
                      Tensor& indices) {
  if (is_floating_point(x.dtype()))
    sort_as<double>(descending, k, x, strips, values, indices);
  else if (x.dtype() == DType::u64)
    sort_as<uint64_t>(descending, k, x, strips, values, indices);
  else
    sort_as<int64_t>(descending, k, x, strips, values, indices);
}

}  // namespace sconce
