// The operations, one by one.
#include "pickle_text.h"
#include "scan_machine.h"

#include <algorithm>
#include <bit>
#include <cctype>

namespace sconce {
namespace {

constexpr std::string_view torch_magic = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

}  // namespace

bool ScanMachine::step(Op op) {
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
    case Op::none: push_new(SymbolKind::none); break;
    case Op::newtrue: push_new(SymbolKind::boolean, {}, 1); break;
    case Op::newfalse: push_new(SymbolKind::boolean, {}, 0); break;
    case Op::binint: push_new(SymbolKind::integer, {}, number<int32_t>()); break;
    case Op::binint1: push_new(SymbolKind::integer, {}, number<uint8_t>()); break;
    case Op::binint2: push_new(SymbolKind::integer, {}, number<uint16_t>()); break;
    case Op::binfloat: push_new(SymbolKind::real, {}, std::bit_cast<int64_t>(in_.big<double>())); break;
    case Op::empty_tuple: push_new(SymbolKind::tuple); break;
    case Op::tuple1: push_tuple(1); break;
    case Op::tuple2: push_tuple(2); break;
    case Op::tuple3: push_tuple(3); break;
    case Op::empty_list: push_new(SymbolKind::list); break;
    case Op::empty_dict: push_new(SymbolKind::dict); break;
    case Op::empty_set: push_new(SymbolKind::set); break;
    case Op::tuple: push(container(SymbolKind::tuple, pop_to_mark())); break;
    case Op::list: push(container(SymbolKind::list, pop_to_mark())); break;
    case Op::frozenset: push(container(SymbolKind::set, pop_to_mark())); break;
    case Op::dict: push(container(SymbolKind::dict, pop_to_mark())); break;
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

void ScanMachine::name_operation(Op op) {
  switch (op) {
    case Op::global: {
      std::string module(in_.line());
      push_global(std::move(module), std::string(in_.line()));
      break;
    }
    case Op::stack_global: {
      const uint32_t name = pop(), module = pop();
      if (symbols_[name].kind == SymbolKind::text && symbols_[module].kind == SymbolKind::text) {
        push_global(std::string(symbols_[module].text), std::string(symbols_[name].text));
      } else {
        static constexpr std::string_view why = "the name is only made while the file is loaded";
        push(note_global("(made of " + text_of(symbols_, module) + " and " + text_of(symbols_, name) + ")",
                         {ScanVerdict::dangerous, why}, true));
      }
      break;
    }
    case Op::inst: {
      std::string module(in_.line());
      std::string name(in_.line());
      const uint32_t arguments = container(SymbolKind::tuple, pop_to_mark());
      push_global(std::move(module), std::move(name));
      const uint32_t callable = pop();
      push_call(callable, arguments);
      break;
    }
    case Op::obj: {
      std::vector<uint32_t> items = pop_to_mark();
      const uint32_t callable = items.empty() ? 0 : items.front();
      if (!items.empty()) items.erase(items.begin());
      push_call(callable, container(SymbolKind::tuple, std::move(items)));
      break;
    }
    case Op::newobj_ex: {
      const uint32_t keywords = pop(), arguments = pop(), callable = pop();
      std::vector<uint32_t> all = symbols_[arguments].items;
      if (!symbols_[keywords].items.empty()) all.push_back(keywords);
      push_call(callable, container(SymbolKind::tuple, std::move(all)));
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
void ScanMachine::text_operation(Op op) {
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
  const auto decoded = [&](SymbolKind kind, const auto& decode, std::string_view raw) {
    try {
      push_new(kind, own(decode(raw)));
    } catch (const Error&) {
      note_break("a text that does not decode");
      push_new(kind, raw);
    }
  };
  switch (op) {
    case Op::long1: push_new(SymbolKind::long_integer, taken(number<uint8_t>())); break;
    case Op::long4: {
      const auto length = number<int32_t>();
      if (length < 0) note_break("an integer of negative length");
      push_new(SymbolKind::long_integer, taken(static_cast<uint64_t>(std::max(length, 0))));
      break;
    }
    case Op::int_text:
    case Op::long_text:
    case Op::float_text: {
      const std::string_view digits = in_.line();
      if (op == Op::int_text && (digits == "00" || digits == "01")) {
        push_new(SymbolKind::boolean, {}, digits == "01");
        break;
      }
      if (digits == "119547037146038801333356L" || digits == "119547037146038801333356")
        push_new(SymbolKind::long_integer, torch_magic);
      else
        push_new(SymbolKind::written, digits);
      break;
    }
    case Op::short_binunicode: push_new(SymbolKind::text, taken(number<uint8_t>())); break;
    case Op::binunicode: push_new(SymbolKind::text, taken(number<uint32_t>())); break;
    case Op::binunicode8: push_new(SymbolKind::text, taken(number<uint64_t>())); break;
    case Op::short_binstring: push_new(SymbolKind::text, taken(number<uint8_t>())); break;
    case Op::binstring: {
      const auto length = number<int32_t>();
      if (length < 0) note_break("a string of negative length");
      push_new(SymbolKind::text, taken(static_cast<uint64_t>(std::max(length, 0))));
      break;
    }
    case Op::short_binbytes: push_new(SymbolKind::bytes, taken(number<uint8_t>())); break;
    case Op::binbytes: push_new(SymbolKind::bytes, taken(number<uint32_t>())); break;
    case Op::binbytes8:
    case Op::bytearray8: push_new(SymbolKind::bytes, taken(number<uint64_t>())); break;
    case Op::unicode_text: decoded(SymbolKind::text, decode_raw_unicode_escape, in_.line()); break;
    case Op::string_text: decoded(SymbolKind::text, decode_string_literal, in_.line()); break;
    case Op::put: {
      const uint64_t at = index(in_.line());
      memoize(at, top());
      break;
    }
    case Op::get: recall(index(in_.line())); break;
    case Op::persid: {
      push_new(SymbolKind::text, in_.line());
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

void ScanMachine::finish() {
  out_.stopped = true;
  const uint32_t value = top();
  const Symbol& node = symbols_[value];
  out_.is_torch_magic = node.kind == SymbolKind::long_integer && node.text == torch_magic;
  if (node.kind == SymbolKind::list || node.kind == SymbolKind::tuple) {
    for (const uint32_t item : node.items) out_.texts.emplace_back(symbols_[item].text);
  }
}

}  // namespace sconce
