// Padding.
#pragma once
#include <sconce/tensor.h>

#include <optional>
#include <string_view>
#include <vector>

namespace sconce {

// As torch.nn.functional.pad: `pad` holds (before, after) of the last dimension, then of the one before it,
// and so on; a negative number crops. mode "constant" fills with `value` (0) and takes any dtype and any
// number of dimensions; "reflect", "replicate" and "circular" pad the last 1, 2 or 3 dimensions of a tensor
// that has one or two more. Throws ErrorKind::invalid_argument in PyTorch's words on a pad that does not fit.
Tensor pad(const Tensor& self, const std::vector<int64_t>& pad, std::string_view mode = "constant",
           std::optional<Scalar> value = {});

}  // namespace sconce
