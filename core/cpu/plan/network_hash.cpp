#include "cpu/plan/network_hash.h"

#include "cpu/plan/packed_file.h"

namespace sconce::plan {

uint64_t network_hash(const Graph& graph, const PrepareOptions& options) {
  const std::string text = concat(graph.str(), options.winograd, options.max_pack_ratio, options.optimize,
                                  name_of(options.precision));
  uint64_t hash = checksum(text.data(), text.size());
  for (const Graph::ValueInfo& value : graph.values) {
    if (!value.constant.defined()) continue;
    const Tensor dense = value.constant.contiguous();
    hash = checksum(dense.data(), static_cast<size_t>(dense.nbytes()), hash);
  }
  return hash;
}

}  // namespace sconce::plan
