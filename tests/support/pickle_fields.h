// Where the operations of a pickle program and their arguments lie, for tests that change one at a time.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace sconce::test {

struct PickleOperation {
  size_t at = 0;              // of its byte
  size_t number = 0;          // bytes of the number behind it: an argument, or the length of one; 0 for none
  size_t begin = 0, end = 0;  // of the argument's text or bytes
  bool lines = false;         // that end with newlines
};

// The operations from `at` up to and with STOP. The program must be well formed.
std::vector<PickleOperation> pickle_operations(std::string_view program, size_t at = 0);

// The program with one operation or argument changed: each operation byte to others, each number to the ends of its range and
// their neighbours, each byte of text in its lowest and highest bit, to a newline, zero and a quote; text cut, extended
// and, where it is a line, exchanged for other lines.
std::vector<std::string> changed_programs(std::string_view file,
                                          const std::vector<PickleOperation>& operations);

}  // namespace sconce::test
