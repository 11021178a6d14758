// Pickle programs: the machine with its stack, marks and memo. It has no recursion and calls nothing from the
// file.
#include "pickle.h"

#include "pickle_opcodes.h"
#include "pickle_text.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace sconce {
namespace {

// Memory that a value takes in the tree, roughly: its node, and its node with the parts that containers have.
constexpr uint64_t leaf_cost = 160, container_cost = 320, handle_cost = 16;
// Longest binary integer: its decimal digits take time that grows with the square of the length.
constexpr uint64_t longest_integer = 1024;
constexpr size_t most_warnings = 100;
// A dictionary up to this size finds its keys by looking at each.
constexpr size_t few_pairs = 8;

bool is_container(const Value& v) {
  switch (v.kind()) {
    case Value::Kind::list:
    case Value::Kind::tuple:
    case Value::Kind::set:
    case Value::Kind::dict:
    case Value::Kind::object: return true;
    default: return !v.attributes().is_none();
  }
}

uint64_t cost_of(const Value& v) {
  switch (v.kind()) {
    case Value::Kind::none: return 0;
    case Value::Kind::string:
    case Value::Kind::bytes:
    case Value::Kind::big_integer:
    case Value::Kind::global: return leaf_cost + v.as_string().size();
    case Value::Kind::tensor: return 2 * leaf_cost;
    case Value::Kind::size: return container_cost + v.items().size() * (handle_cost + leaf_cost);
    case Value::Kind::boolean:
    case Value::Kind::integer:
    case Value::Kind::floating:
    case Value::Kind::complex:
    case Value::Kind::dtype:
    case Value::Kind::device: return leaf_cost;
    default:
      return container_cost + (v.items().size() + v.arguments().size() + 2 * v.pairs().size()) * handle_cost;
  }
}

// Text under which equal dictionary keys are equal: 1, 1.0 and True are one key to Python. Throws
// ErrorKind::corrupt for values that cannot be keys. Looks at a bounded number of values, because tuples may
// share parts.
class KeyText {
 public:
  explicit KeyText(const Value& key) { add(key, 0); }
  std::string text;

 private:
  void add(const Value& v, int depth) {
    if (depth > 32 || ++parts_ > 1000)
      fail(ErrorKind::out_of_budget, "a dictionary key has more than 1000 parts");
    switch (v.kind()) {
      case Value::Kind::none: text += 'n'; break;
      case Value::Kind::boolean:
      case Value::Kind::integer: text += 'i' + std::to_string(v.as_int()); break;
      case Value::Kind::floating: add_float(v.as_double()); break;
      case Value::Kind::list:
      case Value::Kind::set:
      case Value::Kind::dict: fail(ErrorKind::corrupt, "expected a dictionary key, got a ", v.type_name());
      case Value::Kind::tuple:
      case Value::Kind::size:
        text += '(';
        for (const Value& item : v.items()) add(item, depth + 1), text += ',';
        text += ')';
        break;
      case Value::Kind::string: add_text('s', v.as_string()); break;
      case Value::Kind::bytes: add_text('b', v.as_string()); break;
      case Value::Kind::big_integer: add_text('i', v.as_string()); break;
      case Value::Kind::global: add_text('g', v.as_string()); break;
      case Value::Kind::dtype: add_text('t', name_of(v.as_dtype())); break;
      case Value::Kind::device: add_text('d', v.as_device().str()); break;
      default: add_identity(v); break;
    }
  }
  void add_text(char kind, std::string_view s) {
    if (s.size() > 65536)
      fail(ErrorKind::out_of_budget, "a part of a dictionary key has ", s.size(), " bytes");
    ((text += kind) += std::to_string(s.size()) + ':') += s;
  }
  void add_float(double d) {
    if (d >= -9e18 && d <= 9e18 && d == static_cast<double>(static_cast<int64_t>(d))) {
      text += 'i' + std::to_string(static_cast<int64_t>(d));
      return;
    }
    char raw[sizeof d];
    std::memcpy(raw, &d, sizeof d);
    add_text('f', {raw, sizeof d});
  }
  void add_identity(const Value& v) { text += 'o' + std::to_string(reinterpret_cast<uintptr_t>(v.node())); }

