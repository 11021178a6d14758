// The elementwise ops under the names that make_ops.py gives them, and how their results are judged.
#pragma once
#include <sconce/tensor.h>

#include <functional>
#include <map>
#include <string>

#include "support/support.h"

namespace sconce::test {

const std::map<std::string, std::function<Tensor(const Tensor&)>>& unary_ops();
const std::map<std::string, std::function<Tensor(const Tensor&, const Tensor&)>>& binary_ops();
const std::map<std::string, std::function<Tensor(const Tensor&, const Scalar&)>>& number_ops();

// Reductions to a 0-dim tensor, and ops along one dimension, which may have several results.
const std::map<std::string, std::function<Tensor(const Tensor&)>>& whole_ops();
const std::map<std::string, std::function<std::vector<Tensor>(const Tensor&, int64_t)>>& along_ops();

// A number of a fixture: an integer, a float or a boolean.
Scalar scalar_from(const nlohmann::json& j);

// The largest error of `got` against `exact` (f64 or complex128), in units of the last place of got's dtype
// at the exact value; infinity when one has a NaN or infinity that the other has not (after rounding to the
// dtype).
double max_ulps(const Tensor& got, const Tensor& exact);

// Are the two equal, counting any NaN as equal to any other? 0.0 differs from -0.0.
bool same_values(const Tensor& a, const Tensor& b);

// Runs `f` and judges it by a case of outcome(): equal dtype and shape, values within `ulps` of PyTorch's (at
// the largest one; NaN, infinities and signed zeros exactly); or an Error where PyTorch refused. Returns what
// is wrong, empty when nothing is.
std::string judge(const nlohmann::json& expected, const std::function<Tensor()>& f, double ulps = 0);

// The same for a function with several results.
std::string judge_several(const nlohmann::json& expected, const std::function<std::vector<Tensor>()>& f,
                          double ulps = 0);

}  // namespace sconce::test
