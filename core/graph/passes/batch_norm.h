// What a batch norm multiplies by and adds.
#pragma once
#include <sconce/graph.h>

#include <optional>
#include <vector>

namespace sconce {

struct Affine {
  std::vector<double> scale, shift;  // of each channel
};

// In double precision, of an f32 node whose statistics and parameters are constants; nullopt of all else.
std::optional<Affine> batch_norm_affine(const Graph& graph, const Node& node);

}  // namespace sconce
