// Where a pickle reader is, what it has to say, and what it has spent.
#include "pickle.h"

#include <algorithm>

namespace sconce {
namespace {

constexpr size_t most_warnings = 100;

}  // namespace

std::string PickleReader::key_path() const {
  std::string path;
  const auto begin_part = [&]() -> std::string& { return path.empty() ? path : path += '.'; };
  const auto add_key = [&](const Value& key) {
    if (key.kind() == Value::Kind::string)
      begin_part().append(key.as_string(), 0, 200);
    else if (key.kind() == Value::Kind::integer)
      begin_part() += std::to_string(key.as_int());
    else
      return false;
    return true;
  };
  // Dictionaries under construction without a mark: dict key dict key ...
  const auto add_chain = [&](size_t from, size_t end) {
    for (; from + 1 < end && stack_[from].kind() == Value::Kind::dict; from += 2)
      if (!add_key(stack_[from + 1])) break;
  };
  add_chain(0, marks_.empty() ? stack_.size() : marks_[0]);
  for (size_t m = 0; m < marks_.size(); ++m) {
    const size_t begin = marks_[m], end = m + 1 < marks_.size() ? marks_[m + 1] : stack_.size();
    if (begin == 0 || begin >= end) continue;
    const Value& owner = stack_[begin - 1];
    if (owner.kind() ==
        Value::Kind::dict) {  // keys are at even places above the mark; the last one is being filled
      const size_t key = begin + (end - begin - 1) / 2 * 2;
      if (add_key(stack_[key])) add_chain(key + 1, end);
    } else if (owner.kind() == Value::Kind::list) {
      begin_part() += std::to_string(owner.size() + end - begin);
    }
  }
  return path;
}

void PickleReader::warn(std::string sentence) {
  if (warnings_.size() < most_warnings)
    warnings_.push_back(std::move(sentence));
  else if (warnings_.size() == most_warnings)
    warnings_.push_back("more such warnings were left out");
}

void PickleReader::fail_tree() const {
  fail(ErrorKind::out_of_budget, "the values would take more than ", budget_.tree_bytes, " bytes");
}

}  // namespace sconce
