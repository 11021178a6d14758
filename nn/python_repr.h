// Strings as Python's repr writes them, for messages that equal PyTorch's.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace sconce::nn {

// 'text', or "it's" where that saves escapes. Bytes from 0x80 on pass through (keys are UTF-8).
std::string python_repr(std::string_view text);
// The shortest digits that give the same double: 1e-05, 0.1, 2.0.
std::string python_repr(double value);
// ['a', 'b'].
std::string python_repr(const std::vector<std::string>& texts);

}  // namespace sconce::nn
