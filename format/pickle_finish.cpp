// The end of a pickle program: the value on the stack, held against the limit of nesting, and free of cycles.
#include "pickle.h"

#include "pickle_cost.h"

#include <algorithm>

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
    const Value* value;
    size_t next = 0;
    uint64_t below = 0;  // levels below the children seen so far
  };
  std::unordered_map<const Value::Node*, uint64_t> levels;  // 0 while open
  std::vector<Step> path;
  auto child_of = [](const Value& v, size_t index) -> const Value* {
    for (const auto* list : {&v.items(), &v.arguments()}) {
      if (index < list->size()) return &(*list)[index];
      index -= list->size();
    }
    if (index < 2 * v.pairs().size())
      return index % 2 ? &v.pairs()[index / 2].second : &v.pairs()[index / 2].first;
    index -= 2 * v.pairs().size();
    return index == 0 ? &v.state() : index == 1 ? &v.attributes() : nullptr;
  };
  auto enter = [&](const Value& v) {
    if (path.size() >= budget_.depth)
      fail(ErrorKind::out_of_budget, "values are nested more than ", budget_.depth, " deep");
    levels.emplace(v.node(), 0);
    path.push_back({&v});
  };
  if (is_container(root)) enter(root);
  while (!path.empty()) {
    Step& step = path.back();
    const Value* child = child_of(*step.value, step.next++);
    if (!child) {
      const uint64_t level = step.below + 1;
      levels[step.value->node()] = level;
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