  int parts_ = 0;
};

bool same_key(const Value& a, const Value& b) {
  const bool text = a.kind() == Value::Kind::string;
  if (text != (b.kind() == Value::Kind::string)) return false;
  return text ? a.as_string() == b.as_string() : KeyText(a).text == KeyText(b).text;
}

const Value& empty_tuple() {
  static const Value value = Value::tuple({});
  return value;
}

}  // namespace

// ---- meaning: by default, none ----

Value PickleMeaning::global(const std::string& module, const std::string& name) {
  return Value::global(module + "." + name);
}

Value PickleMeaning::call(PickleReader&, const Value& callable, const Value& arguments) {
  if (callable.kind() == Value::Kind::global)
    return Value::object(callable.as_string(), arguments.items(), Value());
  Value::Items all{callable};
  all.insert(all.end(), arguments.items().begin(), arguments.items().end());
  return Value::object("(call)", std::move(all), Value());
}

void PickleMeaning::build(PickleReader& reader, Value& target, const Value& state) {
  switch (target.kind()) {
    case Value::Kind::object:
      if (!target.state().is_none())
        reader.warn(
            concat("an instance of ", target.type_name(), " is given its state twice; the last one stays"));
      ValueBuilder::set_state(target, state);
      break;
    case Value::Kind::dict: ValueBuilder::set_attributes(target, state); break;
    default: fail(ErrorKind::corrupt, "expected an instance to give its state to, got ", target.type_name());
  }
}

Value PickleMeaning::persistent(PickleReader&, const Value&) {
  fail(ErrorKind::corrupt, "a reference to something outside this pickle (persistent id)");
}

// ---- the machine ----

PickleReader::PickleReader(Bytes program, PickleMeaning& meaning, Profile profile, const Budget& budget,
                           uint64_t base)
    : in_(program, base), base_(base), meaning_(meaning), profile_(profile), budget_(budget) {}

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

Value PickleReader::read() {
  try {
    check(in_.position() == base_, "[PickleReader] a program is read once");
    while (true) {
      op_offset_ = in_.position();
      if (in_.at_end()) fail(ErrorKind::corrupt, "the pickle ends without STOP");
      if (op_offset_ - base_ >= budget_.pickle_bytes)
        fail(ErrorKind::out_of_budget, "the pickle is longer than ", budget_.pickle_bytes, " bytes");
      if (++opcodes_ > budget_.opcodes)
        fail(ErrorKind::out_of_budget, "the pickle has more than ", budget_.opcodes, " operations");
      charge(handle_cost);
      if (!step(static_cast<Op>(in_.u8()))) return finish();
    }
  } catch (const Error& e) {
    Error out(e.kind(), e.message());
    out.in_record(e.context().record)
        .at_offset(op_offset_)
        .at_key(e.context().key.empty() ? key_path() : e.context().key);
    throw out;
  } catch (const std::bad_alloc&) {
    Error out(ErrorKind::out_of_budget, "no memory for the pickle's values");
    throw out.at_offset(op_offset_);
  }
}

