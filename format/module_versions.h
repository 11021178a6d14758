// PyTorch's `_metadata` (the versions of a state_dict's modules) as one line of JSON, for formats that keep
// only strings.
#pragma once
#include <sconce/value.h>

#include <string>

namespace sconce {

// {"":{"version":1},"bn":{"version":2}}; empty when `metadata` holds anything but dicts of whole numbers,
// truth values, strings and None.
std::string module_versions_text(const Value& metadata);
// The reverse, as collections.OrderedDict of dicts. None when the text is something else.
Value module_versions_from(const std::string& text);

}  // namespace sconce
