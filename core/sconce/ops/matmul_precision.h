// How exactly products of f32 are computed.
#pragma once
#include <string_view>

namespace sconce {

// Of the whole process, as torch.set_float32_matmul_precision:
//   "highest"  with all of f32's bits. The default.
//   "high"     GPUs may round factors to TF32, 10 bits of fraction. The CPU does not.
// Throws ErrorKind::invalid_argument for another name; "medium", which may round to bf16, is not there.
void set_float32_matmul_precision(std::string_view precision);
// "highest" or "high", as torch.get_float32_matmul_precision.
std::string_view get_float32_matmul_precision();

}  // namespace sconce
