// Pickle programs: the machine's operations. It has no recursion and calls nothing from the file.
#include "pickle.h"

#include "pickle_cost.h"
#include "pickle_fetches.h"
#include "pickle_opcodes.h"
#include "pickle_text.h"

#include <algorithm>
#include <new>

namespace sconce {
namespace {

// Longest binary integer: its decimal digits take time that grows with the square of the length.
constexpr uint64_t longest_integer = 1024;

const Value& empty_tuple() {
  static const Value value = Value::tuple({});
  return value;
}

}  // namespace

PickleReader::PickleReader(Bytes program, PickleMeaning& meaning, Profile profile, const Budget& budget,
                           uint64_t base)
    : in_(program, base), base_(base), meaning_(meaning), profile_(profile), budget_(budget) {}

Value PickleReader::read() {
  try {
    check(in_.position() == base_, "[PickleReader] a program is read once");
    fetched_ = fetched_memo_indexes(
        in_.rest().first(std::min<uint64_t>(in_.remaining(), budget_.pickle_bytes)), budget_.opcodes);
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
    case Op::binint: push(int64_t{number<int32_t>()}); break;
    case Op::binint1: push(int64_t{number<uint8_t>()}); break;
    case Op::binint2: push(int64_t{number<uint16_t>()}); break;
    case Op::binfloat: push(load_big<double>(bytes_of(text(8)).data())); break;
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
      push(decode_decimal(digits, true));
      break;
    }
    case Op::float_text: push(decode_float(line())); break;

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
      push(Value::bytes(std::string(raw), op == Op::bytearray8 ? "bytearray" : "bytes"));
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
      push(Value::set({}, "frozenset"));
      Value made = pop("a set");
      Value::Items items = pop_to_mark("FROZENSET");
      push(std::move(made));
      add_items(std::move(items), true);
      break;
    }
    case Op::dict: {
      charge(container_cost);
      Value::Items items = pop_to_mark("DICT");
      push(Value::dict({}));
      set_pairs(std::move(items));
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
      set_pair(top("a dictionary"), std::move(key), std::move(value));
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

}  // namespace sconce
