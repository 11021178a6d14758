#include "support/pickle_fields.h"

#include <cstdint>
#include <set>
#include <stdexcept>

namespace sconce::test {
namespace {

// How the argument of each operation is written: bytes of a number, whether that is a length, or a count of lines.
struct Form {
  size_t number = 0;
  bool is_length = false;
  size_t lines = 0;
};

Form form_of(unsigned char op) {
  switch (op) {
    case 'K':
    case 'h':
    case 'q':
    case 0x80:
    case 0x82: return {1};
    case 'M':
    case 0x83: return {2};
    case 'J':
    case 'j':
    case 'r':
    case 0x84: return {4};
    case 'G':
    case 0x95: return {8};
    case 'U':
    case 'C':
    case 0x8a:
    case 0x8c: return {1, true};
    case 'T':
    case 'X':
    case 'B':
    case 0x8b: return {4, true};
    case 0x8d:
    case 0x8e:
    case 0x96: return {8, true};
    case 'F':
    case 'I':
    case 'L':
    case 'S':
    case 'V':
    case 'P':
    case 'g':
    case 'p': return {0, false, 1};
    case 'c':
    case 'i': return {0, false, 2};
    default: return {};
  }
}

uint64_t number_of(std::string_view bytes) {
  uint64_t out = 0;
  for (size_t i = bytes.size(); i-- > 0;) out = out << 8 | static_cast<unsigned char>(bytes[i]);
  return out;
}

std::string bytes_of_number(uint64_t value, size_t width) {
  std::string out;
  for (size_t i = 0; i < width; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

}  // namespace

std::vector<PickleOperation> pickle_operations(std::string_view program, size_t at) {
  std::vector<PickleOperation> out;
  while (true) {
    if (at >= program.size()) throw std::runtime_error("the pickle does not end");
    const auto op = static_cast<unsigned char>(program[at]);
    const Form form = form_of(op);
    PickleOperation made{at, form.number, at + 1 + form.number, at + 1 + form.number, form.lines > 0};
    if (form.is_length) made.end += number_of(program.substr(at + 1, form.number));
    for (size_t i = 0; i < form.lines; ++i) made.end = program.find('\n', made.end) + 1;
    out.push_back(made);
    if (op == '.') return out;
    at = made.end;
  }
}

std::vector<std::string> changed_programs(std::string_view file,
                                          const std::vector<PickleOperation>& operations) {
  std::set<std::string> out;
  const auto change = [&](size_t at, size_t removed, std::string_view inserted) {
    std::string made(file.substr(0, at));
    made += inserted;
    made += file.substr(at + removed);
    if (made != file) out.insert(std::move(made));
  };
  const std::string_view codes =
      "(.012NQRabcdeghijlopqrstu}])\x80\x81\x85\x86\x87\x88\x8f\x90\x91\x92\x93\x94\x95\x97KMJXBG";
  size_t turn = 0;
  for (const PickleOperation& op : operations) {
    for (int i = 0; i < 6; ++i) change(op.at, 1, codes.substr(turn++ % codes.size(), 1));
    for (const int flip : {0x01, 0x80})
      change(op.at, 1, std::string(1, static_cast<char>(file[op.at] ^ flip)));
    change(op.at, 0, file.substr(op.at, op.end - op.at));  // twice
    change(op.at, op.end - op.at, "");                     // not at all
    if (op.number > 0) {
      const uint64_t old = number_of(file.substr(op.at + 1, op.number)),
                     most = ~uint64_t{0} >> (64 - 8 * op.number);
      for (const uint64_t value : {uint64_t{0}, uint64_t{1}, most, most - 1, most >> 1, (most >> 1) + 1,
                                   old + 1, old - 1, old << 8, old ^ 16, old ^ 0x80, uint64_t{file.size()}})
        change(op.at + 1, op.number, bytes_of_number(value & most, op.number));
    }
    if (op.lines)
      for (const char* line :
           {"", "-1", "0", "00", "01", "99999999999999999999", "1e999", "x", "'", "1L", " 1", "torch"})
        change(op.begin, file.find('\n', op.begin) - op.begin, line);
    for (size_t i = op.begin; i < op.end && i < op.begin + 40; ++i)
      for (const char byte :
           {static_cast<char>(file[i] ^ 1), static_cast<char>(file[i] ^ 0x80), '\n', '\0', '\''})
        change(i, 1, {&byte, 1});
    if (op.end > op.begin) change(op.begin, 0, "a"), change(op.begin, 1, "");
  }
  return {out.begin(), out.end()};
}

}  // namespace sconce::test