bool PickleReader::step(Op op) {
  switch (op) {
    case Op::stop: return false;
    case Op::proto:
      protocol_ = number<uint8_t>();
      if (protocol_ > 5) fail(ErrorKind::unsupported, "pickle protocol ", protocol_, "; 0 to 5 are known");
      break;
    case Op::frame: {
      const auto length = number<uint64_t>();
      if (length > in_.remaining())
        fail(ErrorKind::corrupt, "a frame of ", length, " bytes, with ", in_.remaining(), " left");
      break;
    }

    // The stack.
    case Op::mark: marks_.push_back(stack_.size()); break;
    case Op::pop:
      if (stack_.size() == floor() && !marks_.empty())
        marks_.pop_back();
      else
        pop("a value to drop");
      break;
    case Op::pop_mark: pop_to_mark("POP_MARK"); break;
    case Op::dup: {
      const Value value = top("a value to repeat");
      if (is_container(value)) retired_.push_back(value), cycles_ = true;
      push(value);
      break;
    }

    // Constants and numbers.
    case Op::none: push(Value()); break;
    case Op::newtrue:
    case Op::newfalse: {
      static const Value yes(true), no(false);
      push(op == Op::newtrue ? yes : no);
      break;
    }
    case Op::binint: charge(leaf_cost), push(int64_t{number<int32_t>()}); break;
    case Op::binint1: charge(leaf_cost), push(int64_t{number<uint8_t>()}); break;
    case Op::binint2: charge(leaf_cost), push(int64_t{number<uint16_t>()}); break;
    case Op::binfloat: charge(leaf_cost), push(load_big<double>(bytes_of(text(8)).data())); break;
    case Op::long1:
    case Op::long4: {
      const int64_t length = op == Op::long1 ? number<uint8_t>() : number<int32_t>();
      if (length < 0) fail(ErrorKind::corrupt, "an integer of ", length, " bytes");
      if (static_cast<uint64_t>(length) > longest_integer)
        fail(ErrorKind::out_of_budget, "an integer of ", length, " bytes; the limit is ", longest_integer);
      charge(leaf_cost + static_cast<uint64_t>(length) * 3);
      push(decode_integer(text(static_cast<uint64_t>(length))));
      break;
    }
    case Op::int_text: {
      const std::string_view digits = line();
      charge(leaf_cost + digits.size());
      if (digits == "00" || digits == "01")
        push(digits == "01");
      else
        push(decode_decimal(digits));
      break;
    }
    case Op::long_text: {
      const std::string_view digits = line();
      charge(leaf_cost + digits.size());
      push(decode_decimal(digits));
      break;
    }
    case Op::float_text: charge(leaf_cost), push(decode_float(line())); break;

    // Text and bytes.
    case Op::short_binunicode: push_text(text(number<uint8_t>())); break;
    case Op::binunicode: push_text(text(number<uint32_t>())); break;
    case Op::binunicode8: push_text(text(number<uint64_t>())); break;
    case Op::unicode_text: {
      const std::string_view raw = line();
      charge(leaf_cost + 2 * raw.size());
      push(decode_raw_unicode_escape(raw));
      break;
    }
    case Op::short_binstring: push_python2_string(std::string(text(number<uint8_t>()))); break;
    case Op::binstring: {
      const auto length = number<int32_t>();
      if (length < 0) fail(ErrorKind::corrupt, "a string of ", length, " bytes");
      push_python2_string(std::string(text(static_cast<uint64_t>(length))));
      break;
    }
    case Op::string_text: push_python2_string(decode_string_literal(line())); break;
    case Op::short_binbytes:
    case Op::binbytes:
    case Op::binbytes8:
    case Op::bytearray8: {
      const std::string_view raw = text(op == Op::short_binbytes ? number<uint8_t>()
                                        : op == Op::binbytes     ? number<uint32_t>()
                                                                 : number<uint64_t>());
      charge(leaf_cost + raw.size());
      push(Value::bytes(std::string(raw)));
      break;
    }

    // Containers.
    case Op::empty_tuple: push(empty_tuple()); break;
    case Op::tuple1: push_tuple(1); break;
    case Op::tuple2: push_tuple(2); break;
    case Op::tuple3: push_tuple(3); break;
    case Op::empty_list: charge(container_cost), push(Value::list({})); break;
    case Op::empty_dict: charge(container_cost), push(Value::dict({})); break;
    case Op::empty_set: charge(container_cost), push(Value::set({})); break;
    case Op::tuple: charge(container_cost), push(Value::tuple(pop_to_mark("TUPLE"))); break;
    case Op::list: charge(container_cost), push(Value::list(pop_to_mark("LIST"))); break;
    case Op::frozenset: {
      charge(container_cost);
      push(Value::set({}));
      Value made = pop("a set");
      Value::Items items = pop_to_mark("FROZENSET");
      push(std::move(made));
      add_items(std::move(items), true);
      break;
    }
    case Op::dict: {
      charge(container_cost);
      const Value::Items items = pop_to_mark("DICT");
      push(Value::dict({}));
      set_pairs(items);
      break;
    }
    case Op::append: {
      Value item = pop("an item");
      Value::Items one;
      one.push_back(std::move(item));
      add_items(std::move(one), false);
      break;
    }
    case Op::appends: add_items(pop_to_mark("APPENDS"), false); break;
    case Op::additems: add_items(pop_to_mark("ADDITEMS"), true); break;
    case Op::setitem: {
      Value value = pop("a value"), key = pop("a key");
      touch(top("a dictionary"));
      set_pair(top("a dictionary"), key, value);
      break;
    }
    case Op::setitems: set_pairs(pop_to_mark("SETITEMS")); break;

    // The memo.
    case Op::binput: put(number<uint8_t>()); break;
    case Op::long_binput: put(number<uint32_t>()); break;
    case Op::memoize: memoize(); break;
    case Op::binget: get(number<uint8_t>()); break;
    case Op::long_binget: get(number<uint32_t>()); break;
    case Op::put:
    case Op::get: {
      const Value index = decode_decimal(line());
      if (index.kind() != Value::Kind::integer || index.as_int() < 0)
        fail(ErrorKind::corrupt, "a memo index of ", index.repr(40));
      op == Op::put ? put(static_cast<uint64_t>(index.as_int())) : get(static_cast<uint64_t>(index.as_int()));
      break;
    }

    // Names, calls and instances.
    case Op::global: {
      const std::string module(line());
      push_global(module, std::string(line()));
      break;
    }
    case Op::stack_global: {
      const Value name = pop("a name"), module = pop("a module");
      if (name.kind() != Value::Kind::string || module.kind() != Value::Kind::string)
        fail(ErrorKind::corrupt, "expected module and name as text, got ", module.type_name(), " and ",
             name.type_name());
      push_global(module.as_string(), name.as_string());
      break;
    }
    case Op::reduce:
    case Op::newobj: {
      const Value arguments = pop("arguments"), callable = pop("a callable");
      push_call(callable, arguments);
      break;
    }
    case Op::newobj_ex: push_object_ex(); break;
    case Op::inst: {
      const std::string module(line()), name(line());
      charge(container_cost);
      const Value arguments = Value::tuple(pop_to_mark("INST"));
      push_global(module, name);
      push_call(pop("a class"), arguments);
      break;
    }
    case Op::obj: push_call_of_marked(); break;
    case Op::build: build(); break;
    case Op::binpersid: push_persistent(pop("a persistent id")); break;
    case Op::persid: {
      const std::string_view id = line();
      charge(leaf_cost + id.size());
      push_persistent(std::string(id));
      break;
    }

    case Op::ext1:
    case Op::ext2:
    case Op::ext4:
      fail(ErrorKind::unsupported,
           "an extension code (EXT) refers to a registry of the process that wrote the file");
    case Op::next_buffer:
    case Op::readonly_buffer: fail(ErrorKind::unsupported, "NEXT_BUFFER refers to a buffer outside the file");
    default: {
      constexpr char digits[] = "0123456789abcdef";
      const auto byte = static_cast<unsigned>(op);
      fail(ErrorKind::corrupt, "byte 0x", digits[byte >> 4], digits[byte & 15], " is no pickle operation");
    }
  }
  return true;
}

