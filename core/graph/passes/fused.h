// What passes add to a node: work on its input before, and on its result after.
#pragma once
#include <sconce/graph.h>

#include <functional>
#include <string>

namespace sconce {

// A convolution or linear node (aten.conv2d.default, aten.linear.default, ...) may carry, behind ATen's own arguments,
//   pre_scale, pre_shift   tensors [C]: the input is first multiplied and moved by channel,
//   pre_activation         str: then this activation is applied to it,
//   gate                   tensor [N, C, 1, 1]: and it is multiplied by this,
//   residual               tensor of the result's shape, added to the result,
//   activation             str, applied last.
// Channels of a convolution are dimension 1, those of a linear the last. Any node may carry residual and activation.
// Activations are named as ATen's ops: relu, relu6, hardswish, hardsigmoid, silu, sigmoid, tanh, gelu, gelu_tanh.

bool is_fused(const Node& node);
bool has_prologue(const Node& node);
// The value whose elements the prologue changes.
ValueId main_input(const Node& node);
// The input as the prologue makes it, and the result as the epilogue does, by the public ops.
Tensor run_prologue(const Node& node, const std::function<Tensor(ValueId)>& tensor_of);
Tensor run_epilogue(const Node& node, const Tensor& result, const std::function<Tensor(ValueId)>& tensor_of);

// The activation's name where the node is one, else empty. hardtanh from 0 to 6 counts as relu6, relu_ as relu.
std::string activation_of(const Node& node);
// It by its name.
Tensor apply_activation(const std::string& name, const Tensor& x);

}  // namespace sconce
