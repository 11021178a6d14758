// The modules of a TorchScript archive, told apart in its values without running its code.
#pragma once
#include "torchscript_code.h"

#include <sconce/value.h>

namespace sconce {

// Gives every module instance below `root` the pairs `_parameters`, `_buffers` and `_modules`, as an instance of
// torch.nn.Module has them, in the order of ScriptModule.state_dict(). Which attribute is what, its class's text says. The
// packed parameters of quantized layers become "weight", "bias", and, where the layer has them, "scale" and
// "zero_point"; those of recurrent cells "weight_ih", "weight_hh", "bias_ih", "bias_hh". `root` stays otherwise as it is.
void name_script_modules(const Value& root, ScriptCode& code);

}  // namespace sconce
