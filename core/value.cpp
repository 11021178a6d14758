// The passive value tree: making values, and reading them.
#include <sconce/quantized.h>
#include <sconce/sparse.h>
#include <sconce/value.h>

#include <algorithm>
#include <utility>

#include "value_node.h"

namespace sconce {
namespace {

const Value::Items no_items;
const Value::Pairs no_pairs;
const Value absent;

const char* kind_name(Value::Kind kind) {
  using Kind = Value::Kind;
  switch (kind) {
    case Kind::none: return "NoneType";
    case Kind::boolean: return "bool";
    case Kind::integer:
    case Kind::big_integer: return "int";
    case Kind::floating: return "float";
    case Kind::complex: return "complex";
    case Kind::string: return "str";
    case Kind::bytes: return "bytes";
    case Kind::list: return "list";
    case Kind::tuple: return "tuple";
    case Kind::set: return "set";
    case Kind::dict: return "dict";
    case Kind::tensor:
    case Kind::quantized:
    case Kind::sparse: return "torch.Tensor";
    case Kind::dtype: return "torch.dtype";
    case Kind::device: return "torch.device";
    case Kind::size: return "torch.Size";
    case Kind::global: return "type";
    case Kind::object: return "object";
  }
  return "object";
}

[[noreturn]] void fail_kind(const char* expected, const Value& got) {
  fail(ErrorKind::mismatch, "expected ", expected, ", got ", got.type_name());
}

// The name to keep of a class; none when the kind says it.
TypeName type_name_for(Value::Kind kind, std::string_view name) {
  static const auto ordered_dict = std::make_shared<const std::string>("collections.OrderedDict");
  if (name.empty() || name == kind_name(kind)) return nullptr;
  return name == *ordered_dict ? ordered_dict : std::make_shared<const std::string>(name);
}

template <class N, class... Parts>
Value make(Parts&&... parts) {
  return ValueNodes::handle(new N(std::forward<Parts>(parts)...));
}

}  // namespace

void Value::destroy(Node* node) noexcept { ValueNodes::destroy(node); }

const Value& Value::referred() const {
  const Value* v = this;
  while (v->held_ == Held::node && v->payload_.node->stands != Node::Stands::itself) {
    const Node* node = v->payload_.node;
    v = node->stands == Node::Stands::weak ? &static_cast<const ValueNodes::Weak*>(node)->link->target
                                           : &static_cast<const ValueNodes::Branch*>(node)->state;
  }
  return *v;
}

Value::Value(std::complex<double> v) : Value(new ValueNodes::Complex(v)) {}
Value::Value(std::string v) : Value(new ValueNodes::Text(Kind::string, std::move(v))) {}
Value::Value(Tensor v) : Value(new ValueNodes::Dense(std::move(v))) {}
Value Value::quantized(QuantizedTensor v) {
  return make<ValueNodes::Quantized>(std::make_shared<const QuantizedTensor>(std::move(v)));
}
Value Value::sparse(SparseTensor v) {
  return make<ValueNodes::Sparse>(std::make_shared<const SparseTensor>(std::move(v)));
}
Value Value::bytes(std::string v, std::string_view type_name) {
  return make<ValueNodes::Bytes>(std::move(v), type_name_for(Kind::bytes, type_name));
}
Value Value::big_integer(std::string decimal) {
  return make<ValueNodes::Text>(Kind::big_integer, std::move(decimal));
}
Value Value::global(std::string qualified_name) {
  return make<ValueNodes::Text>(Kind::global, std::move(qualified_name));
}
Value Value::list(Items items) { return make<ValueNodes::Sequence>(Kind::list, std::move(items)); }
Value Value::tuple(Items items) { return make<ValueNodes::Sequence>(Kind::tuple, std::move(items)); }
Value Value::size(const std::vector<int64_t>& extents) {
  return make<ValueNodes::Sequence>(Kind::size, Items(extents.begin(), extents.end()));
}
Value Value::set(Items items, std::string_view type_name) {
  return make<ValueNodes::Set>(std::move(items), type_name_for(Kind::set, type_name));
}
Value Value::dict(Pairs pairs, std::string_view type_name) {
  return make<ValueNodes::Dict>(std::move(pairs), type_name_for(Kind::dict, type_name));
}
Value Value::object(std::string_view type_name, Items arguments, Value state, Items items, Pairs pairs) {
  auto* node = new ValueNodes::Object(type_name_for(Kind::object, type_name));
  node->arguments = std::move(arguments);
  node->state = std::move(state);
  node->items = std::move(items);
  node->pairs = std::move(pairs);
  return Value(node);
}

const Value::Node* Value::node() const { return ValueNodes::meant(*this); }

std::string Value::type_name() const {
  const TypeName* name = ValueNodes::type_name(ValueNodes::meant(*this));
  return name && *name ? **name : kind_name(kind());
}

bool Value::as_bool() const {
  const Value& v = self();
  if (v.held_ != Held::boolean) fail_kind("bool", *this);
  return v.payload_.integer != 0;
}

int64_t Value::as_int() const {
  const Value& v = self();
  if (v.held_ != Held::integer && v.held_ != Held::boolean) fail_kind("int", *this);
  return v.payload_.integer;
}

double Value::as_double() const {
  const Value& v = self();
  if (v.held_ == Held::floating) return v.payload_.floating;
  if (v.held_ == Held::integer || v.held_ == Held::boolean) return static_cast<double>(v.payload_.integer);
  fail_kind("float", *this);
}

std::complex<double> Value::as_complex() const {
  const Node* node = ValueNodes::meant(*this);
  if (node && node->kind == Kind::complex) return static_cast<const ValueNodes::Complex*>(node)->number;
  return as_double();
}

const std::string& Value::as_string() const {
  const Node* node = ValueNodes::meant(*this);
  if (node && (node->kind == Kind::string || node->kind == Kind::bytes || node->kind == Kind::big_integer ||
               node->kind == Kind::global))
    return static_cast<const ValueNodes::Text*>(node)->text;
  fail_kind("str", *this);
}

const Tensor& Value::as_tensor() const {
  const Node* node = ValueNodes::meant(*this);
  if (node && node->kind == Kind::tensor) return static_cast<const ValueNodes::Dense*>(node)->tensor;
  if (node && (node->kind == Kind::quantized || node->kind == Kind::sparse))
    fail(ErrorKind::mismatch, "expected a dense torch.Tensor, got a ",
         node->kind == Kind::sparse ? "sparse" : "quantized", " one: ", repr(80));
  fail_kind("torch.Tensor", *this);
}

const QuantizedTensor& Value::as_quantized() const {
  if (kind() == Kind::quantized) return *static_cast<const ValueNodes::Quantized*>(node())->tensor;
  fail_kind("a quantized torch.Tensor", *this);
}

const SparseTensor& Value::as_sparse() const {
  if (kind() == Kind::sparse) return *static_cast<const ValueNodes::Sparse*>(node())->tensor;
  fail_kind("a sparse torch.Tensor", *this);
}

DType Value::as_dtype() const {
  const Value& v = self();
  if (v.held_ != Held::dtype) fail_kind("torch.dtype", *this);
  return v.payload_.dtype;
}

Device Value::as_device() const {
  const Value& v = self();
  if (v.held_ != Held::device) fail_kind("torch.device", *this);
  return v.payload_.device;
}

std::vector<int64_t> Value::as_ints() const {
  if (kind() != Kind::size && kind() != Kind::list && kind() != Kind::tuple)
    fail_kind("a sequence of ints", *this);
  std::vector<int64_t> out;
  out.reserve(items().size());
  for (const Value& item : items()) out.push_back(item.as_int());
  return out;
}

const Value::Items& Value::items() const {
  const Items* items = ValueNodes::items(ValueNodes::meant(*this));
  return items ? *items : no_items;
}

const Value::Pairs& Value::pairs() const {
  const Pairs* pairs = ValueNodes::pairs(ValueNodes::meant(*this));
  return pairs ? *pairs : no_pairs;
}

const Value::Items& Value::arguments() const {
  const Node* node = ValueNodes::meant(*this);
  return node && node->kind == Kind::object ? static_cast<const ValueNodes::Object*>(node)->arguments
                                            : no_items;
}

const Value& Value::state() const {
  const ValueNodes::Branch* branch = ValueNodes::branch(self());
  return branch && branch->kind == Kind::object ? branch->state : absent;
}

const Value& Value::attributes() const {
  const ValueNodes::Branch* branch = ValueNodes::branch(self());
  return branch && branch->kind != Kind::object ? branch->state : absent;
}

Value Value::with_attributes(Value attributes) const {
  Value out = ValueNodes::copy(self());
  ValueBuilder::set_attributes(out, std::move(attributes));
  return out;
}

size_t Value::size() const {
  if (kind() == Kind::string || kind() == Kind::bytes) return as_string().size();
  return kind() == Kind::dict ? pairs().size() : items().size();
}

const Value* Value::find(std::string_view key) const {
  const auto& all = pairs();
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& pair) {
    return pair.first.kind() == Kind::string && pair.first.as_string() == key;
  });
  return found == all.end() ? nullptr : &found->second;
}

const Value& Value::operator[](std::string_view key) const {
  if (kind() != Kind::dict && kind() != Kind::object) fail_kind("dict", *this);
  if (const Value* value = find(key)) return *value;
  std::string known;
  for (const auto& [k, v] : pairs()) {
    if (known.size() > 200) {
      known += ", ...";
      break;
    }
    known += (known.empty() ? "" : ", ") + k.repr(60);
  }
  fail(ErrorKind::mismatch, "no key \"", key, "\" here; the keys are: ", known.empty() ? "(none)" : known);
}

const Value& Value::operator[](size_t index) const {
  check(index < items().size(), "[Value] expected an index below ", items().size(), ", got ", index);
  return items()[index];
}

}  // namespace sconce
