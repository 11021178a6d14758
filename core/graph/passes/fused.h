// What passes add to a node: work on its weights and input before, and on its result after.
#pragma once
#include <sconce/graph.h>

#include <functional>
#include <string>

namespace sconce {

// A convolution or linear node (aten.conv2d.default, aten.linear.default, ...) may carry, behind ATen's own arguments,
//   weight_scale           f64 constant [out channels], multiplied into the weight; the bias is then f64 too and already scaled,
//   pre_scale, pre_shift   f64 constants [C]: the input is first multiplied and moved by channel,
//   pre_activation         str: then this activation is applied to it,
//   gate                   tensor [N, C, 1, 1]: and it is multiplied by this,
//   residual               tensor of the result's shape, added to the result,
//   activation             str, applied last.
// Channels of a convolution are dimension 1, those of a linear the last. add and mul may carry an activation.
// Activations are named as ATen's ops: relu, relu6, hardswish, hardsigmoid, silu, sigmoid, tanh, mish, gelu, gelu_tanh.

// Runs such a node: `run` runs it without what passes added, on the tensors that it is given.
std::vector<Tensor> interpret_fused(
    const Node& node, const std::function<Tensor(ValueId)>& tensor_of,
    const std::function<std::vector<Tensor>(const Node&, const std::function<Tensor(ValueId)>&)>& run);
bool is_fused(const Node& node);

bool is_convolution(const Node& node);             // conv1d, conv2d, conv3d, not transposed
bool is_transposed_convolution(const Node& node);  // conv_transpose1d, conv_transpose2d
bool is_linear(const Node& node);
// One of these three, f32 throughout, with a constant weight and no bias but a constant one: what weights can be folded into.
bool has_weights(const Graph& graph, const Node& node);
// How many channels it makes.
int64_t out_channels(const Graph& graph, const Node& node);
// A convolution that is a product of each pixel with a matrix: 1x1, stride 1, no padding, no groups.
bool is_pointwise(const Graph& graph, const Node& node);

// The activation's name where the node is one, else empty. hardtanh from 0 to 6 counts as relu6.
std::string activation_of(const Node& node);
Tensor apply_activation(const std::string& name, const Tensor& x);

// result * scale[c] + shift[c], with the weights that the node has: into its weight_scale and bias. `shift` may be empty: zeros.
void scale_weights(Graph& graph, Node& node, const std::vector<double>& scale,
                   const std::vector<double>& shift);
// The elements of a constant as doubles.
std::vector<double> doubles_of(const Tensor& constant);
// [n] of f64.
Tensor tensor_of_doubles(const std::vector<double>& values);

}  // namespace sconce
