// Pickle programs in protocol 2, operation by operation, as CPython's pickler writes them.
#pragma once
#include "pickle_opcodes.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace sconce {

// Appends operations. Each function without another word leaves one value on the stack. A value that may come
// again is remembered under the address that stands for its identity, and recalled instead of written twice.
class PickleWriter {
 public:
  PickleWriter();
  // Ends the program and gives it.
  std::string finish();

  void none() { op(Op::none); }
  void boolean(bool value) { op(value ? Op::newtrue : Op::newfalse); }
  void integer(int64_t value);
  // From decimal digits with a sign. Throws ErrorKind::unsupported past 2039 bits, where torch.load's
  // weights_only ends.
  void big_integer(std::string_view decimal);
  void floating(double value);
  // UTF-8, which Python calls str. Throws ErrorKind::invalid_argument for bytes that are no UTF-8 (lone
  // surrogates are allowed), and ErrorKind::unsupported from 4 GiB on. Remembered under `identity`.
  void text(std::string_view value, const void* identity);
  // A text that the format itself needs ("storage", "cpu"): written once, then recalled.
  void constant(std::string_view value);
  // A class or function by name, written once, then recalled.
  void global(std::string_view module, std::string_view name);

  // Stack operations: MARK, TUPLE, REDUCE, ...
  void op(Op operation) { out_ += static_cast<char>(operation); }
  // Makes a tuple of the top `count` values; with more than 3 a mark must lie below them. It is remembered,
  // though nothing may recall it, as CPython does.
  void tuple(size_t count, const void* identity = nullptr);

  // Writes the value that was remembered under `identity`; false when there is none.
  bool recall(const void* identity);
  // Remembers the top of the stack; without an identity only the number is used up.
  void remember(const void* identity = nullptr);

 private:
  void little(uint64_t value, size_t width);
  bool recall_index(uint32_t index);
  void unicode(std::string_view value);

  std::string out_;
  uint32_t remembered_ = 0;
  std::unordered_map<const void*, uint32_t> by_identity_;
  std::unordered_map<std::string, uint32_t> by_name_;  // globals as "module\nname\n", constants as they are
};

}  // namespace sconce
