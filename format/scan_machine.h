// The pickle machine of a scan: its values are symbols. Nothing is imported, built or called, and no operation fails
// for want of a value.
#pragma once
#include "pickle_opcodes.h"
#include "scan_pickle.h"
#include "scan_symbols.h"

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sconce {

// Thrown where no Python could go on.
struct EndOfProgram {};

// Follows one program; run() is called once.
class ScanMachine {
 public:
  ScanMachine(Bytes program, uint64_t most_operations);

  PickleOutcome run();

 private:
  // ---- values ----
  uint32_t add(Symbol node);
  void push(uint32_t id) { stack_.push_back(id); }
  void push_new(SymbolKind kind, std::string_view text = {}, int64_t number = 0);
  std::string_view own(std::string text) { return owned_.emplace_back(std::move(text)); }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  uint32_t pop();
  uint32_t top();
  std::vector<uint32_t> pop_to_mark();
  uint32_t container(SymbolKind kind, std::vector<uint32_t> items);
  void push_tuple(size_t count);
  void fill(const std::vector<uint32_t>& items);
  void memoize(uint64_t index, uint32_t id);
  void recall(uint64_t index);

  // ---- what is reported; of breaks the first ----
  void note_break(const char* why);
  template <class Text>
  void note_action(const Text& text, ScanVerdict verdict) {
    auto& actions = out_.pickle.actions;
    if (actions.size() < most_actions)
      actions.push_back({text(), verdict, at_});
    else
      ++out_.pickle.actions_left_out;
  }
  uint32_t note_global(std::string name, NameVerdict verdict, bool plausible);
  void push_global(std::string module, std::string name);
  // f(*arguments).
  void push_call(uint32_t callable, uint32_t arguments);
  void build();
  void push_persistent(uint32_t id);

  // ---- operations ----
  bool step(Op op);
  void text_operation(Op op);
  void name_operation(Op op);
  template <class T>
  T number() {
    return in_.little<T>();
  }
  std::string_view taken(uint64_t length) { return in_.take_text(length); }
  void finish();

  static constexpr uint32_t absent = UINT32_MAX;
  static constexpr size_t most_actions = 1000;
  ByteReader in_;
  const uint64_t most_operations_;
  uint64_t at_ = 0, memo_count_ = 0;
  int protocol_ = 0;
  Symbols symbols_;
  std::vector<uint32_t> stack_, memo_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, uint32_t> far_memo_;
  std::unordered_map<std::string, size_t> globals_;
  std::deque<std::string> owned_;
  PickleOutcome out_;
};

}  // namespace sconce
