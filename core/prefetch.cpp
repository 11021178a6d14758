// Reading many storages at once: deferred ones are asked for, mapped ones touched.
#include <sconce/prefetch.h>
#include <sconce/quantized.h>
#include <sconce/sparse.h>
#include <sconce/threads.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <unordered_set>

namespace sconce {
namespace {

constexpr size_t page_bytes = 4096, most_bytes_touched = size_t{4} << 20;  // by one thread at a time
constexpr size_t bytes_worth_a_thread = size_t{1} << 20;

// One storage that somebody must ask for, or a piece of one whose pages are to be there.
struct PrefetchUnit {
  const Storage* storage;
  size_t begin = 0, end = 0;
};

std::vector<PrefetchUnit> prefetch_units(const std::vector<Tensor>& tensors) {
  std::vector<PrefetchUnit> units;
  std::unordered_set<const void*> seen;
  for (const Tensor& tensor : tensors) {
    if (!tensor.defined() || tensor.device() != cpu || tensor.numel() == 0) continue;
    const Storage& storage = tensor.storage();
    if (!seen.insert(storage.id()).second) continue;
    if (!storage.is_loaded()) {
      units.push_back({&storage});
      continue;
    }
    for (size_t at = 0; at < storage.nbytes(); at += most_bytes_touched)
      units.push_back({&storage, at, std::min(storage.nbytes(), at + most_bytes_touched)});
  }
  return units;
}

void read_unit(const PrefetchUnit& unit) {
  const auto* bytes = static_cast<const volatile unsigned char*>(unit.storage->data());
  for (size_t at = unit.begin; at < unit.end; at += page_bytes) (void)bytes[at];
}

}  // namespace

void prefetch(const std::vector<Tensor>& tensors) {
  const std::vector<PrefetchUnit> units = prefetch_units(tensors);
  // After a failure the units before it are still read: the first of all that fail is the one to tell of.
  std::atomic<size_t> failed{units.size()};
  std::vector<std::exception_ptr> errors(units.size());
  size_t total = 0;
  for (const PrefetchUnit& unit : units) total += unit.end ? unit.end - unit.begin : unit.storage->nbytes();
  parallel_each(units.size(), static_cast<int64_t>(1 + total / bytes_worth_a_thread), [&](size_t i) {
    if (i >= failed) return;
    try {
      read_unit(units[i]);
    } catch (...) {
      errors[i] = std::current_exception();
      for (size_t first = failed; i < first && !failed.compare_exchange_weak(first, i);) {
      }
    }
  });
  if (failed < units.size()) std::rethrow_exception(errors[failed]);
}

void prefetch(const StateDict& state) {
  std::vector<Tensor> tensors;
  for (const StateDict::Entry& entry : state) {
    switch (entry.value.kind()) {
      case Value::Kind::tensor: tensors.push_back(entry.value.as_tensor()); break;
      case Value::Kind::quantized: {
        const QuantizedTensor& q = entry.value.as_quantized();
        tensors.insert(tensors.end(), {q.values, q.scales, q.zero_points});
        break;
      }
      case Value::Kind::sparse: {
        const SparseTensor& s = entry.value.as_sparse();
        tensors.insert(tensors.end(), {s.values, s.indices, s.compressed, s.plain});
        break;
      }
      default: break;
    }
  }
  prefetch(tensors);
}

}  // namespace sconce
