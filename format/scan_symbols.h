// The values of a pickle as a scan sees them: texts, numbers, names, and lists of such.
#pragma once
#include <sconce/scan.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sconce {

enum class SymbolKind : uint8_t {
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
  written,  // a number in decimal, as it stands
  global,
  global_with_state,  // a name whose attributes the pickle has overwritten
  call,
  persistent
};

struct Symbol {
  SymbolKind kind = SymbolKind::unknown;
  ScanVerdict verdict = ScanVerdict::allowed;  // the worst of the names below
  std::string_view text = {};                  // of a text, number or name; in the program or in owned_
  int64_t number = 0;                          // an integer, or the bits of a real
  std::vector<uint32_t> items = {};            // of containers; a call's first is what is called
};

// Symbols by number; 0 is a value that is not known. Containers may hold themselves.
using Symbols = std::vector<Symbol>;

// As Python writes it, cut at some 200 characters and 8 levels: "posix.system('ls -la')".
std::string text_of(const Symbols& symbols, uint32_t id);

}  // namespace sconce
