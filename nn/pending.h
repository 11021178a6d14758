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
SCONCE_PENDING(softmax) SCONCE_PENDING(log_softmax) SCONCE_PENDING(pad)
SCONCE_PENDING(batch_norm) SCONCE_PENDING(interpolate)
#undef SCONCE_PENDING

}  // namespace sconce::nn::pending
namespace sconce::nn {
using namespace pending;
}
