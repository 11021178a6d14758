// The machine: its stack and memo, and what it reports.
#include "scan_machine.h"

#include "pickle_text.h"

#include <algorithm>
#include <cctype>
#include <tuple>

namespace sconce {
namespace {

constexpr size_t most_globals = 100'000;
constexpr uint64_t most_symbols = 40'000'000;

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
  }) && std::isdigit(static_cast<unsigned char>(text[0])) == 0;
}

}  // namespace

ScanMachine::ScanMachine(Bytes program, uint64_t most_operations)
    : in_(program), most_operations_(most_operations) {
  symbols_.push_back({});  // number 0 stands for a value that is not known
}

PickleOutcome ScanMachine::run() {
  try {
    while (true) {
      at_ = in_.position();
      if (in_.at_end()) {
        note_break("the program ends without STOP");
        break;
      }
      if (++out_.operations > most_operations_ || symbols_.size() > most_symbols) {
        note_break("too many operations to follow");
        break;
      }
      if (!step(static_cast<Op>(in_.u8()))) break;
    }
  } catch (const EndOfProgram&) {
  } catch (const Error&) {  // a read past the end
    note_break("the program ends inside an operation");
  }
  out_.pickle.length = in_.position();
  out_.pickle.protocol = protocol_;
  return std::move(out_);
}

uint32_t ScanMachine::add(Symbol node) {
  symbols_.push_back(std::move(node));
  return static_cast<uint32_t>(symbols_.size() - 1);
}

void ScanMachine::push_new(SymbolKind kind, std::string_view text, int64_t number) {
  push(add({kind, ScanVerdict::allowed, text, number, {}}));
}

uint32_t ScanMachine::pop() {
  if (stack_.size() <= floor()) {
    note_break("an operation finds too few values on the stack");
    return 0;
  }
  const uint32_t id = stack_.back();
  stack_.pop_back();
  return id;
}

uint32_t ScanMachine::top() {
  if (stack_.size() <= floor()) {
    note_break("an operation finds no value on the stack");
    return 0;
  }
  return stack_.back();
}

std::vector<uint32_t> ScanMachine::pop_to_mark() {
  if (marks_.empty()) {
    note_break("an operation finds no mark on the stack");
    return {};
  }
  const size_t from = marks_.back();
  marks_.pop_back();
  std::vector<uint32_t> out(stack_.begin() + static_cast<std::ptrdiff_t>(std::min(from, stack_.size())),
                            stack_.end());
  stack_.resize(std::min(from, stack_.size()));
  return out;
}

uint32_t ScanMachine::container(SymbolKind kind, std::vector<uint32_t> items) {
  Symbol node{kind, ScanVerdict::allowed, {}, 0, std::move(items)};
  for (const uint32_t item : node.items) node.verdict = std::max(node.verdict, symbols_[item].verdict);
  return add(std::move(node));
}

void ScanMachine::push_tuple(size_t count) {
  std::vector<uint32_t> items(count);
  for (size_t i = count; i-- > 0;) items[i] = pop();
  push(container(SymbolKind::tuple, std::move(items)));
}

void ScanMachine::fill(const std::vector<uint32_t>& items) {
  const uint32_t id = top();
  if (id == 0) return;
  Symbol& target = symbols_[id];
  for (const uint32_t item : items) {
    target.items.push_back(item);
    target.verdict = std::max(target.verdict, symbols_[item].verdict);
  }
  if (target.kind == SymbolKind::global && target.verdict >= ScanVerdict::unknown)
    note_action([&] { return text_of(symbols_, id) + " is filled with items"; }, target.verdict);
}

void ScanMachine::memoize(uint64_t index, uint32_t id) {
  if (index > memo_.size() + 65536) {
    memo_count_ += far_memo_.emplace(index, id).second;
    return;
  }
  if (index >= memo_.size()) memo_.resize(static_cast<size_t>(index) + 1, absent);
  memo_count_ += memo_[static_cast<size_t>(index)] == absent;
  memo_[static_cast<size_t>(index)] = id;
}

void ScanMachine::recall(uint64_t index) {
  if (index < memo_.size() && memo_[static_cast<size_t>(index)] != absent)
    return push(memo_[static_cast<size_t>(index)]);
  if (const auto found = far_memo_.find(index); found != far_memo_.end()) return push(found->second);
  note_break("an operation asks for a memo entry that is not there");
  push(0);
}

void ScanMachine::note_break(const char* why) {
  if (out_.pickle.broken.empty()) out_.pickle.broken = concat(why, ", at offset ", at_);
}

