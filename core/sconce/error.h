// The one exception that Sconce throws, and how it gathers context on its way up.
#pragma once
#include <cstdint>
#include <exception>
#include <optional>
#include <sstream>
#include <string>

namespace sconce {

// What went wrong, as a closed list.
enum class ErrorKind {
  io,                // the operating system refused: no such file, permission, disk full
  corrupt,           // the bytes contradict their own format
  unsupported,       // well-formed, but outside what Sconce does
  unsafe,            // the file asks for something that only running code could give
  mismatch,          // a state_dict and a module do not fit
  invalid_argument,  // the caller's arguments are wrong
  out_of_budget,     // a declared limit (memory, depth, count) would be passed
  device,            // an accelerator is missing or failed
};

// Where it went wrong. Empty parts are not known.
struct ErrorContext {
  std::string file;                // path as the caller gave it
  std::string record;              // record inside an archive, e.g. "archive/data/3"
  std::optional<uint64_t> offset;  // byte offset in the record, or in the file when there is no record
  std::string key;                 // state_dict key or path in the value tree
};

// `message()` is one sentence, `what()` adds the context in parentheses. Catch it, add what you know, rethrow:
//   catch (Error& e) { e.in_file(path); throw; }
class Error : public std::exception {
 public:
  Error(ErrorKind kind, std::string message);

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  const ErrorContext& context() const { return context_; }
  const char* what() const noexcept override { return what_.c_str(); }

  // Each fills its part only when it is still unknown: the innermost word wins.
  Error& in_file(const std::string& path);
  Error& in_record(const std::string& name);
  Error& at_offset(uint64_t offset);
  Error& at_key(const std::string& key);

 private:
  void compose();
  ErrorKind kind_;
  std::string message_, what_;
  ErrorContext context_;
};

// The kind's name as written above: "io", "corrupt", ...
const char* to_string(ErrorKind kind);

// Parts streamed into one string: concat("expected ", 3, " dimensions").
template <class... Parts>
std::string concat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return std::move(out).str();
}

// Throws Error(kind, concat(parts...)).
// Kept out of line: what makes a message must not grow the code of everything that can fail.
template <class... Parts>
[[noreturn, gnu::cold, gnu::noinline]] void fail(ErrorKind kind, const Parts&... parts) {
  throw Error(kind, concat(parts...));
}

// Checks an argument of a public function: throws ErrorKind::invalid_argument unless `ok`.
// The parts are only streamed on failure.
template <class... Parts>
void check(bool ok, const Parts&... parts) {
  if (!ok) fail(ErrorKind::invalid_argument, parts...);
}

}  // namespace sconce
