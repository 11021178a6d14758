// Comparing a value tree with the JSON that make_checkpoints.py wrote of it.
#pragma once
#include "support/support.h"

#include <sconce/value.h>

#include <string>

namespace sconce::test {

// Empty when equal, else where and how the two differ.
std::string difference(const Value& value, const nlohmann::json& expected, const std::string& path = "root");

}  // namespace sconce::test
