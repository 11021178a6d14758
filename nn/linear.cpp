#include <sconce/nn/dropout.h>
#include <sconce/nn/linear.h>
#include <sconce/ops.h>

#include "parameters.h"
#include "python_repr.h"

namespace sconce::nn {

Linear::Linear(int64_t in, int64_t out, LinearOptions options)
    : in_features(in), out_features(out), weight(zero_parameter({out, in}, options.dtype)) {
  if (options.bias) bias = zero_parameter({out}, options.dtype);
}

Tensor Linear::forward(const Tensor& x) const { return linear(x, weight, bias); }

void Linear::members(Walk& w) {
  w("weight", weight);
  w("bias", bias);
}

std::string Linear::extra_repr() const {
  return concat("in_features=", in_features, ", out_features=", out_features,
                ", bias=", bias ? "True" : "False");
}

Tensor Flatten::forward(const Tensor& x) const { return x.flatten(start_dim, end_dim); }
std::string Flatten::extra_repr() const { return concat("start_dim=", start_dim, ", end_dim=", end_dim); }

Tensor Unflatten::forward(const Tensor& x) const {
  const int64_t at = x.shape().wrap(dim);
  std::vector<int64_t> extents = x.shape().extents();
  extents.erase(extents.begin() + at);
  extents.insert(extents.begin() + at, unflattened_size.begin(), unflattened_size.end());
  // Views infer one extent from the whole; here it is inferred from the one dimension, so it is worked out
  // first.
  int64_t known = 1, open = -1;
  for (size_t i = 0; i < unflattened_size.size(); ++i) {
    if (unflattened_size[i] == -1) {
      check(open < 0, "[unflatten] only one dimension can be inferred");
      open = static_cast<int64_t>(i);
    } else {
      check(unflattened_size[i] >= 0 && checked_multiply(known, unflattened_size[i], known),
            "[unflatten] expected extents of at least 0, got ", unflattened_size[i]);
    }
  }
  const int64_t whole = x.size(at);
  if (open >= 0 && known > 0 && whole % known == 0)
    extents[static_cast<size_t>(at + open)] = whole / known, known = whole;
  check(known == whole, "[unflatten] expected sizes whose product is ", whole, ", the extent of dimension ",
        at, ", got ", extra_repr());
  return x.reshape(extents);
}

std::string Unflatten::extra_repr() const {
  std::string sizes;
  for (const int64_t n : unflattened_size) sizes += (sizes.empty() ? "" : ", ") + std::to_string(n);
  return concat("dim=", dim, ", unflattened_size=(", sizes, unflattened_size.size() == 1 ? ",)" : ")");
}

std::string Dropout::extra_repr() const {
  return concat("p=", python_repr(p), ", inplace=", inplace ? "True" : "False");
}

std::string StochasticDepth::extra_repr() const { return concat("p=", python_repr(p), ", mode=", mode); }

}  // namespace sconce::nn
