// A pickle machine over symbols: its values are texts of the file, lists of values, names and calls. Nothing is
// imported, built or called, and no operation fails for want of a value.
#include "scan_pickle.h"

#include "pickle_opcodes.h"
#include "pickle_text.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cctype>
#include <tuple>

namespace sconce {
namespace {

constexpr size_t most_actions = 1000, most_globals = 100'000, longest_text = 200;
constexpr int deepest_text = 8;
constexpr uint64_t most_nodes = 40'000'000;
constexpr std::string_view torch_magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

enum class Shape : uint8_t {
  unknown,
  none,
  boolean,
  integer,
  long_integer,
  real,
  text,
  bytes,
  list,
  tuple,
  set,
  dict,
  written,
  global,
  global_with_state,
  call,
  persistent
};

struct Node {
  Shape shape = Shape::unknown;
  ScanVerdict verdict = ScanVerdict::allowed;  // the worst of the names below
  std::string_view text = {};                  // of a text, number or name; in the program or in owned_
  int64_t number = 0;                          // an integer, or the bits of a real
  std::vector<uint32_t> items = {};            // of containers; a call's first is what is called
};

bool is_identifier(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.';
  }) && std::isdigit(static_cast<unsigned char>(text[0])) == 0;
}

struct EndOfProgram {};

class Machine {
 public:
  Machine(Bytes program, uint64_t most_operations) : in_(program), most_operations_(most_operations) {
    nodes_.push_back({});  // number 0 stands for a value that is not known
  }

