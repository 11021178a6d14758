// The nodes of the value tree: their parts, and a teardown that does not recurse.
#include "value_node.h"

namespace sconce {

using Kind = Value::Kind;

bool ValueNodes::is_branch(const Node& node) {
  switch (node.kind) {
    case Kind::list:
    case Kind::tuple:
    case Kind::size:
    case Kind::set:
    case Kind::dict:
    case Kind::object:
    case Kind::tensor:
    case Kind::quantized:
    case Kind::sparse: return true;
    default: return false;
  }
}

ValueNodes::Branch* ValueNodes::branch(const Value& value) {
  Node* node = of(value);
  return node && is_branch(*node) ? static_cast<Branch*>(node) : nullptr;
}

Value::Items* ValueNodes::items(Node* node) {
  if (!node) return nullptr;
  switch (node->kind) {
    case Kind::list:
    case Kind::tuple:
    case Kind::size:
    case Kind::set: return &static_cast<Sequence*>(node)->items;
    case Kind::object: return &static_cast<Object*>(node)->items;
    default: return nullptr;
  }
}

Value::Pairs* ValueNodes::pairs(Node* node) {
  if (!node) return nullptr;
  if (node->kind == Kind::dict) return &static_cast<Dict*>(node)->pairs;
  return node->kind == Kind::object ? &static_cast<Object*>(node)->pairs : nullptr;
}

TypeName* ValueNodes::type_name(Node* node) {
  if (!node) return nullptr;
  switch (node->kind) {
    case Kind::bytes: return &static_cast<Bytes*>(node)->type_name;
    case Kind::set: return &static_cast<Set*>(node)->type_name;
    case Kind::dict: return &static_cast<Dict*>(node)->type_name;
    case Kind::object: return &static_cast<Object*>(node)->type_name;
    default: return nullptr;
  }
}

// An edge to `target`, which is a branch, that does not own it.
Value ValueNodes::weak(const Value& target) {
  Branch* node = branch(target);
  auto* edge = new Weak(nullptr);
  const Value guard(edge);
  if (!node->link) node->link = new Link(node);
  edge->link = node->link;
  node->link->owners.fetch_add(1, std::memory_order_relaxed);
  return guard;
}

Value ValueNodes::copy(const Value& value) {
  const Branch* from = branch(value);
  if (!from) return value;
  const auto made = [from](Branch* node) {
    Value out(node);
    node->state = from->state;
    return out;
  };
  switch (from->kind) {
    case Kind::tensor: return made(new Dense(static_cast<const Dense*>(from)->tensor));
    case Kind::quantized: return made(new Quantized(static_cast<const Quantized*>(from)->tensor));
    case Kind::sparse: return made(new Sparse(static_cast<const Sparse*>(from)->tensor));
    case Kind::set: {
      const auto* set = static_cast<const Set*>(from);
      return made(new Set(set->items, set->type_name));
    }
    case Kind::dict: {
      const auto* dict = static_cast<const Dict*>(from);
      return made(new Dict(dict->pairs, dict->type_name));
    }
    case Kind::object: {
      const auto* object = static_cast<const Object*>(from);
      auto* node = new Object(object->type_name);
      Value out = made(node);
      node->items = object->items;
      node->arguments = object->arguments;
      node->pairs = object->pairs;
      return out;
    }
    default: return made(new Sequence(from->kind, static_cast<const Sequence*>(from)->items));
  }
}

namespace {

void drop(ValueNodes::Link* link) noexcept {
  if (link && link->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete link;
}

}  // namespace

void ValueNodes::free(Node* node) noexcept {
  if (node->stands == Node::Stands::weak) {
    drop(static_cast<Weak*>(node)->link);
    return delete static_cast<Weak*>(node);
  }
  switch (node->kind) {
    case Kind::string:
    case Kind::big_integer:
    case Kind::global: return delete static_cast<Text*>(node);
    case Kind::bytes: return delete static_cast<Bytes*>(node);
    case Kind::complex: return delete static_cast<Complex*>(node);
    case Kind::tensor: return delete static_cast<Dense*>(node);
    case Kind::quantized: return delete static_cast<Quantized*>(node);
    case Kind::sparse: return delete static_cast<Sparse*>(node);
    case Kind::list:
    case Kind::tuple:
    case Kind::size: return delete static_cast<Sequence*>(node);
    case Kind::set: return delete static_cast<Set*>(node);
    case Kind::dict: return delete static_cast<Dict*>(node);
    case Kind::object: return delete static_cast<Object*>(node);
    case Kind::none:
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
    case Kind::dtype:
    case Kind::device: break;  // these lie in the handle
  }
}

void ValueNodes::destroy(Node* node) noexcept {
  if (!is_branch(*node)) return free(node);
  auto* branch = static_cast<Branch*>(node);
  if (branch->link) {
    branch->link->forget();
    drop(branch->link);
  }
  // Branches whose last owner is in a branch being freed wait in a list, which the outermost call empties.
  static thread_local Branch* waiting = nullptr;
  static thread_local bool emptying = false;
  branch->next = waiting;
  waiting = branch;
  if (emptying) return;
  emptying = true;
  while (waiting) free(std::exchange(waiting, waiting->next));
  emptying = false;
}

}  // namespace sconce
