// Which memo entries a pickle program ever fetches.
#include "pickle_fetches.h"

#include "pickle_opcodes.h"

#include <array>
#include <charconv>
#include <cstring>

namespace sconce {
namespace {

// What follows an operation's byte: so many bytes, or lines, or a length and so many bytes.
enum class Argument : uint8_t { unknown, none, one, two, four, eight, line, two_lines, text1, text4, text8 };

constexpr std::array<Argument, 256> arguments = [] {
  std::array<Argument, 256> out{};
  const auto set = [&out](Argument argument, std::initializer_list<Op> ops) {
    for (const Op op : ops) out[static_cast<uint8_t>(op)] = argument;
  };
  set(Argument::none,
      {Op::mark,       Op::stop,        Op::pop,      Op::pop_mark,  Op::dup,       Op::none,
       Op::reduce,     Op::append,      Op::build,    Op::dict,      Op::list,      Op::setitem,
       Op::tuple,      Op::binpersid,   Op::appends,  Op::setitems,  Op::obj,       Op::empty_dict,
       Op::empty_list, Op::newobj,      Op::tuple1,   Op::tuple2,    Op::tuple3,    Op::newtrue,
       Op::newfalse,   Op::empty_set,   Op::additems, Op::frozenset, Op::newobj_ex, Op::empty_tuple,
       Op::memoize,    Op::stack_global});
  set(Argument::one, {Op::binint1, Op::binget, Op::binput, Op::proto});
  set(Argument::two, {Op::binint2});
  set(Argument::four, {Op::binint, Op::long_binget, Op::long_binput});
  set(Argument::eight, {Op::binfloat, Op::frame});
  set(Argument::line, {Op::float_text, Op::int_text, Op::long_text, Op::string_text, Op::unicode_text,
                       Op::persid, Op::get, Op::put});
  set(Argument::two_lines, {Op::global, Op::inst});
  set(Argument::text1, {Op::short_binstring, Op::short_binbytes, Op::short_binunicode, Op::long1});
  set(Argument::text4, {Op::binstring, Op::binunicode, Op::binbytes, Op::long4});
  set(Argument::text8, {Op::binunicode8, Op::binbytes8, Op::bytearray8});
  return out;
}();

// Of an operation whose argument always has the same length and which is not looked at here, that length.
constexpr uint8_t looked_at = 0xff;
constexpr std::array<uint8_t, 256> lengths = [] {
  std::array<uint8_t, 256> out{};
  for (size_t op = 0; op < out.size(); ++op) {
    switch (arguments[op]) {
      case Argument::none: out[op] = 0; break;
      case Argument::one: out[op] = 1; break;
      case Argument::two: out[op] = 2; break;
      case Argument::four: out[op] = 4; break;
      case Argument::eight: out[op] = 8; break;
      default: out[op] = looked_at; break;
    }
  }
  for (const Op op : {Op::stop, Op::binget, Op::long_binget}) out[static_cast<uint8_t>(op)] = looked_at;
  return out;
}();

}  // namespace

std::optional<std::vector<bool>> fetched_memo_indexes(Bytes program, uint64_t most_operations) {
  std::vector<bool> fetched;
  // An index that no PUT of so short a program can have is not worth a bit.
  const auto note = [&](uint64_t index) {
    if (index >= program.size()) return;
    if (index >= fetched.size()) fetched.resize(index + 1 + index / 2);
    fetched[index] = true;
  };
  const std::byte* at = program.data();
  const std::byte* const end = at + program.size();
  for (uint64_t count = 0; at < end && count < most_operations; ++count) {
    const auto op = static_cast<Op>(*at++);
    const auto left = static_cast<uint64_t>(end - at);
    uint64_t length = lengths[static_cast<uint8_t>(op)];
    if (length != looked_at) {  // nearly always
      if (length > left) return std::nullopt;
      at += length;
      continue;
    }
    switch (arguments[static_cast<uint8_t>(op)]) {
      case Argument::unknown: return std::nullopt;
      case Argument::none: return fetched;  // STOP
      case Argument::one:                   // BINGET
        length = 1;
        if (left > 0) note(std::to_integer<uint64_t>(*at));
        break;
      case Argument::four:  // LONG_BINGET
        length = 4;
        if (left >= 4) note(load_little<uint32_t>(at));
        break;
      case Argument::two:
      case Argument::eight: break;
      case Argument::line:
      case Argument::two_lines: {
        const auto* newline = static_cast<const std::byte*>(std::memchr(at, '\n', left));
        if (!newline) return std::nullopt;
        if (op == Op::get) {
          uint64_t index = 0;
          const auto* digits = reinterpret_cast<const char*>(at);
          const auto* digits_end = reinterpret_cast<const char*>(newline);
          const auto [rest, problem] = std::from_chars(digits, digits_end, index);
          if (problem != std::errc() || rest != digits_end) return std::nullopt;  // "+1", "1L"
          note(index);
        }
        length = static_cast<uint64_t>(newline - at) + 1;
        if (op == Op::global || op == Op::inst) {
          newline = static_cast<const std::byte*>(std::memchr(at + length, '\n', left - length));
          if (!newline) return std::nullopt;
          length = static_cast<uint64_t>(newline - at) + 1;
        }
        break;
      }
      case Argument::text1:
        if (left < 1) return std::nullopt;
        length = 1 + std::to_integer<uint64_t>(*at);
        break;
      case Argument::text4:
        if (left < 4) return std::nullopt;
        length = 4 + uint64_t{load_little<uint32_t>(at)};
        break;
      case Argument::text8:
        if (left < 8 || !checked_sum(8, load_little<uint64_t>(at), length)) return std::nullopt;
        break;
    }
    if (length > left) return std::nullopt;
    at += length;
  }
  return std::nullopt;
}

}  // namespace sconce
