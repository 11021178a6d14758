// The error of an entry that a writer cannot take.
#pragma once
#include <sconce/error.h>

#include <string>

namespace sconce {

// Throws `[op] message` with the entry's key.
[[noreturn]] inline void refuse_entry(const char* op, ErrorKind kind, const std::string& key,
                                      const std::string& message) {
  Error e(kind, concat("[", op, "] ", message));
  throw e.at_key(key);
}

}  // namespace sconce
