// Filling containers that were handed out, and cutting the cycles that this allows.
#include "value_node.h"

namespace sconce {
namespace {

ValueNodes::Branch& branch_of(const Value& value, ValueNodes::Branch* branch, const char* what) {
  if (!branch)
    fail(ErrorKind::mismatch, "expected a value that can have ", what, ", got ", value.type_name());
  return *branch;
}

}  // namespace

void ValueBuilder::append(Value& target, Value item) {
  Value::Items* items = ValueNodes::items(ValueNodes::meant(target));
  if (!items) fail(ErrorKind::mismatch, "expected a value that can have items, got ", target.type_name());
  items->push_back(std::move(item));
}

void ValueBuilder::insert(Value& target, Value key, Value value) {
  Value::Pairs* pairs = ValueNodes::pairs(ValueNodes::meant(target));
  if (!pairs) fail(ErrorKind::mismatch, "expected a value that can have pairs, got ", target.type_name());
  pairs->emplace_back(std::move(key), std::move(value));
}

void ValueBuilder::replace(Value& target, size_t index, Value value) {
  (*ValueNodes::pairs(ValueNodes::meant(target)))[index].second = std::move(value);
}

void ValueBuilder::set_state(Value& target, Value state) {
  branch_of(target, ValueNodes::branch(target.self()), "a state").state = std::move(state);
}

void ValueBuilder::set_attributes(Value& target, Value attributes) {
  branch_of(target, ValueNodes::branch(target.self()), "attributes").state = std::move(attributes);
}

void ValueBuilder::become(Value& target, const Value& source) {
  ValueNodes::Branch& to = branch_of(target, ValueNodes::branch(target.self()), "parts");
  if (ValueNodes::meant(source) == &to) return;
  to.state = ValueNodes::copy(source.self());
  to.stands = Value::Node::Stands::became;
  if (auto* items = ValueNodes::items(&to)) items->clear();
  if (auto* pairs = ValueNodes::pairs(&to)) pairs->clear();
  if (to.kind == Value::Kind::object) static_cast<ValueNodes::Object&>(to).arguments.clear();
}

long ValueBuilder::owners(const Value& value) {
  const Value::Node* node = ValueNodes::of(value);
  return node ? static_cast<long>(node->owners.load(std::memory_order_relaxed)) : 1;
}

bool ValueBuilder::is_marked(const Value& value) {
  const Value::Node* node = ValueNodes::of(value);
  return node && node->marked;
}

void ValueBuilder::mark(const Value& value) {
  if (Value::Node* node = ValueNodes::of(value)) node->marked = true;
}

namespace {

// Every handle that a branch owns, by position; null past the end.
Value* child_at(ValueNodes::Branch& branch, size_t index) {
  if (index == 0) return &branch.state;
  --index;
  for (auto* list :
       {ValueNodes::items(&branch),
        branch.kind == Value::Kind::object ? &static_cast<ValueNodes::Object&>(branch).arguments : nullptr}) {
    if (!list) continue;
    if (index < list->size()) return &(*list)[index];
    index -= list->size();
  }
  Value::Pairs* pairs = ValueNodes::pairs(&branch);
  if (!pairs || index >= 2 * pairs->size()) return nullptr;
  return index % 2 ? &(*pairs)[index / 2].second : &(*pairs)[index / 2].first;
}

}  // namespace

void ValueBuilder::weaken_cycles(std::span<Value> roots) {
  using Visit = Value::Node::Visit;
  struct Step {
    ValueNodes::Branch* node;
    size_t next = 0;
  };
  std::vector<Step> path;
  std::vector<ValueNodes::Branch*> seen;
  auto enter = [&](ValueNodes::Branch* node) {
    seen.push_back(node);
    path.push_back({node});
    node->visit = Visit::open;
  };
  for (const Value& root : roots) {
    ValueNodes::Branch* top = ValueNodes::branch(root);
    if (!top || top->visit != Visit::none) continue;
    enter(top);
    while (!path.empty()) {
      Step& step = path.back();
      Value* child = child_at(*step.node, step.next++);
      if (!child) {
        step.node->visit = Visit::done;
        path.pop_back();
        continue;
      }
      ValueNodes::Branch* node = ValueNodes::branch(*child);
      if (!node) continue;
      if (node->visit == Visit::open)
        *child = ValueNodes::weak(*child);
      else if (node->visit == Visit::none)
        enter(node);
    }
  }
  for (ValueNodes::Branch* node : seen) node->visit = Visit::none;
}

}  // namespace sconce
