// Are two value trees the same, down to identity? For round trips.
#pragma once
#include <sconce/value.h>

#include <string>

namespace sconce::test {

struct SameValue {
  bool layout = true;   // strides, offsets, the whole of each storage, and which tensors share one
  bool aliases = true;  // values that are one node in one tree are one node in the other
};

// Empty when equal, else where and how they differ. Floats and tensors are compared bit by bit; a set by its members.
std::string first_difference(const Value& a, const Value& b, const SameValue& how = {});

}  // namespace sconce::test
