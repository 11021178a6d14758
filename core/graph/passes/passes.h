// Passes: each rewrites a graph into one that means the same, value ids keeping their meaning.
#pragma once
#include <sconce/graph.h>

namespace sconce {

// Each returns how many places it changed.

// Writes become fresh results, which is the same where nothing else reads the memory that they write to. Throws ErrorKind::unsupported
// where something does, or where they would write into an input or a weight.
size_t make_writes_fresh(Graph& graph);
// Nodes whose results nobody reads.
size_t remove_dead_nodes(Graph& graph);
// Nodes that read nothing but constants become constants, unless that would take much more memory than what they read.
size_t fold_constants(Graph& graph);
// Copies, and views that change nothing: their readers read the operand.
size_t remove_copies(Graph& graph);
// batch_norm after a convolution or linear: into its weights (weight_scale, see fused.h).
size_t fold_batch_norms(Graph& graph);
// addmm, mm and matmul with a constant matrix: as linear.
size_t make_linears(Graph& graph);
// mul by a constant of each channel after a convolution or linear, also behind a permutation: into its weights.
size_t fold_channel_scales(Graph& graph);
// Zeros around a convolution's input: into its padding.
size_t fold_pads(Graph& graph);
// Linears of one input: one product, and views of it.
size_t merge_linears(Graph& graph);
// A residual and an activation behind a convolution or linear: into its epilogue.
size_t fuse_epilogues(Graph& graph);
// A batch norm with its activation, a gate, or a layer norm before a 1x1 convolution or linear that alone reads it: into its prologue.
size_t fuse_prologues(Graph& graph);

// All of them, in order.
void optimize(Graph& graph);

}  // namespace sconce
