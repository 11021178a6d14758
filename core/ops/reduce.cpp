#include <sconce/backend.h>
#include <sconce/ops/create.h>
#include <sconce/ops/elementwise.h>
#include <sconce/ops/promotion.h>
#include <sconce/ops/reduce.h>

#include <cmath>

#include "ops/dtype_set.h"
#include "ops/strips.h"
#include "ops/unary.h"

namespace sconce {

using namespace dtypes;

namespace {

constexpr DTypeSet summable = floats | integers | wide_unsigned | boolean | complex;
constexpr DTypeSet ordered = floats | integers | boolean;

// The node of a reduction: the overload over dimensions, or the one over everything where there is one.
struct NodeForm {
  std::string over_dims;  // "aten.sum.dim_IntList"
  std::string over_all;   // "aten.sum.default", or empty
  Recorder::Inputs more;  // what follows dim and keepdim
};

Recorder::Inputs dims_inputs(const Tensor& self, const Dims& dim, bool keepdim) {
  return {{"self", self},
          {"dim", dim.values().empty() ? Recorder::Input() : Recorder::Input(dim.values())},
          {"keepdim", keepdim}};
}

Tensor run_reduce(NodeForm node, ReduceOp op, const Tensor& self, const Dims& dim, bool keepdim, DType result,
                  double parameter = 0) {
  check_tensors("reduce", {&self});
  const std::vector<int64_t> dims = resolve_dims(self.shape(), dim);
  const Shape shape = reduced_shape(self.shape(), dims, keepdim);
  if (Recorder* r = Recorder::active()) {
    const bool whole = dim.values().empty() && !keepdim && !node.over_all.empty();
    Recorder::Inputs inputs = whole ? Recorder::Inputs{{"self", self}} : dims_inputs(self, dim, keepdim);
    for (auto& input : node.more) inputs.push_back(std::move(input));
    return r->record(whole ? node.over_all : node.over_dims, std::move(inputs), shape, result);
  }
  Tensor out = empty(shape, result, self.device());
  if (out.numel() == 0) return out;
  const Laid laid = lay_out(self, dims);
  backend_of(self.device()).reduce(op, laid.tensor, laid.strips, out, parameter);
  return out;
}

// The dtype that sum, prod and the scans give, and the operand in it.
struct Accumulated {
  Tensor operand;
  DType result;
};

Accumulated accumulated(const char* name, const Tensor& self, std::optional<DType> dtype) {
  const bool whole = is_integral(self.dtype()) || self.dtype() == DType::boolean;
  const DType result = dtype.value_or(whole ? DType::i64 : self.dtype());
  check_dtype(name, result, summable);
  check_dtype(name, self.dtype(), numeric);
  return {dtype && !Recorder::active() ? self.to(*dtype) : self, result};
}

// What has no identity needs elements.
void check_elements(const char* name, const Tensor& self, const Dims& dim) {
  if (self.numel() > 0) return;
  check(!dim.values().empty(), name,
        "(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction dim with "
        "the 'dim' argument.");
  for (int64_t d : resolve_dims(self.shape(), dim))
    check(self.dim() > 0 && self.size(d) > 0, name, "(): Expected reduction dim ", d,
          " to have non-zero size.");
}

Tensor extreme(const char* name, ReduceOp op, const Tensor& self, const Dims& dim, bool keepdim) {
  check_dtype(name, self.dtype(), ordered);
  check_elements(name, self, dim);
  return run_reduce({concat("aten.", name, ".default"), "", {}}, op, self, dim, keepdim, self.dtype());
}

Tensor extreme_of_all(const char* name, ReduceOp op, const Tensor& self) {
  check_dtype(name, self.dtype(), ordered);
  check_elements(name, self, {});
  return run_reduce({"", concat("aten.", name, ".default"), {}}, op, self, {}, false, self.dtype());
}

ValuesIndices extreme_along(const char* name, bool largest, const Tensor& self, int64_t dim, bool keepdim) {
  check_tensors(name, {&self});
  check_dtype(name, self.dtype(), ordered);
  check_elements(name, self, dim);
  const std::vector<int64_t> dims = resolve_dims(self.shape(), dim);
  const Shape shape = reduced_shape(self.shape(), dims, keepdim);
  if (Recorder* r = Recorder::active()) {
    auto out = r->record(concat("aten.", name, ".dim"), {{"self", self}, {"dim", dim}, {"keepdim", keepdim}},
                         {{shape, self.dtype()}, {shape, DType::i64}});
    return {out[0], out[1]};
  }
  ValuesIndices out{empty(shape, self.dtype(), self.device()), empty(shape, DType::i64, self.device())};
  if (shape.numel() == 0) return out;
  const Laid laid = lay_out(self, dims);
  backend_of(self.device()).arg_reduce(largest, laid.tensor, laid.strips, &out.values, out.indices);
  return out;
}

Tensor extreme_index(const char* name, bool largest, const Tensor& self, std::optional<int64_t> dim,
                     bool keepdim) {
  check_tensors(name, {&self});
  check_dtype(name, self.dtype(), floats | integers);
  check_elements(name, self, dim ? Dims(*dim) : Dims());
  const std::vector<int64_t> dims = resolve_dims(self.shape(), dim ? Dims(*dim) : Dims());
  const Shape shape = reduced_shape(self.shape(), dims, keepdim);
  if (Recorder* r = Recorder::active())
    return r->record(
        concat("aten.", name, ".default"),
        {{"self", self}, {"dim", dim ? Recorder::Input(*dim) : Recorder::Input()}, {"keepdim", keepdim}},
        shape, DType::i64);
  Tensor indices = empty(shape, DType::i64, self.device());
  if (shape.numel() == 0) return indices;
  const Laid laid = lay_out(self, dims);
  backend_of(self.device()).arg_reduce(largest, laid.tensor, laid.strips, nullptr, indices);
  return indices;
}

Tensor truth(const char* name, ReduceOp op, const Tensor& self, const Dims& dim, bool keepdim) {
  check_dtype(name, self.dtype(), numeric);
  const DType result = self.dtype() == DType::u8 ? DType::u8 : DType::boolean;
  return run_reduce({concat("aten.", name, ".dims"), concat("aten.", name, ".default"), {}}, op, self, dim,
                    keepdim, result);
}

Tensor spread(const char* name, ReduceOp op, const Tensor& self, const Dims& dim, double correction,
              bool keepdim) {
  check_dtype(name, self.dtype(), floats | complex32 | complex);
  check_tensors(name, {&self});
  const DType result = to_real(self.dtype());
  if (Recorder* r = Recorder::active())
    return r->record(concat("aten.", name, ".correction"),
                     {{"self", self},
                      {"dim", dim.values().empty() ? Recorder::Input() : Recorder::Input(dim.values())},
                      {"correction", correction},
                      {"keepdim", keepdim}},
                     reduced_shape(self.shape(), resolve_dims(self.shape(), dim), keepdim), result);
  return run_reduce({}, op, self, dim, keepdim, result, correction);
}

Tensor scan(const char* name, ScanOp op, const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  check_tensors(name, {&self});
  const Accumulated a = accumulated(name, self, dtype);
  const std::vector<int64_t> dims = resolve_dims(self.shape(), dim);
  if (Recorder* r = Recorder::active())
    return r->record(concat("aten.", name, ".default"),
                     {{"self", self}, {"dim", dim}, {"dtype", recorded(dtype)}}, self.shape(), a.result);
  Tensor out = empty(self.shape(), a.result, self.device());
  if (out.numel() == 0) return out;
  const Laid laid = lay_out(a.operand.contiguous(), dims);
  backend_of(self.device()).scan(op, laid.tensor, laid.strips, out);
  return out;
}

}  // namespace

Tensor sum(const Tensor& self, const Dims& dim, bool keepdim, std::optional<DType> dtype) {
  const Accumulated a = accumulated("sum", self, dtype);
  return run_reduce({"aten.sum.dim_IntList", "aten.sum.default", {{"dtype", recorded(dtype)}}}, ReduceOp::sum,
                    a.operand, dim, keepdim, a.result);
}

Tensor mean(const Tensor& self, const Dims& dim, bool keepdim, std::optional<DType> dtype) {
  const DType result = dtype.value_or(self.dtype());
  if (!is_floating_point(result) && !is_complex(result))
    fail(ErrorKind::unsupported, "mean(): could not infer output dtype. ", dtype ? "Optional" : "Input",
         " dtype must be either a floating point or complex dtype. Got: ", scalar_type_name(result));
  check_dtype("mean", result, floats | complex);
  const Tensor operand = dtype && !Recorder::active() ? self.to(*dtype) : self;
  return run_reduce({"aten.mean.dim", "aten.mean.default", {{"dtype", recorded(dtype)}}}, ReduceOp::mean,
                    operand, dim, keepdim, result);
}

Tensor prod(const Tensor& self, const Dims& dim, bool keepdim, std::optional<DType> dtype) {
  const Accumulated a = accumulated("prod", self, dtype);
  if (Recorder* r = Recorder::active();
      r && dim.values().size() == 1)  // ATen's prod takes one dimension, not a list
    return r->record(
        "aten.prod.dim_int",
        {{"self", self}, {"dim", dim.values()[0]}, {"keepdim", keepdim}, {"dtype", recorded(dtype)}},
        reduced_shape(self.shape(), resolve_dims(self.shape(), dim), keepdim), a.result);
  check(!Recorder::active() || (dim.values().empty() && !keepdim),
        "[prod] only one dimension or all can be recorded");
  return run_reduce({"", "aten.prod.default", {{"dtype", recorded(dtype)}}}, ReduceOp::prod, a.operand, dim,
                    keepdim, a.result);
}

Tensor amax(const Tensor& self, const Dims& dim, bool keepdim) {
  return extreme("amax", ReduceOp::amax, self, dim, keepdim);
}
Tensor amin(const Tensor& self, const Dims& dim, bool keepdim) {
  return extreme("amin", ReduceOp::amin, self, dim, keepdim);
}
Tensor max(const Tensor& self) { return extreme_of_all("max", ReduceOp::amax, self); }
Tensor min(const Tensor& self) { return extreme_of_all("min", ReduceOp::amin, self); }
ValuesIndices max(const Tensor& self, int64_t dim, bool keepdim) {
  return extreme_along("max", true, self, dim, keepdim);
}
ValuesIndices min(const Tensor& self, int64_t dim, bool keepdim) {
  return extreme_along("min", false, self, dim, keepdim);
}
Tensor max(const Tensor& self, const Tensor& other) { return maximum(self, other); }
Tensor min(const Tensor& self, const Tensor& other) { return minimum(self, other); }

Tensor argmax(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  return extreme_index("argmax", true, self, dim, keepdim);
}
Tensor argmin(const Tensor& self, std::optional<int64_t> dim, bool keepdim) {
  return extreme_index("argmin", false, self, dim, keepdim);
}

Tensor any(const Tensor& self, const Dims& dim, bool keepdim) {
  return truth("any", ReduceOp::any, self, dim, keepdim);
}
Tensor all(const Tensor& self, const Dims& dim, bool keepdim) {
  return truth("all", ReduceOp::all, self, dim, keepdim);
}

Tensor var(const Tensor& self, const Dims& dim, double correction, bool keepdim) {
  return spread("var", ReduceOp::var, self, dim, correction, keepdim);
}
Tensor std(const Tensor& self, const Dims& dim, double correction, bool keepdim) {
  return spread("std", ReduceOp::std, self, dim, correction, keepdim);
}

Tensor logsumexp(const Tensor& self, const Dims& dim, bool keepdim) {
  check_dtype("logsumexp", self.dtype(), summable);
  const DType result = float_result(self.dtype());
  if (is_complex(result) && !Recorder::active()) return log(sum(exp(self), dim, keepdim));
  return run_reduce({"aten.logsumexp.default", "", {}}, ReduceOp::logsumexp, self, dim, keepdim, result);
}

Tensor vector_norm(const Tensor& self, double ord, const Dims& dim, bool keepdim) {
  if (!is_floating_point(self.dtype()) && !is_complex(self.dtype()))
    fail(ErrorKind::unsupported,
         "linalg.vector_norm: Expected a floating point or complex tensor as input. Got ",
         scalar_type_name(self.dtype()));
  check_dtype("vector_norm", self.dtype(), floats | complex32 | complex);
  if (self.numel() == 0 && (ord < 0 || std::isinf(ord)))
    for (int64_t d : resolve_dims(self.shape(), dim))
      check(self.size(d) > 0, "linalg.vector_norm cannot compute the ", ord,
            " norm on an empty tensor because the operation does not have an identity");
  const DType result = to_real(self.dtype());
  if (Recorder* r = Recorder::active()) {
    Recorder::Inputs inputs = dims_inputs(self, dim, keepdim);
    inputs.insert(inputs.begin() + 1, {"ord", ord});
    inputs.push_back({"dtype", Recorder::Input()});
    return r->record("aten.linalg_vector_norm.default", std::move(inputs),
                     reduced_shape(self.shape(), resolve_dims(self.shape(), dim), keepdim), result);
  }
  return run_reduce({}, ReduceOp::norm, self, dim, keepdim, result, ord);
}

Tensor cumsum(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return scan("cumsum", ScanOp::sum, self, dim, dtype);
}
Tensor cumprod(const Tensor& self, int64_t dim, std::optional<DType> dtype) {
  return scan("cumprod", ScanOp::prod, self, dim, dtype);
}

}  // namespace sconce
