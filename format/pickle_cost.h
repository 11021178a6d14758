// What values take in the tree, for the budget.
#pragma once
#include <sconce/value.h>

#include <cstdint>

namespace sconce {

// Memory that a value takes in the tree, with what the allocator adds: a handle, which also holds None, numbers,
// dtypes and devices; the node of a text; of a container, the largest of which is a closed object; of a tensor
// with its shape and strides.
constexpr uint64_t handle_cost = 16, leaf_cost = 80, container_cost = 192, tensor_cost = 320;

// May the value refer to others?
bool is_container(const Value& v);
// A value's memory without that of the values it refers to.
uint64_t cost_of(const Value& v);

}  // namespace sconce
