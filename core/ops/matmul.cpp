// linear, matmul and their kin: PyTorch's rank rules on top of one batched product.
#include <sconce/backend.h>
#include <sconce/kernel_args.h>
#include <sconce/ops/create.h>
#include <sconce/ops/matmul.h>

#include "ops/arguments.h"

namespace sconce {
namespace {

void check_product_shapes(const char* op, const Shape& mat1, const Shape& mat2) {
  check(mat1[1] == mat2[0], op, ": mat1 and mat2 shapes cannot be multiplied (", mat1[0], "x", mat1[1],
        " and ", mat2[0], "x", mat2[1], ")");
}

void check_m1_m2(DType m1, DType m2) {
  check(m1 == m2, "expected m1 and m2 to have the same dtype, but got: ", type_meta_name(m1),
        " != ", type_meta_name(m2));
}

void check_batch_dtypes(DType batch1, DType batch2) {
  check(batch1 == batch2, "expected scalar type ", scalar_type_name(batch1), " but found ",
        scalar_type_name(batch2));
}

void check_batches(const Shape& batch1, const Shape& batch2) {
  check(batch1.dim() == 3, "batch1 must be a 3D tensor");
  check(batch2.dim() == 3, "batch2 must be a 3D tensor");
  check(batch1[0] == batch2[0] && batch1[2] == batch2[1],
        "Expected size for first two dimensions of batch2 tensor to be: [", batch1[0], ", ", batch1[2],
        "] but got: [", batch2[0], ", ", batch2[1], "].");
}

// A shape without its last `count` dimensions.
Shape front(const Shape& shape, int64_t count) {
  const auto& e = shape.extents();
  return Shape(std::vector<int64_t>(e.begin(), e.end() - static_cast<std::ptrdiff_t>(count)));
}

Shape appended(const Shape& batch, std::initializer_list<int64_t> last) {
  std::vector<int64_t> extents = batch.extents();
  extents.insert(extents.end(), last);
  return Shape(std::move(extents));
}

// [..., k] as a matrix [rows, k].
Shape folded(const Shape& shape) { return {front(shape, 1).numel(), shape[-1]}; }

// The product of matrices or of batches with equal batch shapes; bias broadcasts to the result.
Tensor product(const Tensor& lhs, const Tensor& rhs, const Tensor& bias = {}, Scalar beta = 1,
               Scalar alpha = 1) {
  Tensor out = empty(appended(front(lhs.shape(), 1), {rhs.size(-1)}), lhs.dtype(), lhs.device());
  const Tensor wide = bias.defined() ? bias.expand(out.shape().extents()) : bias;
  if (out.numel() > 0) backend_of(out.device()).matmul({lhs, rhs, wide, beta, alpha, out});
  return out;
}

// The shape of matmul's result; throws the words of the op that PyTorch would end in.
Shape matmul_shape(const Tensor& self, const Tensor& other) {
  const Shape &a = self.shape(), &b = other.shape();
  const int64_t da = a.dim(), db = b.dim();
  check(da > 0 && db > 0, "both arguments to matmul need to be at least 1D, but they are ", da, "D and ", db,
        "D");
  if (da == 1 && db == 1) {
    check(self.dtype() == other.dtype(), "dot : expected both vectors to have same dtype, but found ",
          scalar_type_name(self.dtype()), " and ", scalar_type_name(other.dtype()));
    check(a[0] == b[0], "inconsistent tensor size, expected tensor ", a, " and src ", b,
          " to have the same number of elements, but got ", a[0], " and ", b[0], " elements respectively");
    return {};
  }
  if (db == 1) {
    const Shape matrix = folded(a);
    check(matrix[1] == b[0], "size mismatch, got input (", matrix[0], "), mat (", matrix[0], "x", matrix[1],
          "), vec (", b[0], ")");
    check(self.dtype() == other.dtype(), "addmv input tensors must have the same dtype, but got ",
          scalar_type_name(other.dtype()), ", ", scalar_type_name(self.dtype()), ", and ",
          scalar_type_name(other.dtype()));
    return front(a, 1);
  }
  if (db == 2) {
    check_product_shapes("mm", folded(a), b);
    check_m1_m2(self.dtype(), other.dtype());
    return appended(front(a, 1), {b[1]});
  }
  const int64_t rows = da == 1 ? 1 : a[-2];
  const Shape batch = broadcast(da > 2 ? front(a, 2) : Shape{}, front(b, 2));
  check_batches({batch.numel(), rows, a[-1]}, {batch.numel(), b[-2], b[-1]});
  check_batch_dtypes(self.dtype(), other.dtype());
  return da == 1 ? appended(batch, {b[-1]}) : appended(batch, {rows, b[-1]});
}

}  // namespace

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias) {
  check_tensors("linear", {&input, &weight}, {&bias});
  check(input.dim() > 0 && weight.dim() > 0, "both arguments to linear need to be at least 1D, but they are ",
        input.dim(), "D and ", weight.dim(), "D");
  check(weight.dim() <= 2, "t() expects a tensor with <= 2 dimensions, but self is ", weight.dim(), "D");
  check(!bias.defined() || weight.dim() == 2, "addmm: mat2 must be a matrix, got ", weight.dim(),
        "-D tensor");
  Shape shape;
  if (weight.dim() == 1) {
    shape = matmul_shape(input, weight);
  } else {
    const char* op = bias.defined() ? "addmm" : "mm";
    const Shape rows = folded(input.shape());
    check_product_shapes(op, rows, {weight.size(1), weight.size(0)});
    shape = appended(front(input.shape(), 1), {weight.size(0)});
    if (bias.defined()) {
      check(bias.dtype() == weight.dtype(), "self and mat2 must have the same dtype, but got ",
            scalar_type_name(bias.dtype()), " and ", scalar_type_name(weight.dtype()));
      if (bias.dim() == 1 || input.dim() <= 2)
        check_expands(bias.shape(), {rows[0], weight.size(0)});
      else
        check_expands(bias.shape(), shape);
    }
    check_m1_m2(input.dtype(), weight.dtype());
  }
  check_product_dtype("linear", input.dtype());
  if (Recorder* r = Recorder::active())
    return r->record("aten.linear.default", {{"input", input}, {"weight", weight}, {"bias", bias}}, shape,
                     input.dtype());
  if (weight.dim() == 1) return matmul(input, weight);
  const Tensor rows = input.reshape(folded(input.shape()).extents());
  const bool bias_for_rows = !bias.defined() || bias.dim() == 1 || input.dim() <= 2;
  const Tensor flat_bias =
      bias_for_rows ? bias : bias.expand(shape.extents()).reshape({rows.size(0), weight.size(0)});
  return product(rows, weight.t(), flat_bias).view(shape.extents());
}

