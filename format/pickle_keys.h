// Dictionary keys, compared as Python compares them.
#pragma once
#include <sconce/value.h>

#include <string>

namespace sconce {

// Text under which equal dictionary keys are equal: 1, 1.0 and True are one key to Python. Throws
// ErrorKind::corrupt for values that cannot be keys, and ErrorKind::out_of_budget for very large ones.
std::string key_text(const Value& key);
// Throws ErrorKind::corrupt for a list, dict, set or bytearray, which no set of Python's could hold.
void check_member(const Value& item);
bool same_key(const Value& a, const Value& b);

}  // namespace sconce
