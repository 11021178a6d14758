// Arguments of nodes as the operators take them.
#pragma once
#include <sconce/prepare.h>

#include <optional>
#include <vector>

#include "cpu/isa/activation.h"
#include "cpu/isa/gemm.h"
#include "graph/node_arguments.h"
#include "graph/passes/fused.h"
#include "graph/uses.h"

namespace sconce::plan {

// The activation of that name.
std::optional<isa::Activation> activation_named(const std::string& name);
// The one that a pass has put behind the node, or none.
isa::Activation activation_behind(const Node& node);

// How products keep their weights.
isa::Stored stored_of(Precision precision);

// A convolution's numbers for height and width (1-d: height 1) and, for 3-d, depth.
struct ConvolutionArguments {
  int64_t kernel[3] = {1, 1, 1}, stride[3] = {1, 1, 1}, pad[3] = {0, 0, 0},
          dilation[3] = {1, 1, 1};  // depth, height, width
  int64_t groups = 1;
  bool transposed = false;
};
ConvolutionArguments convolution_arguments(const Graph& graph, const Node& node);

// A node's weight_scale and bias; empty where it has none.
struct FoldedWeights {
  std::vector<double> scale, bias;
  const double* scale_data() const { return scale.empty() ? nullptr : scale.data(); }
  const double* bias_data() const { return bias.empty() ? nullptr : bias.data(); }
};
FoldedWeights folded_weights(const Graph& graph, const Node& node);

}  // namespace sconce::plan
