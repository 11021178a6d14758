// The passive value tree: nodes, handles, and a teardown that does not recurse.
#include <sconce/quantized.h>
#include <sconce/sparse.h>
#include <sconce/value.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <variant>

#include "value_node.h"

namespace sconce {
namespace {

const Value::Items no_items;
const Value::Pairs no_pairs;

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

std::shared_ptr<Value::Node> make_node(Value::Kind kind) {
  auto node = std::make_shared<Value::Node>();
  node->kind = kind;
  return node;
}

std::shared_ptr<Value::Node> make_container(Value::Kind kind, std::string type_name = {}) {
  auto node = make_node(kind);
  node->container = std::make_unique<Value::Container>();
  node->container->type_name = std::move(type_name);
  return node;
}

template <class T>
std::shared_ptr<Value::Node> make_leaf(Value::Kind kind, T payload) {
  auto node = make_node(kind);
  node->payload = std::move(payload);
  return node;
}

const std::shared_ptr<Value::Node>& none_node() {
  static const std::shared_ptr<Value::Node> node = make_node(Value::Kind::none);
  return node;
}

}  // namespace

Value::Node::~Node() {
  if (!container) return;
  // Children whose last owner this is are handed to a list that the outermost destructor empties.
  static thread_local std::vector<std::unique_ptr<Container>>* draining = nullptr;
  if (draining) {
    draining->push_back(std::move(container));
    return;
  }
  std::vector<std::unique_ptr<Container>> pending;
  draining = &pending;
  pending.push_back(std::move(container));
  while (!pending.empty()) {
    const std::unique_ptr<Container> last = std::move(pending.back());
    pending.pop_back();
  }
  draining = nullptr;
}

Value::Value() : node_(none_node()) {}
Value::Value(bool v) : node_(make_leaf(Kind::boolean, v)) {}
Value::Value(int64_t v) : node_(make_leaf(Kind::integer, v)) {}
Value::Value(double v) : node_(make_leaf(Kind::floating, v)) {}
Value::Value(std::complex<double> v) : node_(make_leaf(Kind::complex, v)) {}
Value::Value(std::string v) : node_(make_leaf(Kind::string, std::move(v))) {}
Value::Value(Tensor v) : node_(make_leaf(Kind::tensor, std::move(v))) {}
Value::Value(DType v) : node_(make_leaf(Kind::dtype, v)) {}
Value::Value(Device v) : node_(make_leaf(Kind::device, v)) {}
Value Value::quantized(QuantizedTensor v) {
  return Value(make_leaf(Kind::quantized, std::make_shared<const QuantizedTensor>(std::move(v))));
}
Value Value::sparse(SparseTensor v) {
  return Value(make_leaf(Kind::sparse, std::make_shared<const SparseTensor>(std::move(v))));
}
Value Value::bytes(std::string v, std::string type_name) {
  auto node = make_leaf(Kind::bytes, std::move(v));
  if (type_name != kind_name(Kind::bytes)) {
    node->container = std::make_unique<Container>();
    node->container->type_name = std::move(type_name);
  }
  return Value(std::move(node));
}
Value Value::big_integer(std::string decimal) {
  return Value(make_leaf(Kind::big_integer, std::move(decimal)));
}
Value Value::global(std::string qualified_name) {
  return Value(make_leaf(Kind::global, std::move(qualified_name)));
}

Value Value::list(Items items) {
  auto node = make_container(Kind::list);
  node->container->items = std::move(items);
  return Value(std::move(node));
}

Value Value::tuple(Items items) {
  auto node = make_container(Kind::tuple);
  node->container->items = std::move(items);
  return Value(std::move(node));
}

Value Value::set(Items items, std::string type_name) {
  auto node = make_container(Kind::set, std::move(type_name));
  node->container->items = std::move(items);
  return Value(std::move(node));
}

Value Value::size(const std::vector<int64_t>& extents) {
  auto node = make_container(Kind::size);
  for (const int64_t n : extents) node->container->items.emplace_back(n);
  return Value(std::move(node));
}

Value Value::dict(Pairs pairs, std::string type_name) {
  auto node = make_container(Kind::dict, std::move(type_name));
  node->container->pairs = std::move(pairs);
  return Value(std::move(node));
}

Value Value::object(std::string type_name, Items arguments, Value state, Items items, Pairs pairs) {
  auto node = make_container(Kind::object, std::move(type_name));
  Container& c = *node->container;
  c.arguments = std::move(arguments);
  c.state = std::move(state);
  c.items = std::move(items);
  c.pairs = std::move(pairs);
  return Value(std::move(node));
}

const Value::Node& Value::get() const {
  if (!node_) return *none_node();  // a moved-from handle
  if (const auto* weak = std::get_if<std::weak_ptr<Node>>(&node_->payload)) {
    const auto target = weak->lock();
    return target ? *target : *none_node();  // the tree that this handle came from still owns it
  }
  return *node_;
}

Value::Node& Value::resolved() { return const_cast<Node&>(get()); }

Value::Kind Value::kind() const { return get().kind; }

std::string Value::type_name() const {
  const Node& node = get();
  if (node.container && !node.container->type_name.empty()) return node.container->type_name;
  return kind_name(node.kind);
}

bool Value::as_bool() const {
  if (const auto* v = std::get_if<bool>(&get().payload)) return *v;
  fail_kind("bool", *this);
}

int64_t Value::as_int() const {
  if (const auto* v = std::get_if<int64_t>(&get().payload)) return *v;
  if (const auto* v = std::get_if<bool>(&get().payload)) return *v ? 1 : 0;
  fail_kind("int", *this);
}

double Value::as_double() const {
  if (const auto* v = std::get_if<double>(&get().payload)) return *v;
  if (kind() == Kind::integer || kind() == Kind::boolean) return static_cast<double>(as_int());
  fail_kind("float", *this);
}

std::complex<double> Value::as_complex() const {
  if (const auto* v = std::get_if<std::complex<double>>(&get().payload)) return *v;
  return as_double();
}

const std::string& Value::as_string() const {
  if (const auto* v = std::get_if<std::string>(&get().payload)) return *v;
  fail_kind("str", *this);
}

const Tensor& Value::as_tensor() const {
  if (const auto* v = std::get_if<Tensor>(&get().payload)) return *v;
  if (kind() == Kind::quantized || kind() == Kind::sparse)
    fail(ErrorKind::mismatch, "expected a dense torch.Tensor, got a ",
         kind() == Kind::sparse ? "sparse" : "quantized", " one: ", repr(80));
  fail_kind("torch.Tensor", *this);
}

const QuantizedTensor& Value::as_quantized() const {
  if (const auto* v = std::get_if<std::shared_ptr<const QuantizedTensor>>(&get().payload)) return **v;
  fail_kind("a quantized torch.Tensor", *this);
}

const SparseTensor& Value::as_sparse() const {
  if (const auto* v = std::get_if<std::shared_ptr<const SparseTensor>>(&get().payload)) return **v;
  fail_kind("a sparse torch.Tensor", *this);
}

DType Value::as_dtype() const {
  if (const auto* v = std::get_if<DType>(&get().payload)) return *v;
  fail_kind("torch.dtype", *this);
}

Device Value::as_device() const {
  if (const auto* v = std::get_if<Device>(&get().payload)) return *v;
  fail_kind("torch.device", *this);
}

std::vector<int64_t> Value::as_ints() const {
  if (kind() != Kind::size && kind() != Kind::list && kind() != Kind::tuple)
    fail_kind("a sequence of ints", *this);
  std::vector<int64_t> out;
  out.reserve(items().size());
  for (const Value& item : items()) out.push_back(item.as_int());
  return out;
}

const Value::Items& Value::items() const { return get().container ? get().container->items : no_items; }
const Value::Pairs& Value::pairs() const { return get().container ? get().container->pairs : no_pairs; }
const Value::Items& Value::arguments() const {
  return get().container ? get().container->arguments : no_items;
}

const Value& Value::state() const {
  static const Value none;
  return get().container && kind() == Kind::object ? get().container->state : none;
}

const Value& Value::attributes() const {
  static const Value none;
  return get().container && kind() != Kind::object ? get().container->state : none;
}

Value Value::with_attributes(Value attributes) const {
  const Node& from = get();
  auto node = make_node(from.kind);
  node->payload = from.payload;
  node->container =
      from.container ? std::make_unique<Container>(*from.container) : std::make_unique<Container>();
  node->container->state = std::move(attributes);
  return Value(std::move(node));
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
