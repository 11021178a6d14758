#include "ops/arguments.h"

namespace sconce {

void check_tensors(const char* op, std::initializer_list<const Tensor*> required,
                   std::initializer_list<const Tensor*> optional) {
  const Tensor* first = nullptr;
  const bool recording = Recorder::active() != nullptr;
  auto check_one = [&](const Tensor& tensor) {
    if (!first) first = &tensor;
    check(recording || tensor.device() == first->device(), "[", op,
          "] expected all tensors to be on the same device, but found ", first->device().str(), " and ",
          tensor.device().str());
  };
  for (const Tensor* tensor : required) {
    check(tensor->defined(), "[", op, "] expected a tensor, got an undefined one");
    check_one(*tensor);
  }
  for (const Tensor* tensor : optional)
    if (tensor->defined()) check_one(*tensor);
}

const char* scalar_type_name(DType dtype) {
  switch (dtype) {
    case DType::f64: return "Double";
    case DType::f32: return "Float";
    case DType::f16: return "Half";
    case DType::bf16: return "BFloat16";
    case DType::i8: return "Char";
    case DType::i16: return "Short";
    case DType::i32: return "Int";
    case DType::i64: return "Long";
    case DType::u8: return "Byte";
    case DType::u16: return "UInt16";
    case DType::u32: return "UInt32";
    case DType::u64: return "UInt64";
    case DType::boolean: return "Bool";
    case DType::complex32: return "ComplexHalf";
    case DType::complex64: return "ComplexFloat";
    case DType::complex128: return "ComplexDouble";
    default: return name_of(dtype);
  }
}

const char* type_meta_name(DType dtype) {
  switch (dtype) {
    case DType::f64: return "double";
    case DType::f32: return "float";
    case DType::f16: return "c10::Half";
    case DType::bf16: return "c10::BFloat16";
    case DType::i8: return "signed char";
    case DType::i16: return "short int";
    case DType::i32: return "int";
    case DType::i64: return "long int";
    case DType::u8: return "unsigned char";
    case DType::boolean: return "bool";
    case DType::complex64: return "c10::complex<float>";
    case DType::complex128: return "c10::complex<double>";
    default: return name_of(dtype);
  }
}

void check_expands(const Shape& from, const Shape& to) {
  check(from.dim() <= to.dim(), "expand(): the number of sizes provided (", to.dim(),
        ") must be greater or equal to the number of dimensions in the tensor (", from.dim(), ")");
  for (int64_t d = to.dim() - 1, e = from.dim() - 1; e >= 0; --d, --e)
    check(from[e] == to[d] || from[e] == 1, "The expanded size of the tensor (", to[d],
          ") must match the existing size (", from[e], ") at non-singleton dimension ", d,
          ".  Target sizes: ", to, ".  Tensor sizes: ", from);
}

Recorder::Input as_input(const Scalar& value) {
  if (value.is_bool()) return value.to_bool();
  if (value.is_integral()) return value.to_int64();
  return value.to_double();
}

void check_product_dtype(const char* op, DType dtype) {
  switch (dtype) {
    case DType::f64:
    case DType::f32:
    case DType::f16:
    case DType::bf16:
    case DType::i8:
    case DType::i16:
    case DType::i32:
    case DType::i64:
    case DType::u8:
    case DType::complex64:
    case DType::complex128: return;
    default: fail_dtype(op, dtype);
  }
}

std::string bracketed(const std::vector<int64_t>& values) {
  std::string text = "[";
  for (size_t i = 0; i < values.size(); ++i) text += (i ? ", " : "") + std::to_string(values[i]);
  return text + "]";
}

std::vector<int64_t> two_of(const char* op, const char* name, const std::vector<int64_t>& values) {
  if (values.size() == 1) return {values[0], values[0]};
  check(values.size() == 2, op, ": ", name, " must either be a single int, or a tuple of two ints");
  return values;
}

}  // namespace sconce
