// The pickle programs that a scan finds: followed, told from other bytes, and reported.
#include "scanner.h"

#include <algorithm>

namespace sconce {
namespace {

constexpr size_t most_pickles = 10'000, most_lines = 1000;
constexpr uint64_t most_carved = uint64_t{16} << 20;

void add_line(std::vector<std::string>& lines, std::string line) {
  if (lines.size() < most_lines)
    lines.push_back(std::move(line));
  else if (lines.size() == most_lines)
    lines.emplace_back("more such lines were left out");
}

// The tensors' bytes behind a legacy stream's pickles.
uint64_t behind_storages(Bytes bytes, uint64_t at, const std::vector<std::string>& keys,
                         const std::unordered_map<std::string, uint64_t>& storages) {
  for (const std::string& key : keys) {
    const auto found = storages.find(key);
    if (found == storages.end() || bytes.size() - at < 8 || bytes.size() - at - 8 < found->second)
      return bytes.size();
    at += 8 + found->second;
  }
  return at;
}

}  // namespace

void Scanner::oddity(const std::string& where, const std::string& what) {
  add_line(report_.oddities, where + what);
}
void Scanner::unseen(const std::string& where, const std::string& what) {
  add_line(report_.unseen, where + what);
}

PickleOutcome Scanner::follow(Bytes bytes) {
  PickleOutcome outcome = follow_pickle(bytes, operations_);
  operations_ -= std::min(operations_, outcome.operations);
  return outcome;
}

bool Scanner::convincing(const PickleOutcome& outcome) {
  if (!outcome.plausible) return false;
  const ScanPickle& pickle = outcome.pickle;
  const bool dangerous = pickle.verdict() == ScanVerdict::dangerous;
  if (pickle.globals.empty()) return outcome.has_mark && outcome.stopped;
  return outcome.has_mark || outcome.stopped || !pickle.actions.empty() || dangerous;
}

bool Scanner::report_pickle(PickleOutcome& outcome, const std::string& where, uint64_t offset) {
  if (report_.pickles.size() >= most_pickles) {
    if (report_.pickles.size() == most_pickles) unseen(where, ": more pickles than are reported");
    return false;
  }
  outcome.pickle.where = where;
  outcome.pickle.offset = offset;
  if (!outcome.pickle.broken.empty())
    unseen(where, concat(": the pickle at offset ", offset, " is broken: ", outcome.pickle.broken));
  report_.pickles.push_back(std::move(outcome.pickle));
  return true;
}

void Scanner::follow_stream(Bytes bytes, const std::string& where, bool certain) {
  uint64_t at = 0;
  bool legacy = false;
  std::unordered_map<std::string, uint64_t> storages;
  for (size_t count = 1; at < bytes.size(); ++count) {
    PickleOutcome outcome = follow(bytes.subspan(at));
    const bool expected = (certain && count == 1) || (legacy && count <= 5);
    if (!expected && !convincing(outcome)) {
      oddity(where, concat(": ", bytes.size() - at, " bytes follow the last pickle"));
      carve(bytes.subspan(at), where, at);
      return;
    }
    legacy |= count == 1 && outcome.is_torch_magic;
    for (auto& [key, size] : outcome.storages) storages.emplace(key, size);
    const bool stopped = outcome.stopped;
    const uint64_t length = outcome.pickle.length;
    if (count > (legacy ? 5u : 1u))
      oddity(where, concat(": another pickle begins at offset ", at, ", after STOP"));
    const std::vector<std::string> keys = std::move(outcome.texts);
    if (!report_pickle(outcome, where, at)) return;
    if (!stopped) return;
    at += length;
    if (legacy && count == 5) at = behind_storages(bytes, at, keys, storages);
  }
}

void Scanner::look_anyway(Bytes bytes, const std::string& where, int depth, FileType type) {
  PickleOutcome outcome = follow(bytes);
  if (convincing(outcome) && !(type == FileType::text && outcome.pickle.verdict() <= ScanVerdict::inert))
    follow_stream(bytes, where, true);
  else if (depth == 0)
    unseen(where, concat(": ", explain_not_a_checkpoint(bytes)));
}

void Scanner::carve(Bytes bytes, const std::string& where, uint64_t base) {
  const std::string_view text = text_of(bytes.first(std::min<size_t>(bytes.size(), most_carved)));
  for (size_t at = text.find('\x80'); at + 1 < text.size() && at != text.npos;) {
    size_t next = at + 1;
    if (const auto protocol = static_cast<unsigned char>(text[at + 1]); protocol >= 2 && protocol <= 5) {
      PickleOutcome outcome = follow(bytes.subspan(at));
      if (!outcome.pickle.globals.empty() && convincing(outcome)) {
        next = at + std::max<uint64_t>(1, outcome.pickle.length);
        if (!report_pickle(outcome, where, base + at)) return;
      }
    }
    at = next >= text.size() ? text.npos : text.find('\x80', next);
  }
}

}  // namespace sconce
