#include <sconce/error.h>

#include <utility>

namespace sconce {

Error::Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) { compose(); }

Error& Error::in_file(const std::string& path) {
  if (context_.file.empty()) context_.file = path, compose();
  return *this;
}
Error& Error::in_record(const std::string& name) {
  if (context_.record.empty()) context_.record = name, compose();
  return *this;
}
Error& Error::at_offset(uint64_t offset) {
  if (!context_.offset) context_.offset = offset, compose();
  return *this;
}
Error& Error::at_key(const std::string& key) {
  if (context_.key.empty()) context_.key = key, compose();
  return *this;
}

void Error::compose() {
  std::string where;
  auto part = [&](const std::string& text) { where += (where.empty() ? "" : ", ") + text; };
  if (!context_.file.empty()) part("file \"" + context_.file + "\"");
  if (!context_.record.empty()) part("record \"" + context_.record + "\"");
  if (context_.offset) part("offset " + std::to_string(*context_.offset));
  if (!context_.key.empty()) part("key \"" + context_.key + "\"");
  what_ = where.empty() ? message_ : message_ + " (" + where + ")";
}

const char* to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::io: return "io";
    case ErrorKind::corrupt: return "corrupt";
    case ErrorKind::unsupported: return "unsupported";
    case ErrorKind::unsafe: return "unsafe";
    case ErrorKind::mismatch: return "mismatch";
    case ErrorKind::invalid_argument: return "invalid_argument";
    case ErrorKind::out_of_budget: return "out_of_budget";
    case ErrorKind::device: return "device";
  }
  return "unknown";
}

}  // namespace sconce
