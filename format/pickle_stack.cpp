// The pickle machine's stack and memo.
#include "pickle.h"

#include "pickle_cost.h"
#include "pickle_text.h"

namespace sconce {

void PickleReader::fail_length(uint64_t length) const {
  if (length > in_.remaining())
    fail(ErrorKind::corrupt, "the pickle ends inside a value: ", length, " bytes expected, ", in_.remaining(),
         " left");
  fail(ErrorKind::out_of_budget, "a string of ", length, " bytes; the limit is ", budget_.string_bytes);
}

void PickleReader::fail_empty(const char* what) {
  fail(ErrorKind::corrupt, "expected ", what, ", the stack is empty");
}

std::string_view PickleReader::line() {
  const std::string_view out = in_.line();
  if (out.size() > budget_.string_bytes)
    fail(ErrorKind::out_of_budget, "a line of ", out.size(), " bytes; the limit is ", budget_.string_bytes);
  return out;
}

Value::Items PickleReader::pop_to_mark(const char* what) {
  if (marks_.empty()) fail(ErrorKind::corrupt, what, " without a mark");
  const auto from = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  charge(handle_cost * static_cast<uint64_t>(stack_.end() - from));
  Value::Items out(std::make_move_iterator(from), std::make_move_iterator(stack_.end()));
  stack_.erase(from, stack_.end());
  marks_.pop_back();
  return out;
}

void PickleReader::push_tuple(size_t count) {
  if (stack_.size() - floor() < count)
    fail(ErrorKind::corrupt, "expected ", count, " values for a tuple, the stack has ",
         stack_.size() - floor());
  charge(container_cost + count * handle_cost);
  const auto from = stack_.end() - static_cast<std::ptrdiff_t>(count);
  Value::Items items(std::make_move_iterator(from), std::make_move_iterator(stack_.end()));
  stack_.erase(from, stack_.end());
  push(Value::tuple(std::move(items)));
}

void PickleReader::push_text(std::string_view raw) {
  if (!is_utf8(raw)) fail(ErrorKind::corrupt, "a text of ", raw.size(), " bytes is not UTF-8");
  charge(leaf_cost + raw.size());
  push(std::string(raw));
}

// Python 2 had one type for text and bytes; what is no UTF-8 was bytes.
void PickleReader::push_python2_string(std::string raw) {
  charge(leaf_cost + raw.size());
  if (is_utf8(raw))
    push(std::move(raw));
  else
    push(Value::bytes(std::move(raw)));
}

// ---- memo ----

// What the memo keeps of a value: nothing when it is never asked for.
Value PickleReader::memo_entry(uint64_t index, const Value& value) const {
  if (fetched_ && (index >= fetched_->size() || !(*fetched_)[index])) return {};
  ValueBuilder::mark(value);
  return value;
}

void PickleReader::put(uint64_t index) {
  const Value& value = top("a value to remember");
  if (memo_.empty() && index == 1) {
    memo_begins_at_1_ = true;
    memo_.emplace_back();
  }
  if (index < memo_.size()) {
    if (is_container(memo_[index])) retired_.push_back(memo_[index]), cycles_ = true;
    if (index == 0) memo_begins_at_1_ = false;
    memo_[index] = memo_entry(index, value);
    return;
  }
  if (memo_.size() + sparse_memo_.size() >= budget_.memo_entries)
    fail(ErrorKind::out_of_budget, "the memo has more than ", budget_.memo_entries, " entries");
  if (index == memo_.size()) {
    memo_.push_back(memo_entry(index, value));
    return;
  }
  if (profile_ == Profile::strict)
    fail(ErrorKind::corrupt, "memo index ", index, " jumps ahead of the ", memo_.size(),
         " entries before it");
  charge(4 * handle_cost);
  Value& slot = sparse_memo_[index];
  if (is_container(slot)) retired_.push_back(slot), cycles_ = true;
  slot = value;
  ValueBuilder::mark(value);
}

void PickleReader::memoize() { put(memo_.size() - (memo_begins_at_1_ ? 1 : 0) + sparse_memo_.size()); }

void PickleReader::get(uint64_t index) {
  if (index < memo_.size() && !(index == 0 && memo_begins_at_1_)) return push(memo_[index]);
  const auto found = sparse_memo_.find(index);
  if (found == sparse_memo_.end()) fail(ErrorKind::corrupt, "memo index ", index, " was never stored");
  push(found->second);
}

}  // namespace sconce
