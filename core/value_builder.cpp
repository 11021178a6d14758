// Filling containers that were handed out, and cutting the cycles that this allows.
#include <sconce/value.h>

#include "value_node.h"

namespace sconce {

void ValueBuilder::append(Value& target, Value item) {
  target.resolved().container->items.push_back(std::move(item));
}

void ValueBuilder::insert(Value& target, Value key, Value value) {
  target.resolved().container->pairs.emplace_back(std::move(key), std::move(value));
}

void ValueBuilder::replace(Value& target, size_t index, Value value) {
  target.resolved().container->pairs[index].second = std::move(value);
}

void ValueBuilder::set_state(Value& target, Value state) {
  target.resolved().container->state = std::move(state);
}

void ValueBuilder::set_attributes(Value& target, Value attributes) {
  Value::Node& node = target.resolved();
  if (!node.container) node.container = std::make_unique<Value::Container>();
  node.container->state = std::move(attributes);
}

void ValueBuilder::become(Value& target, const Value& source) {
  const Value::Node& from = source.get();
  Value::Node& to = target.resolved();
  if (&to == &from) return;
  auto container = from.container ? std::make_unique<Value::Container>(*from.container) : nullptr;
  to.kind = from.kind;
  to.payload = from.payload;
  to.container = std::move(container);
}

namespace {

// Every handle that a container owns, by position; null past the end.
Value* child_at(Value::Container& c, size_t index) {
  for (auto* list : {&c.items, &c.arguments}) {
    if (index < list->size()) return &(*list)[index];
    index -= list->size();
  }
  if (index < 2 * c.pairs.size()) return index % 2 ? &c.pairs[index / 2].second : &c.pairs[index / 2].first;
  return index == 2 * c.pairs.size() ? &c.state : nullptr;
}

}  // namespace

void ValueBuilder::weaken_cycles(std::span<Value> roots) {
  using Visit = Value::Node::Visit;
  struct Step {
    Value::Node* node;
    size_t next = 0;
  };
  std::vector<Step> path;
  std::vector<Value::Node*> seen;
  auto enter = [&](Value::Node* node) {
    node->visit = Visit::open;
    seen.push_back(node);
    path.push_back({node});
  };
  for (Value& root : roots) {
    if (!root.node_ || !root.node_->container || root.node_->visit != Visit::none) continue;
    enter(root.node_.get());
    while (!path.empty()) {
      Step& step = path.back();
      Value* child = child_at(*step.node->container, step.next++);
      if (!child) {
        step.node->visit = Visit::done;
        path.pop_back();
        continue;
      }
      Value::Node* node = child->node_.get();
      if (!node || !node->container) continue;
      if (node->visit == Visit::open) {
        auto weak = std::make_shared<Value::Node>();
        weak->payload = std::weak_ptr<Value::Node>(child->node_);
        child->node_ = std::move(weak);
      } else if (node->visit == Visit::none) {
        enter(node);
      }
    }
  }
  for (Value::Node* node : seen) node->visit = Visit::none;
}

}  // namespace sconce
