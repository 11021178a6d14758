// What values take in the tree, for the budget.
#pragma once
#include <sconce/value.h>

#include <cstdint>

namespace sconce {

// Memory that a value takes in the tree, roughly: its node, its node with the parts that containers have, and
// a handle on it.
constexpr uint64_t leaf_cost = 160, container_cost = 320, handle_cost = 16;

// May the value refer to others?
bool is_container(const Value& v);
// A value's memory without that of the values it refers to.
uint64_t cost_of(const Value& v);

}  // namespace sconce
