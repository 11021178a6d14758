// The arguments of calls in a checkpoint, checked as they are taken.
#pragma once
#include <sconce/value.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sconce {

// Each throws ErrorKind::corrupt, naming `what`, when the value is no such thing.
const std::string& text_of(const Value& v, const char* what);      // of a str or bytes
int64_t count_of(const Value& v, const char* what);                // an int of at least 0
std::vector<int64_t> counts_of(const Value& v, const char* what);  // a tuple, list or size of those
void expect_count(const char* what, const Value::Items& arguments, size_t least, size_t most);
// Is the value under `name` of a dict True?
bool flag(const Value& dict, std::string_view name);

// A tensor of any kind: dense, quantized or sparse.
bool is_any_tensor(const Value& v);
// The attributes in a tensor's state: a dict, or one before the values of __slots__. None when there are none.
Value attributes_of(const Value& state);

// 1 + the largest element index of a strided view, 0 without elements. Throws ErrorKind::corrupt when that
// leaves 64 bits.
int64_t reach_of(const std::vector<int64_t>& size, const std::vector<int64_t>& stride, int64_t offset);

}  // namespace sconce
