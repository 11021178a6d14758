// What the tables of names say. `full` is "module.name".
#pragma once
#include <string>
#include <string_view>

namespace sconce {

inline constexpr std::string_view reaches_anything =
    "reaches any attribute, so any function, of what it is given";

// Does torch.load(weights_only=True) of PyTorch 2.15 take it by default?
bool is_allowed_name(std::string_view module, std::string_view name, std::string_view full);
// What Sconce reads as plain values, and what only builds data in Python too.
bool is_inert_name(std::string_view module, std::string_view full);
// Why a single name of a module that is otherwise harmless is dangerous, or empty.
std::string_view reason_of_name(std::string_view full);
// Why a module, or one that it lies in, is dangerous, or empty.
std::string_view reason_of_module(std::string_view module);

}  // namespace sconce
