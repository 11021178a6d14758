// Whether the machine adds beside its multiply-adds, which is when products by inner products (isa/inner.h) are faster.
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "cpu/isa/kernels.h"

namespace sconce {

// What is known of a CPU by its vendor, as CPUID names it, and family: AMD's have adders of their own since family 19h (Zen 3), Intel's
// 512-bit additions share the units of multiply-adds. Nothing for others.
std::optional<bool> known_add_pipes(std::string_view vendor, int family);

// The same of this machine; of an unknown one by timing the kernels once.
bool has_add_pipes(const isa::Kernels& kernels);

}  // namespace sconce