Value PickleReader::finish() {
  if (stack_.empty()) fail(ErrorKind::corrupt, "STOP with nothing on the stack");
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

// ---- stack ----

std::string_view PickleReader::text(uint64_t length) {
  if (length > in_.remaining())
    fail(ErrorKind::corrupt, "the pickle ends inside a value: ", length, " bytes expected, ", in_.remaining(),
         " left");
  if (length > budget_.string_bytes)
    fail(ErrorKind::out_of_budget, "a string of ", length, " bytes; the limit is ", budget_.string_bytes);
  return in_.take_text(length);
}

std::string_view PickleReader::line() {
  const std::string_view out = in_.line();
  if (out.size() > budget_.string_bytes)
    fail(ErrorKind::out_of_budget, "a line of ", out.size(), " bytes; the limit is ", budget_.string_bytes);
  return out;
}

template <class T>
T PickleReader::number() {
  return load_little<T>(bytes_of(text(sizeof(T))).data());
}

Value PickleReader::pop(const char* what) {
  if (stack_.size() <= floor()) fail(ErrorKind::corrupt, "expected ", what, ", the stack is empty");
  Value out = std::move(stack_.back());
  stack_.pop_back();
  return out;
}

Value& PickleReader::top(const char* what) {
  if (stack_.size() <= floor()) fail(ErrorKind::corrupt, "expected ", what, ", the stack is empty");
  return stack_.back();
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

void PickleReader::put(uint64_t index) {
  const Value value = top("a value to remember");
  if (memo_.empty() && index == 1) {
    memo_begins_at_1_ = true;
    memo_.emplace_back();
  }
  if (index < memo_.size()) {
    if (is_container(memo_[index])) retired_.push_back(memo_[index]), cycles_ = true;
    if (index == 0) memo_begins_at_1_ = false;
    memo_[index] = value;
    return;
  }
  if (memo_.size() + sparse_memo_.size() >= budget_.memo_entries)
    fail(ErrorKind::out_of_budget, "the memo has more than ", budget_.memo_entries, " entries");
  if (index == memo_.size()) {
    memo_.push_back(value);
    return;
  }
  if (profile_ == Profile::strict)
    fail(ErrorKind::corrupt, "memo index ", index, " jumps ahead of the ", memo_.size(),
         " entries before it");
  charge(4 * handle_cost);
  Value& slot = sparse_memo_[index];
  if (is_container(slot)) retired_.push_back(slot), cycles_ = true;
  slot = value;
}

void PickleReader::memoize() { put(memo_.size() - (memo_begins_at_1_ ? 1 : 0) + sparse_memo_.size()); }

void PickleReader::get(uint64_t index) {
  if (index < memo_.size() && !(index == 0 && memo_begins_at_1_)) return push(memo_[index]);
  const auto found = sparse_memo_.find(index);
  if (found == sparse_memo_.end()) fail(ErrorKind::corrupt, "memo index ", index, " was never stored");
  push(found->second);
}

// ---- names and calls ----

void PickleReader::push_global(std::string module, std::string name) {
  if (!is_utf8(module) || !is_utf8(name)) fail(ErrorKind::corrupt, "a global's name is not UTF-8");
  charge(leaf_cost + 2 * (module.size() + name.size()));
  if (protocol_ < 3) std::tie(module, name) = python3_name(module, name);
  std::string full = module + "." + name;
  if (known_globals_.insert(full).second) globals_.push_back(std::move(full));
  push(meaning_.global(module, name));
}

void PickleReader::push_call(const Value& callable, const Value& arguments) {
  if (arguments.kind() != Value::Kind::tuple)
    fail(ErrorKind::corrupt, "expected a tuple of arguments, got ", arguments.type_name());
  if (callable.kind() != Value::Kind::global && callable.kind() != Value::Kind::object)
    fail(ErrorKind::corrupt, "expected a class or function to call, got ", callable.type_name());
  charge(container_cost + (arguments.items().size() + 1) * handle_cost);
  Value made = meaning_.call(*this, callable, arguments);
  charge(cost_of(made));
  push(std::move(made));
}

void PickleReader::push_call_of_marked() {
  Value::Items items = pop_to_mark("OBJ");
  if (items.empty()) fail(ErrorKind::corrupt, "OBJ without a class");
  const Value callable = std::move(items.front());
  items.erase(items.begin());
  charge(container_cost);
  push_call(callable, Value::tuple(std::move(items)));
}

void PickleReader::push_object_ex() {
  const Value keywords = pop("keyword arguments"), arguments = pop("arguments"), callable = pop("a class");
  if (keywords.kind() != Value::Kind::dict)
    fail(ErrorKind::corrupt, "expected a dict of keyword arguments, got ", keywords.type_name());
  if (keywords.size() == 0 || arguments.kind() != Value::Kind::tuple) return push_call(callable, arguments);
  charge(2 * container_cost + arguments.size() * handle_cost);
  Value::Items all = arguments.items();
  all.push_back(keywords);
  push_call(callable, Value::tuple(std::move(all)));
}

void PickleReader::push_persistent(const Value& id) {
  charge(2 * leaf_cost);
  push(meaning_.persistent(*this, id));
}

void PickleReader::build() {
  const Value state = pop("a state");
  Value& target = top("an instance");
  touch(target);
  if (target.kind() == Value::Kind::global) {  // a class given a state: shown as an instance of it
    charge(container_cost);
    stack_.back() = Value::object(target.as_string(), {}, state);
    return;
  }
  meaning_.build(*this, target, state);
}

// ---- filling containers ----

// Before a container is filled: when more than the stack and the memo hold it, it may come to hold itself.
void PickleReader::touch(const Value& container) {
  const long expected = 2 + (key_places_.count(container.node()) ? 1 : 0);
  if (ValueBuilder::owners(container) > expected) cycles_ = true;
}

void PickleReader::add_items(Value::Items items, bool to_set) {
  Value& target = top("a container");
  const auto wanted = to_set ? Value::Kind::set : Value::Kind::list;
  if (target.kind() != wanted && target.kind() != Value::Kind::object)
    fail(ErrorKind::corrupt, "expected a ", to_set ? "set" : "list", " to add to, got ", target.type_name());
  touch(target);
  charge(items.size() * handle_cost);
  for (Value& item : items) ValueBuilder::append(target, std::move(item));
}

void PickleReader::set_pairs(const Value::Items& items) {
  if (items.size() % 2) fail(ErrorKind::corrupt, "expected keys with values, got ", items.size(), " items");
  Value& target = top("a dictionary");
  touch(target);
  for (size_t i = 0; i < items.size(); i += 2) set_pair(target, items[i], items[i + 1]);
}

void PickleReader::set_pair(Value& target, const Value& key, const Value& value) {
  charge(2 * handle_cost);
  if (target.kind() == Value::Kind::object) return ValueBuilder::insert(target, key, value);
  if (target.kind() != Value::Kind::dict)
    fail(ErrorKind::corrupt, "expected a dict to fill, got ", target.type_name());
  const auto& pairs = target.pairs();
  size_t place = pairs.size();
  if (pairs.size() <= few_pairs) {
    for (size_t i = 0; i < pairs.size() && place == pairs.size(); ++i)
      if (same_key(pairs[i].first, key)) place = i;
    if (pairs.empty() && key.kind() != Value::Kind::string) KeyText{key};  // may it be a key at all?
  } else {
    KeyPlaces& known = key_places_[target.node()];
    const auto note = [&](const Value& k, size_t at) {
      charge(6 * handle_cost);
      if (k.kind() == Value::Kind::string) return known.strings.emplace(k.as_string(), at).first->second;
      return known.others.emplace(KeyText(k).text, at).first->second;
    };
    if (known.dict.is_none()) {
      known.dict = target;
      for (size_t i = 0; i < pairs.size(); ++i) note(pairs[i].first, i);
    }
    place = note(key, place);
  }
  if (place < pairs.size()) {
    warn("the dictionary key " + key.repr(80) + " appears twice; the last value counts");
    ValueBuilder::replace(target, place, value);
  } else {
    ValueBuilder::insert(target, key, value);
  }
}

// ---- for messages, and the budget ----

std::string PickleReader::key_path() const {
  std::string path;
  const auto add = [&](const std::string& part) { path += (path.empty() ? "" : ".") + part; };
  const auto add_key = [&](const Value& key) {
    if (key.kind() == Value::Kind::string)
      add(key.as_string().substr(0, 200));
    else if (key.kind() == Value::Kind::integer)
      add(std::to_string(key.as_int()));
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
      add(std::to_string(owner.size() + end - begin));
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

void PickleReader::charge(uint64_t bytes) {
  if (bytes > budget_.tree_bytes - charged_)
    fail(ErrorKind::out_of_budget, "the values would take more than ", budget_.tree_bytes, " bytes");
  charged_ += bytes;
}

}  // namespace sconce