Tensor matmul(const Tensor& self, const Tensor& other) {
  check_tensors("matmul", {&self, &other});
  const Shape shape = matmul_shape(self, other);
  check_product_dtype("matmul", self.dtype());
  if (Recorder* r = Recorder::active())
    return r->record("aten.matmul.default", {{"self", self}, {"other", other}}, shape, self.dtype());
  if (other.dim() <= 2) {  // the batch of self is more rows
    const Tensor rows = self.reshape(folded(self.shape()).extents());
    return product(rows, other.dim() == 1 ? other.unsqueeze(1) : other).view(shape.extents());
  }
  const Tensor lhs = self.dim() == 1 ? self.unsqueeze(0) : self;
  const Shape batch = front(shape, self.dim() == 1 ? 1 : 2);
  const Tensor a = lhs.expand(appended(batch, {lhs.size(-2), lhs.size(-1)}).extents());
  const Tensor b = other.expand(appended(batch, {other.size(-2), other.size(-1)}).extents());
  return product(a, b).view(shape.extents());
}

Tensor dot(const Tensor& self, const Tensor& other) {
  check_tensors("dot", {&self, &other});
  check(self.dim() == 1 && other.dim() == 1, "1D tensors expected, but got ", self.dim(), "D and ",
        other.dim(), "D tensors");
  const Shape shape = matmul_shape(self, other);
  check_product_dtype("dot", self.dtype());
  if (Recorder* r = Recorder::active())
    return r->record("aten.dot.default", {{"self", self}, {"tensor", other}}, shape, self.dtype());
  return matmul(self, other);
}