uint32_t ScanMachine::note_global(std::string name, NameVerdict verdict, bool plausible) {
  out_.plausible = out_.plausible && plausible;
  auto [known, is_new] = globals_.try_emplace(std::move(name), 0);
  if (is_new) {
    auto& list = out_.pickle.globals;
    if (list.size() >= most_globals) {
      note_break("too many different names to follow");
      throw EndOfProgram{};
    }
    known->second = list.size();
    list.push_back({known->first, verdict.verdict, std::string(verdict.why), 0, at_});
  }
  ScanGlobal& global = out_.pickle.globals[known->second];
  ++global.uses;
  return add({SymbolKind::global, global.verdict, known->first, 0, {}});
}

void ScanMachine::push_global(std::string module, std::string name) {
  if (protocol_ < 3) std::tie(module, name) = python3_name(module, name);
  const bool plausible = is_identifier(module) && is_identifier(name);
  const NameVerdict verdict = verdict_of_global(module, name);
  push(note_global(module + "." + name, verdict, plausible));
}

void ScanMachine::push_call(uint32_t callable, uint32_t arguments) {
  const uint32_t id = container(SymbolKind::call, {callable, arguments});
  if (symbols_[id].verdict >= ScanVerdict::unknown)
    note_action([&] { return text_of(symbols_, id); }, symbols_[id].verdict);
  push(id);
}

void ScanMachine::build() {
  const uint32_t state = pop(), target = top();
  if (target == 0) return;
  const SymbolKind kind = symbols_[target].kind;
  // What an instance was filled with has been judged; how it was made counts here.
  ScanVerdict worst = symbols_[state].verdict;
  if (kind == SymbolKind::call)
    for (size_t i = 0; i < 2; ++i) worst = std::max(worst, symbols_[symbols_[target].items[i]].verdict);
  if (kind == SymbolKind::global || kind == SymbolKind::global_with_state) {
    // A state given to a class, function or module, no instance: it overwrites what other code will use.
    note_action(
        [&] {
          return concat("attributes of ", symbols_[target].text, " are overwritten with ",
                        text_of(symbols_, state));
        },
        ScanVerdict::dangerous);
    symbols_[target].kind = SymbolKind::global_with_state;
  } else if (worst >= ScanVerdict::unknown) {
    note_action([&] { return text_of(symbols_, target) + ".__setstate__(" + text_of(symbols_, state) + ")"; },
                worst);
  }
  symbols_[target].verdict = std::max(symbols_[target].verdict, worst);
}

void ScanMachine::push_persistent(uint32_t id) {
  const Symbol& tuple = symbols_[id];
  if (tuple.items.size() >= 5 && symbols_[tuple.items[0]].text == "storage") {
    const Symbol &cls = symbols_[tuple.items[1]], &key = symbols_[tuple.items[2]],
                 &numel = symbols_[tuple.items[4]];
    if (numel.kind == SymbolKind::integer && numel.number >= 0) {
      uint64_t bytes = 0;
      if (checked_product(static_cast<uint64_t>(numel.number), storage_element_size(cls.text), bytes))
        out_.storages.emplace(std::string(key.text), bytes);
    }
  }
  push(container(SymbolKind::persistent, {id}));
}

uint64_t storage_element_size(std::string_view storage_class) {
  const size_t dot = storage_class.rfind('.');
  const std::string_view name = dot == storage_class.npos ? storage_class : storage_class.substr(dot + 1);
  static const std::unordered_map<std::string_view, uint64_t> sizes = {
      {"DoubleStorage", 8}, {"LongStorage", 8},    {"ComplexFloatStorage", 8}, {"ComplexDoubleStorage", 16},
      {"FloatStorage", 4},  {"IntStorage", 4},     {"QInt32Storage", 4},       {"HalfStorage", 2},
      {"ShortStorage", 2},  {"BFloat16Storage", 2}};
  const auto found = sizes.find(name);
  return found == sizes.end() ? 1 : found->second;
}

PickleOutcome follow_pickle(Bytes program, uint64_t most_operations) {
  return ScanMachine(program, most_operations).run();
}

ScanVerdict ScanPickle::verdict() const {
  ScanVerdict worst = ScanVerdict::allowed;
  for (const ScanGlobal& global : globals) worst = std::max(worst, global.verdict);
  for (const ScanAction& action : actions) worst = std::max(worst, action.verdict);
  return worst;
}

ScanVerdict ScanReport::verdict() const {
  ScanVerdict worst = ScanVerdict::allowed;
  for (const ScanPickle& pickle : pickles) worst = std::max(worst, pickle.verdict());
  return worst;
}

}  // namespace sconce
