// What the functions that PyTorch saves sparse and nested tensors with make. Indices cannot be read before the
// pickle ends; what depends on them is checked after it.
#include "rebuild_arguments.h"
#include "rebuild_calls.h"

#include <sconce/sparse.h>

#include <algorithm>

namespace sconce {
namespace {

using Kind = Value::Kind;

const Tensor& part(const Value::Items& parts, size_t index, const char* what) {
  if (index >= parts.size() || parts[index].kind() != Kind::tensor)
    fail(ErrorKind::corrupt, "expected ", what, " of a sparse tensor as a tensor, got ",
         index < parts.size() ? parts[index].type_name() : "nothing");
  return parts[index].as_tensor();
}

std::optional<Layout> layout_of(const Value& v) {
  if (v.kind() != Kind::global && v.kind() != Kind::string) return std::nullopt;
  std::string_view name = v.as_string();
  if (name.starts_with("torch.")) name.remove_prefix(6);
  for (const Layout l :
       {Layout::sparse_coo, Layout::sparse_csr, Layout::sparse_csc, Layout::sparse_bsr, Layout::sparse_bsc})
    if (name == name_of(l)) return l;
  return std::nullopt;
}

// Only the CPU's bytes can be looked at.
bool is_readable(const Tensor& t) { return t.device() == cpu; }

// What either form of the call says.
struct Parts {
  Layout layout;
  const Value::Items& all;
  size_t first;  // of the tensors among them
  const Value& size;
  bool is_coalesced = false;
};

// (layout, parts): COO has (indices, values, size [, is_coalesced]), the others (compressed, plain, values,
// size).
Parts python_form(const RebuildCall& call) {
  const Value::Items& args = call.args;
  expect_count("_rebuild_sparse_tensor", args, 2, 2);
  const auto layout = layout_of(args[0]);
  if (!layout)
    fail(ErrorKind::unsupported, "a sparse tensor of layout ", args[0].repr(60),
         ", which Sconce does not know");
  if (!call.is_sequence(1))
    fail(ErrorKind::corrupt, "expected the parts of a sparse tensor, got ", args[1].type_name());
  const Value::Items& parts = args[1].items();
  if (*layout != Layout::sparse_coo) {
    expect_count("_rebuild_sparse_tensor", parts, 4, 4);
    return {*layout, parts, 0, parts[3]};
  }
  expect_count("_rebuild_sparse_tensor", parts, 3, 4);
  return {*layout, parts, 0, parts[2],
          parts.size() > 3 && parts[3].kind() == Kind::boolean && parts[3].as_bool()};
}

// (layout, size, requires_grad, tensors..., hooks), as TorchScript writes it; the layout is a number of c10::Layout.
Parts script_form(const RebuildCall& call) {
  const Value::Items& args = call.args;
  const int64_t number = args[0].as_int();
  if (number != 1 && number != 2)
    fail(ErrorKind::unsupported, "a sparse tensor of layout ", number, ", which Sconce does not know");
  expect_count("_rebuild_sparse_tensor", args, number == 1 ? 6 : 7, number == 1 ? 6 : 7);
  return {number == 1 ? Layout::sparse_coo : Layout::sparse_csr, args, 3, args[1]};
}

std::optional<Value> sparse_tensor(const RebuildCall& call) {
  const Parts parts = call.is(0, Kind::integer) ? script_form(call) : python_form(call);
  SparseTensor s;
  s.layout = parts.layout;
  s.is_coalesced = parts.is_coalesced;
  size_t next = parts.first;
  if (s.layout == Layout::sparse_coo) {
    s.indices = part(parts.all, next++, "indices");
  } else {
    s.compressed = part(parts.all, next++, "compressed indices");
    s.plain = part(parts.all, next++, "plain indices");
  }
  s.values = part(parts.all, next, "values");
  call.reader.charge(1024 + 64 * parts.size.size());
  s.shape = Shape(counts_of(parts.size, "size"));
  s.validate_shapes();
  const Tensor& indices = s.layout == Layout::sparse_coo ? s.indices : s.plain;
  if (is_readable(indices) && (s.layout == Layout::sparse_coo || is_readable(s.compressed)))
    call.torch.after_reading(call.reader.key_path(), [s, &torch = call.torch] {
      for (const Tensor* t : {&s.indices, &s.compressed, &s.plain})  // what validate() may copy
        if (t->defined()) torch.materialized().charge(static_cast<uint64_t>(t->numel()) * 8);
      s.validate();
    });
  return Value::sparse(std::move(s));
}

// The integers of a tensor, or of a list.
std::vector<int64_t> integers(const Value& v, const char* what) {
  if (v.kind() != Kind::tensor) return counts_of(v, what);
  const Tensor& t = v.as_tensor();
  if (t.dtype() != DType::i64 || t.nbytes() > static_cast<int64_t>(t.storage().nbytes()))
    fail(ErrorKind::corrupt, "expected ", what, " of a nested tensor as int64, got ", v.repr(80));
  const Tensor dense = t.contiguous();
  const auto* from = static_cast<const int64_t*>(dense.data());
  std::vector<int64_t> out(from, from + dense.numel());
  if (std::any_of(out.begin(), out.end(), [](int64_t n) { return n < 0; }))
    fail(ErrorKind::corrupt, "expected ", what, " of a nested tensor of at least 0");
  return out;
}

// The tensors of a nested one, as views of its buffer.
void fill_nested(Value& nested) {
  const Value::Items& args = nested.arguments();
  const Tensor& buffer = args[0].as_tensor();
  const auto sizes = integers(args[1], "sizes"), strides = integers(args[2], "strides"),
             offsets = integers(args[3], "offsets");
  const size_t count = offsets.size(), dims = count ? sizes.size() / count : 0;
  if (sizes.size() != count * dims || strides.size() != sizes.size())
    fail(ErrorKind::corrupt, "a nested tensor with ", sizes.size(), " sizes, ", strides.size(),
         " strides and ", count, " offsets");
  for (size_t i = 0; i < count; ++i) {
    const auto begin = static_cast<std::ptrdiff_t>(i * dims),
               end = static_cast<std::ptrdiff_t>(i * dims + dims);
    const std::vector<int64_t> size(sizes.begin() + begin, sizes.begin() + end);
    const Strides stride(strides.begin() + begin, strides.begin() + end);
    const int64_t needed = reach_of(size, stride, offsets[i]);
    if (needed > buffer.numel())
      fail(ErrorKind::corrupt, "a tensor of shape ", Shape(size), " at ", offsets[i],
           " in a nested tensor of ", buffer.numel(), " elements");
    ValueBuilder::append(nested, Tensor(buffer.storage(), buffer.dtype(), Shape(size), stride,
                                        buffer.storage_offset() + (needed ? offsets[i] : 0)));
  }
}

// (buffer, sizes, strides, offsets), kept as an object whose items are its tensors.
std::optional<Value> nested_tensor(const RebuildCall& call) {
  const Value::Items& args = call.args;
  expect_count("_rebuild_nested_tensor", args, 4, 4);
  if (!call.is(0, Kind::tensor))
    fail(ErrorKind::corrupt, "expected the buffer of a nested tensor, got ", args[0].type_name());
  const Tensor& buffer = args[0].as_tensor();
  if (buffer.dim() != 1 || !buffer.is_contiguous())
    fail(ErrorKind::corrupt, "expected the buffer of a nested tensor in one dimension, got ",
         args[0].repr(80));
  Value nested = Value::object("torch.nested.nested_tensor", args, Value());
  bool readable = true;
  uint64_t count = 0;
  for (size_t i = 1; i < 4; ++i) {
    readable &= args[i].kind() != Kind::tensor || is_readable(args[i].as_tensor());
    if (args[i].kind() == Kind::tensor) count += static_cast<uint64_t>(args[i].as_tensor().numel());
  }
  if (readable)
    call.torch.after_reading(call.reader.key_path(), [nested, count, &torch = call.torch]() mutable {
      torch.materialized().charge(count * 256);  // of each number, and of the tensors they make
      fill_nested(nested);
    });
  return nested;
}

}  // namespace

std::span<const KnownCall> sparse_calls() {
  static constexpr KnownCall calls[] = {{"torch._utils._rebuild_sparse_tensor", sparse_tensor},
                                        {"torch._utils._rebuild_nested_tensor", nested_tensor}};
  return calls;
}

}  // namespace sconce
