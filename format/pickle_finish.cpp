// The end of a pickle program: the value on the stack, held against the limit of nesting, and free of cycles.
#include "pickle.h"

#include "pickle_cost.h"

#include <algorithm>
#include <span>

namespace sconce {

PickleReader::~PickleReader() {
  if (!cycles_) return;
  try {  // what an abandoned program leaves behind must not keep itself alive
    for (auto* more : {&stack_, &memo_}) retired_.insert(retired_.end(), more->begin(), more->end());
    for (auto& [index, value] : sparse_memo_) retired_.push_back(value);
    ValueBuilder::weaken_cycles(retired_);
  } catch (const std::exception&) {
    // without memory for that, they stay
  }
}

Value PickleReader::finish() {
  if (stack_.size() <= floor()) fail(ErrorKind::corrupt, "STOP with nothing on the stack");
  if (stack_.size() > 1 || !marks_.empty()) {
    const std::string left =
        concat("STOP with ", stack_.size(), " values and ", marks_.size(), " marks on the stack");
    if (profile_ == Profile::strict) fail(ErrorKind::corrupt, left, ", expected one value");
    warn(left + "; the last value counts");
  }
  Value root = stack_.back();
  check_depth(root);
  if (cycles_) {  // from the root first: what it holds stays strong
    std::vector<Value> all{root};
    for (auto* more : {&stack_, &memo_, &retired_}) all.insert(all.end(), more->begin(), more->end());
    for (auto& [index, value] : sparse_memo_) all.push_back(value);
    ValueBuilder::weaken_cycles(all);
    cycles_ = false;
  }
  return root;
}

// The deepest nesting below `root`, without recursion. Values that several containers share are looked at
// once; a way back into a container that is still open ends there.
void PickleReader::check_depth(const Value& root) const {
  struct Step {
    explicit Step(const Value& v)
        : value(&v), items(v.items()), arguments(v.arguments()), pairs(v.pairs()), node(v.node()) {}
    const Value* value;
    std::span<const Value> items, arguments;
    std::span<const std::pair<Value, Value>> pairs;
    const Value::Node* node;
    size_t next = 0, part = 0;
    uint64_t below = 0;  // levels below the children seen so far

    // Each child in turn, null at the end.
    const Value* child() {
      for (; part < 3; ++part, next = 0) {
        if (part == 2 && next < 2 * pairs.size()) {
          const auto& pair = pairs[next / 2];
          return next++ % 2 ? &pair.second : &pair.first;
        }
        const auto list = part == 0 ? items : arguments;
        if (part < 2 && next < list.size()) return &list[next++];
      }
      ++next;
      return next == 1 ? &value->state() : next == 2 ? &value->attributes() : nullptr;
    }
  };
  std::unordered_map<const Value::Node*, uint64_t> levels;  // 0 while open
  std::vector<Step> path;
  auto enter = [&](const Value& v) {
    if (path.size() >= budget_.depth)
      fail(ErrorKind::out_of_budget, "values are nested more than ", budget_.depth, " deep");
    levels.emplace(v.node(), 0);
    path.emplace_back(v);
  };
  if (is_container(root)) enter(root);
  while (!path.empty()) {
    Step& step = path.back();
    const Value* child = step.child();
    if (!child) {
      const uint64_t level = step.below + 1;
      levels[step.node] = level;
      path.pop_back();
      if (!path.empty()) path.back().below = std::max(path.back().below, level);
    } else if (is_container(*child)) {
      const auto known = levels.find(child->node());
      if (known == levels.end()) {
        enter(*child);
      } else {
        step.below = std::max(step.below, known->second);
        if (path.size() + known->second > budget_.depth)
          fail(ErrorKind::out_of_budget, "values are nested more than ", budget_.depth, " deep");
      }
    }
  }
}

}  // namespace sconce
