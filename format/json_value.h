// JSON documents of the formats (an index of shards, notes in metadata) as values.
#pragma once
#include <sconce/value.h>

#include <cstdint>
#include <string_view>

namespace sconce {

// Objects become dicts in the document's order, arrays lists, whole numbers ints, other numbers floats. Throws
// ErrorKind::corrupt with the offset for what is no JSON in UTF-8, a key that stands twice in an object, a
// whole number outside int64, or more than `deepest` levels; out_of_budget when the tree would take more than
// `most_bytes`.
Value json_value(std::string_view text, int deepest, uint64_t most_bytes);

}  // namespace sconce