  PickleOutcome run() {
    try {
      while (true) {
        at_ = in_.position();
        if (in_.at_end()) {
          note_break("the program ends without STOP");
          break;
        }
        if (++out_.operations > most_operations_ || nodes_.size() > most_nodes) {
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

 private:
  // ---- values ----
  uint32_t add(Node node) {
    nodes_.push_back(std::move(node));
    return static_cast<uint32_t>(nodes_.size() - 1);
  }
  void push(uint32_t id) { stack_.push_back(id); }
  void push_new(Shape shape, std::string_view text = {}, int64_t number = 0) {
    push(add({shape, ScanVerdict::allowed, text, number, {}}));
  }
  std::string_view own(std::string text) { return owned_.emplace_back(std::move(text)); }
  size_t floor() const { return marks_.empty() ? 0 : marks_.back(); }
  uint32_t pop() {
    if (stack_.size() <= floor()) {
      note_break("an operation finds too few values on the stack");
      return 0;
    }
    const uint32_t id = stack_.back();
    stack_.pop_back();
    return id;
  }
  uint32_t top() {
    if (stack_.size() <= floor()) {
      note_break("an operation finds no value on the stack");
      return 0;
    }
    return stack_.back();
  }
  std::vector<uint32_t> pop_to_mark() {
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
  uint32_t container(Shape shape, std::vector<uint32_t> items) {
    Node node{shape, ScanVerdict::allowed, {}, 0, std::move(items)};
    for (const uint32_t item : node.items) node.verdict = std::max(node.verdict, nodes_[item].verdict);
    return add(std::move(node));
  }
  void push_tuple(size_t count) {
    std::vector<uint32_t> items(count);
    for (size_t i = count; i-- > 0;) items[i] = pop();
    push(container(Shape::tuple, std::move(items)));
  }
  void fill(const std::vector<uint32_t>& items) {
    const uint32_t id = top();
    if (id == 0) return;
    Node& target = nodes_[id];
    for (const uint32_t item : items) {
      target.items.push_back(item);
      target.verdict = std::max(target.verdict, nodes_[item].verdict);
    }
    if (target.shape == Shape::global && target.verdict >= ScanVerdict::unknown)
      note_action([&] { return repr(id) + " is filled with items"; }, target.verdict);
  }
  void memoize(uint64_t index, uint32_t id) {
    if (index > memo_.size() + 65536) {
      memo_count_ += far_memo_.emplace(index, id).second;
      return;
    }
    if (index >= memo_.size()) memo_.resize(static_cast<size_t>(index) + 1, absent);
    memo_count_ += memo_[static_cast<size_t>(index)] == absent;
    memo_[static_cast<size_t>(index)] = id;
  }
  void recall(uint64_t index) {
    if (index < memo_.size() && memo_[static_cast<size_t>(index)] != absent)
      return push(memo_[static_cast<size_t>(index)]);
    if (const auto found = far_memo_.find(index); found != far_memo_.end()) return push(found->second);
    note_break("an operation asks for a memo entry that is not there");
    push(0);
  }

  // ---- what is reported ----
  void note_break(const char* why) {
    if (out_.pickle.broken.empty()) out_.pickle.broken = concat(why, ", at offset ", at_);
  }
  template <class Text>
  void note_action(const Text& text, ScanVerdict verdict) {
    auto& actions = out_.pickle.actions;
    if (actions.size() < most_actions)
      actions.push_back({text(), verdict, at_});
    else
      ++out_.pickle.actions_left_out;
  }
  uint32_t note_global(std::string name, NameVerdict verdict, bool plausible) {
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
    return add({Shape::global, global.verdict, known->first, 0, {}});
  }
  void push_global(std::string module, std::string name) {
    if (protocol_ < 3) std::tie(module, name) = python3_name(module, name);
    const bool plausible = is_identifier(module) && is_identifier(name);
    const NameVerdict verdict = verdict_of_global(module, name);
    push(note_global(module + "." + name, verdict, plausible));
  }
  // f(*arguments).
  void push_call(uint32_t callable, uint32_t arguments) {
    const uint32_t id = container(Shape::call, {callable, arguments});
    if (nodes_[id].verdict >= ScanVerdict::unknown) note_action([&] { return repr(id); }, nodes_[id].verdict);
    push(id);
  }
  void build() {
    const uint32_t state = pop(), target = top();
    if (target == 0) return;
    const Shape shape = nodes_[target].shape;
    // What an instance was filled with has been judged; how it was made counts here.
    ScanVerdict worst = nodes_[state].verdict;
    if (shape == Shape::call)
      for (size_t i = 0; i < 2; ++i) worst = std::max(worst, nodes_[nodes_[target].items[i]].verdict);
    if (shape == Shape::global || shape == Shape::global_with_state) {
      // A state given to a class, function or module, no instance: it overwrites what other code will use.
      note_action(
          [&] {
            return concat("attributes of ", nodes_[target].text, " are overwritten with ", repr(state));
          },
          ScanVerdict::dangerous);
      nodes_[target].shape = Shape::global_with_state;
    } else if (worst >= ScanVerdict::unknown) {
      note_action([&] { return repr(target) + ".__setstate__(" + repr(state) + ")"; }, worst);
    }
    nodes_[target].verdict = std::max(nodes_[target].verdict, worst);
  }
  void push_persistent(uint32_t id) {
    const Node& tuple = nodes_[id];
    if (tuple.items.size() >= 5 && nodes_[tuple.items[0]].text == "storage") {
      const Node &cls = nodes_[tuple.items[1]], &key = nodes_[tuple.items[2]],
                 &numel = nodes_[tuple.items[4]];
      if (numel.shape == Shape::integer && numel.number >= 0) {
        uint64_t bytes = 0;
        if (checked_product(static_cast<uint64_t>(numel.number), storage_element_size(cls.text), bytes))
          out_.storages.emplace(std::string(key.text), bytes);
      }
    }
    push(container(Shape::persistent, {id}));
  }

  // ---- text for people ----
  std::string repr(uint32_t id) const {
    std::string out;
    write(id, 0, out);
    return out;
  }
  void write(uint32_t id, int depth, std::string& out) const {
    if (out.size() > longest_text || depth > deepest_text) {
      if (out.size() < 3 || out.substr(out.size() - 3) != "...") out += "...";
      return;
    }
    const Node& node = nodes_[id];
    switch (node.shape) {
      case Shape::unknown: out += "?"; break;
      case Shape::none: out += "None"; break;
      case Shape::boolean: out += node.number ? "True" : "False"; break;
      case Shape::integer: out += std::to_string(node.number); break;
      case Shape::real: out += Value(std::bit_cast<double>(node.number)).repr(); break;
      case Shape::long_integer:
        out += node.text.size() <= 64 ? decode_integer(node.text).repr() : std::string("(a long integer)");
        break;
      case Shape::text:
        out += Value(std::string(node.text.substr(0, longest_text))).repr(longest_text);
        break;
      case Shape::bytes:
        out += Value::bytes(std::string(node.text.substr(0, longest_text))).repr(longest_text);
        break;
      case Shape::list: write_items(node.items, depth, "[", "]", out); break;
      case Shape::tuple: write_items(node.items, depth, "(", node.items.size() == 1 ? ",)" : ")", out); break;
      case Shape::set: write_items(node.items, depth, "{", "}", out); break;
      case Shape::dict: write_pairs(node.items, depth, out); break;
      case Shape::written: out += node.text.substr(0, longest_text); break;
      case Shape::global:
      case Shape::global_with_state: out += node.text; break;
      case Shape::persistent:
        out += "persistent id ";
        write(node.items[0], depth + 1, out);
        break;
      case Shape::call: {
        write(node.items[0], depth + 1, out);
        const Node& arguments = nodes_[node.items[1]];
        if (arguments.shape == Shape::tuple)
          write_items(arguments.items, depth, "(", ")", out);
        else
          out += "(*", write(node.items[1], depth + 1, out), out += ")";
        break;
      }
    }
  }
  void write_items(const std::vector<uint32_t>& items, int depth, const char* open, const char* close,
                   std::string& out) const {
    out += open;
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ", ";
      if (out.size() > longest_text) {
        out += "...";
        break;
      }
      write(items[i], depth + 1, out);
    }
    out += close;
  }
  void write_pairs(const std::vector<uint32_t>& items, int depth, std::string& out) const {
    out += "{";
    for (size_t i = 0; i + 1 < items.size(); i += 2) {
      if (i > 0) out += ", ";
      if (out.size() > longest_text) {
        out += "...";
        break;
      }
      write(items[i], depth + 1, out);
      out += ": ";
      write(items[i + 1], depth + 1, out);
    }
    out += "}";
  }

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
  ByteReader in_;
  const uint64_t most_operations_;
  uint64_t at_ = 0, memo_count_ = 0;
  int protocol_ = 0;
  std::vector<Node> nodes_;
  std::vector<uint32_t> stack_, memo_;
  std::vector<size_t> marks_;
  std::unordered_map<uint64_t, uint32_t> far_memo_;
  std::unordered_map<std::string, size_t> globals_;
  std::deque<std::string> owned_;
  PickleOutcome out_;
};

bool Machine::step(Op op) {
  switch (op) {
    case Op::stop: finish(); return false;
    case Op::proto:
      if (at_ == 0) out_.has_mark = true;
      protocol_ = number<uint8_t>();
      if (protocol_ > 5) note_break("an unknown pickle protocol");
      break;
    case Op::frame:
      if (number<uint64_t>() > in_.remaining()) note_break("a frame reaches past the end");
      break;
    case Op::mark: marks_.push_back(stack_.size()); break;
    case Op::pop:
      if (!marks_.empty() && stack_.size() <= floor())
        marks_.pop_back();
      else
        pop();
      break;
    case Op::pop_mark: pop_to_mark(); break;
    case Op::dup: push(top()); break;
    case Op::none: push_new(Shape::none); break;
    case Op::newtrue: push_new(Shape::boolean, {}, 1); break;
    case Op::newfalse: push_new(Shape::boolean, {}, 0); break;
    case Op::binint: push_new(Shape::integer, {}, number<int32_t>()); break;
    case Op::binint1: push_new(Shape::integer, {}, number<uint8_t>()); break;
    case Op::binint2: push_new(Shape::integer, {}, number<uint16_t>()); break;
    case Op::binfloat: push_new(Shape::real, {}, std::bit_cast<int64_t>(in_.big<double>())); break;
    case Op::empty_tuple: push_new(Shape::tuple); break;
    case Op::tuple1: push_tuple(1); break;
    case Op::tuple2: push_tuple(2); break;
    case Op::tuple3: push_tuple(3); break;
    case Op::empty_list: push_new(Shape::list); break;
    case Op::empty_dict: push_new(Shape::dict); break;
    case Op::empty_set: push_new(Shape::set); break;
    case Op::tuple: push(container(Shape::tuple, pop_to_mark())); break;
    case Op::list: push(container(Shape::list, pop_to_mark())); break;
    case Op::frozenset: push(container(Shape::set, pop_to_mark())); break;
    case Op::dict: push(container(Shape::dict, pop_to_mark())); break;
    case Op::append: fill({pop()}); break;
    case Op::appends:
    case Op::additems:
    case Op::setitems: fill(pop_to_mark()); break;
    case Op::setitem: {
      const uint32_t value = pop(), key = pop();
      fill({key, value});
      break;
    }
    case Op::binput: memoize(number<uint8_t>(), top()); break;
    case Op::long_binput: memoize(number<uint32_t>(), top()); break;
    case Op::memoize: memoize(memo_count_, top()); break;
    case Op::binget: recall(number<uint8_t>()); break;
    case Op::long_binget: recall(number<uint32_t>()); break;
    case Op::binpersid: push_persistent(pop()); break;
    case Op::build: build(); break;
    case Op::next_buffer: push(0); break;
    case Op::readonly_buffer: break;
    case Op::global:
    case Op::stack_global:
    case Op::inst:
    case Op::obj:
    case Op::reduce:
    case Op::newobj:
    case Op::newobj_ex:
    case Op::ext1:
    case Op::ext2:
    case Op::ext4: name_operation(op); break;
    default: text_operation(op); break;
  }
  return true;
}

void Machine::name_operation(Op op) {
  switch (op) {
    case Op::global: {
      std::string module(in_.line());
      push_global(std::move(module), std::string(in_.line()));
      break;
    }
    case Op::stack_global: {
      const uint32_t name = pop(), module = pop();
      if (nodes_[name].shape == Shape::text && nodes_[module].shape == Shape::text) {
        push_global(std::string(nodes_[module].text), std::string(nodes_[name].text));
      } else {
        static constexpr std::string_view why = "the name is only made while the file is loaded";
        push(note_global("(made of " + repr(module) + " and " + repr(name) + ")",
                         {ScanVerdict::dangerous, why}, true));
      }
      break;
    }
    case Op::inst: {
      std::string module(in_.line());
      std::string name(in_.line());
      const uint32_t arguments = container(Shape::tuple, pop_to_mark());
      push_global(std::move(module), std::move(name));
      const uint32_t callable = pop();
      push_call(callable, arguments);
      break;
    }
    case Op::obj: {
      std::vector<uint32_t> items = pop_to_mark();
      const uint32_t callable = items.empty() ? 0 : items.front();
      if (!items.empty()) items.erase(items.begin());
      push_call(callable, container(Shape::tuple, std::move(items)));
      break;
    }
    case Op::newobj_ex: {
      const uint32_t keywords = pop(), arguments = pop(), callable = pop();
      std::vector<uint32_t> all = nodes_[arguments].items;
      if (!nodes_[keywords].items.empty()) all.push_back(keywords);
      push_call(callable, container(Shape::tuple, std::move(all)));
      break;
    }
    case Op::ext1:
    case Op::ext2:
    case Op::ext4: {
      const uint32_t code = op == Op::ext1   ? number<uint8_t>()
                            : op == Op::ext2 ? number<uint16_t>()
                                             : number<uint32_t>();
      push(note_global(
          concat("(extension code ", code, ")"),
          {ScanVerdict::unknown, "what it stands for is registered in the process that loads the file"},
          true));
      break;
    }
    default: {
      const uint32_t arguments = pop(), callable = pop();
      push_call(callable, arguments);
    }
  }
}

// Numbers and texts that are written out, and PUT, GET and PERSID of protocol 0.
void Machine::text_operation(Op op) {
  const auto index = [&](std::string_view digits) -> uint64_t {
    uint64_t value = 0;
    for (const char c : digits) {
      if (std::isdigit(static_cast<unsigned char>(c)) == 0 || value > UINT64_MAX / 10 - 1) {
        note_break("a memo index that is no number");
        return 0;
      }
      value = value * 10 + static_cast<uint64_t>(c - '0');
    }
    return value;
  };
  const auto decoded = [&](Shape shape, const auto& decode, std::string_view raw) {
    try {
      push_new(shape, own(decode(raw)));
    } catch (const Error&) {
      note_break("a text that does not decode");
      push_new(shape, raw);
    }
  };
  switch (op) {
    case Op::long1: push_new(Shape::long_integer, taken(number<uint8_t>())); break;
    case Op::long4: {
      const auto length = number<int32_t>();
      if (length < 0) note_break("an integer of negative length");
      push_new(Shape::long_integer, taken(static_cast<uint64_t>(std::max(length, 0))));
      break;
    }
    case Op::int_text:
    case Op::long_text:
    case Op::float_text: {
      const std::string_view digits = in_.line();
      if (op == Op::int_text && (digits == "00" || digits == "01")) {
        push_new(Shape::boolean, {}, digits == "01");
        break;
      }
      if (digits == "119547037146038801333356L" || digits == "119547037146038801333356")
        push_new(Shape::long_integer, torch_magic);
      else
        push_new(Shape::written, digits);
      break;
    }
    case Op::short_binunicode: push_new(Shape::text, taken(number<uint8_t>())); break;
    case Op::binunicode: push_new(Shape::text, taken(number<uint32_t>())); break;
    case Op::binunicode8: push_new(Shape::text, taken(number<uint64_t>())); break;
    case Op::short_binstring: push_new(Shape::text, taken(number<uint8_t>())); break;
    case Op::binstring: {
      const auto length = number<int32_t>();
      if (length < 0) note_break("a string of negative length");
      push_new(Shape::text, taken(static_cast<uint64_t>(std::max(length, 0))));
      break;
    }
    case Op::short_binbytes: push_new(Shape::bytes, taken(number<uint8_t>())); break;
    case Op::binbytes: push_new(Shape::bytes, taken(number<uint32_t>())); break;
    case Op::binbytes8:
    case Op::bytearray8: push_new(Shape::bytes, taken(number<uint64_t>())); break;
    case Op::unicode_text: decoded(Shape::text, decode_raw_unicode_escape, in_.line()); break;
    case Op::string_text: decoded(Shape::text, decode_string_literal, in_.line()); break;
    case Op::put: {
      const uint64_t at = index(in_.line());
      memoize(at, top());
      break;
    }
    case Op::get: recall(index(in_.line())); break;
    case Op::persid: {
      push_new(Shape::text, in_.line());
      push_persistent(pop());
      break;
    }
    default: {
      constexpr std::string_view digits = "0123456789abcdef";
      const auto byte = static_cast<unsigned>(op);
      const std::string why =
          concat("byte 0x", digits[byte >> 4], digits[byte & 15], " is no pickle operation");
      note_break(why.c_str());
      throw EndOfProgram{};
    }
  }
}

void Machine::finish() {
  out_.stopped = true;
  const uint32_t value = top();
  const Node& node = nodes_[value];
  out_.is_torch_magic = node.shape == Shape::long_integer && node.text == torch_magic;
  if (node.shape == Shape::list || node.shape == Shape::tuple) {
    for (const uint32_t item : node.items) out_.texts.emplace_back(nodes_[item].text);
  }
}

}  // namespace

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
  return Machine(program, most_operations).run();
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
