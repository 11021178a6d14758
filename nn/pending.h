// Stand-ins for ops that have not landed yet; each real op, once declared, is preferred by overload
// resolution.
#pragma once
#include <sconce/tensor.h>

namespace sconce::nn::pending {

#define SCONCE_PENDING(name)                                      \
  template <class... A>                                           \
  Tensor name(const A&...) {                                      \
    fail(ErrorKind::unsupported, "[" #name "] is not there yet"); \
  }
SCONCE_PENDING(relu)
SCONCE_PENDING(relu6) SCONCE_PENDING(silu) SCONCE_PENDING(hardswish) SCONCE_PENDING(hardsigmoid)
    SCONCE_PENDING(mish) SCONCE_PENDING(sigmoid) SCONCE_PENDING(tanh) SCONCE_PENDING(neg)
        SCONCE_PENDING(softplus) SCONCE_PENDING(leaky_relu) SCONCE_PENDING(elu) SCONCE_PENDING(gelu)
            SCONCE_PENDING(softmax) SCONCE_PENDING(log_softmax) SCONCE_PENDING(add) SCONCE_PENDING(pad)
                SCONCE_PENDING(conv2d) SCONCE_PENDING(max_pool2d) SCONCE_PENDING(avg_pool2d)
                    SCONCE_PENDING(adaptive_avg_pool2d) SCONCE_PENDING(adaptive_max_pool2d)
                        SCONCE_PENDING(batch_norm) SCONCE_PENDING(interpolate)
#undef SCONCE_PENDING

}  // namespace sconce::nn::pending
namespace sconce::nn {
using namespace pending;
}