Tensor mv(const Tensor& self, const Tensor& vec) {
  check_tensors("mv", {&self, &vec});
  check(self.dim() == 2 && vec.dim() == 1, "vector + matrix @ vector expected, got 1, ", self.dim(), ", ",
        vec.dim());
  const Shape shape = matmul_shape(self, vec);
  check_product_dtype("mv", self.dtype());
  if (Recorder* r = Recorder::active())
    return r->record("aten.mv.default", {{"self", self}, {"vec", vec}}, shape, self.dtype());
  return matmul(self, vec);
}

Tensor mm(const Tensor& self, const Tensor& mat2) {
  check_tensors("mm", {&self, &mat2});
  check(self.dim() == 2, "mm: self must be a matrix, got ", self.dim(), "-D tensor");
  check(mat2.dim() == 2, "mm: mat2 must be a matrix, got ", mat2.dim(), "-D tensor");
  check_product_shapes("mm", self.shape(), mat2.shape());
  check_m1_m2(self.dtype(), mat2.dtype());
  check_product_dtype("mm", self.dtype());
  if (Recorder* r = Recorder::active())
    return r->record("aten.mm.default", {{"self", self}, {"mat2", mat2}}, {self.size(0), mat2.size(1)},
                     self.dtype());
  return product(self, mat2);
}

Tensor bmm(const Tensor& self, const Tensor& mat2) {
  check_tensors("bmm", {&self, &mat2});
  check_batches(self.shape(), mat2.shape());
  check_batch_dtypes(self.dtype(), mat2.dtype());
  check_product_dtype("bmm", self.dtype());
  if (Recorder* r = Recorder::active())
    return r->record("aten.bmm.default", {{"self", self}, {"mat2", mat2}},
                     {self.size(0), self.size(1), mat2.size(2)}, self.dtype());
  return product(self, mat2);
}

Tensor addmm(const Tensor& self, const Tensor& mat1, const Tensor& mat2, Scalar beta, Scalar alpha) {
  check_tensors("addmm", {&self, &mat1, &mat2});
  check(mat1.dim() == 2, "addmm: self must be a matrix, got ", mat1.dim(), "-D tensor");
  check(mat2.dim() == 2, "addmm: mat2 must be a matrix, got ", mat2.dim(), "-D tensor");
  check_product_shapes("addmm", mat1.shape(), mat2.shape());
  check(self.dtype() == mat2.dtype(), "self and mat2 must have the same dtype, but got ",
        scalar_type_name(self.dtype()), " and ", scalar_type_name(mat2.dtype()));
  check_m1_m2(mat1.dtype(), mat2.dtype());
  const Shape shape{mat1.size(0), mat2.size(1)};
  check_expands(self.shape(), shape);
  check_product_dtype("addmm", self.dtype());
  if (Recorder* r = Recorder::active())
    return r->record("aten.addmm.default",
                     {{"self", self},
                      {"mat1", mat1},
                      {"mat2", mat2},
                      {"beta", as_input(beta)},
                      {"alpha", as_input(alpha)}},
                     shape, self.dtype());
  return product(mat1, mat2, self, beta, alpha);
}

Tensor baddbmm(const Tensor& self, const Tensor& batch1, const Tensor& batch2, Scalar beta, Scalar alpha) {
  check_tensors("baddbmm", {&self, &batch1, &batch2});
  check_batches(batch1.shape(), batch2.shape());
  check(self.dtype() == batch1.dtype() && self.dtype() == batch2.dtype(),
        "Input dtypes must be the same, got: input ", type_meta_name(self.dtype()),
        ", batch1: ", type_meta_name(batch1.dtype()), ", batch2: ", type_meta_name(batch2.dtype()));
  const Shape shape{batch1.size(0), batch1.size(1), batch2.size(2)};
  check_expands(self.shape(), shape);
  check_product_dtype("baddbmm", self.dtype());
  if (Recorder* r = Recorder::active())
    return r->record("aten.baddbmm.default",
                     {{"self", self},
                      {"batch1", batch1},
                      {"batch2", batch2},
                      {"beta", as_input(beta)},
                      {"alpha", as_input(alpha)}},
                     shape, self.dtype());
  return product(batch1, batch2, self, beta, alpha);
}

}  // namespace sconce
