// Every tensor of a value tree, with the path that leads to it.
#pragma once
#include <sconce/value.h>

#include <string>
#include <vector>

namespace sconce {

// A tensor where it is found first. A quantized or sparse tensor is one entry with several parts.
struct NamedTensor {
  std::string path;  // "model.conv1.weight", "optimizer.state[0].exp_avg", "" for a root that is a tensor
  Value value;       // of kind tensor, quantized or sparse
  // The plain tensors in it that are defined: itself; values, scales and zero
  // points; values, then indices.
  std::vector<Tensor> parts() const;
};

// All of them in order of appearance, also inside lists, objects, their arguments and states. A container that
// several places share is entered once. Keys that are no text, and places in sequences, stand in brackets:
// "[3]"; a call's arguments and an instance's state are "argument 0" and "state".
std::vector<NamedTensor> tensors_in(const Value& root);

// How a path goes on: join("a", "b") is "a.b", join("a", "[0]") is "a[0]", join("", "b") is "b".
std::string join_path(const std::string& path, const std::string& key);
// The text of a dictionary key in a path.
std::string path_key(const Value& key);

}  // namespace sconce
