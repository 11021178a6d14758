// Where pickles can be in a file, and what each of them would do.
#include <sconce/scan.h>

#include "gzip.h"
#include "mapped_file.h"
#include "scan_pickle.h"
#include "scan_zip.h"
#include "sniff.h"
#include "zip_end.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <new>
#include <nlohmann/json.hpp>
#include <set>

namespace sconce {
namespace {

using namespace std::string_view_literals;

constexpr int deepest_archive = 4;
constexpr size_t most_pickles = 10'000, most_lines = 1000;
constexpr uint64_t head_length = 4096, most_carved = uint64_t{16} << 20;

class Scanner {
 public:
  Scanner(ScanReport& report, const Budget& budget)
      : report_(report),
        budget_(budget),
        inflatable_(budget.materialized_bytes),
        operations_(budget.opcodes) {}

  // Looks at a whole file or member. `certain`: a loader would take it for what it seems to be.
  void look(Bytes bytes, const std::string& where, int depth) {
    if (bytes.empty()) return;
    const FileType type = sniff(bytes);
    switch (type) {
      case FileType::zip: look_into_zip(bytes, where, depth); return;
      case FileType::tar: look_into_tar(bytes, where, depth); return;
      case FileType::npy: look_into_npy(bytes, where); break;
      case FileType::gzip: look_into_gzip(bytes, where, depth); break;
      case FileType::bzip2:
      case FileType::xz:
      case FileType::zstd:
      case FileType::seven_zip:
      case FileType::rar:
        unseen(where, concat(": ", describe(type),
                             ", which hides what is in it; an honest checkpoint is never packed so"));
        carve(bytes, where);
        break;
      case FileType::legacy_stream:
      case FileType::pickle: follow_stream(bytes, where, true); break;
      case FileType::safetensors:
      case FileType::hdf5:
      case FileType::onnx:
      case FileType::gguf:
      case FileType::tflite: break;
      case FileType::json: look_into_index(bytes, where, depth); break;
      default: look_anyway(bytes, where, depth, type); break;
    }
    // Behind other content Python still finds an archive.
    if (depth < deepest_archive && has_zip_end(bytes)) {
      std::vector<std::string> ignored;
      if (!walk_zip_loosely(bytes, ignored).empty()) {
        oddity(where, concat(" is ", describe(type), " and a zip archive at once"));
        look_into_zip(bytes, where, depth);
      }
    }
  }

 private:
  void add_line(std::vector<std::string>& lines, std::string line) {
    if (lines.size() < most_lines)
      lines.push_back(std::move(line));
    else if (lines.size() == most_lines)
      lines.emplace_back("more such lines were left out");
  }
  void oddity(const std::string& where, const std::string& what) { add_line(report_.oddities, where + what); }
  void unseen(const std::string& where, const std::string& what) { add_line(report_.unseen, where + what); }

  PickleOutcome follow(Bytes bytes) {
    PickleOutcome outcome = follow_pickle(bytes, operations_);
    operations_ -= std::min(operations_, outcome.operations);
    return outcome;
  }

  // Is it a pickle, and not other bytes that happen to begin like one?
  static bool convincing(const PickleOutcome& outcome) {
    if (!outcome.plausible) return false;
    const ScanPickle& pickle = outcome.pickle;
    const bool dangerous = pickle.verdict() == ScanVerdict::dangerous;
    if (pickle.globals.empty()) return outcome.has_mark && outcome.stopped;
    return outcome.has_mark || outcome.stopped || !pickle.actions.empty() || dangerous;
  }

  bool report_pickle(PickleOutcome& outcome, const std::string& where, uint64_t offset) {
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

  // Pickles one behind the other, as several calls of load() read them; the first certainly is one. Gives where
  // they end.
  void follow_stream(Bytes bytes, const std::string& where, bool certain) {
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

  // The tensors' bytes behind a legacy stream's pickles.
  static uint64_t behind_storages(Bytes bytes, uint64_t at, const std::vector<std::string>& keys,
                                  const std::unordered_map<std::string, uint64_t>& storages) {
    for (const std::string& key : keys) {
      const auto found = storages.find(key);
      if (found == storages.end() || bytes.size() - at < 8 || bytes.size() - at - 8 < found->second)
        return bytes.size();
      at += 8 + found->second;
    }
    return at;
  }

  // Bytes of no known format: a pickle of protocol 0 or 1 has no mark.
  void look_anyway(Bytes bytes, const std::string& where, int depth, FileType type) {
    PickleOutcome outcome = follow(bytes);
    if (convincing(outcome) && !(type == FileType::text && outcome.pickle.verdict() <= ScanVerdict::inert))
      follow_stream(bytes, where, true);
    else if (depth == 0)
      unseen(where, concat(": ", explain_not_a_checkpoint(bytes)));
  }

  // Programs of protocol 2 and later inside bytes that cannot be read otherwise; only those that name something.
  void carve(Bytes bytes, const std::string& where, uint64_t base = 0) {
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

  void look_into_zip(Bytes bytes, const std::string& where, int depth) {
    if (depth >= deepest_archive) return unseen(where, ": archives inside archives, too deep to follow");
    std::vector<std::string> oddities;
    const std::vector<LooseMember> members = walk_zip_loosely(bytes, oddities);
    for (const std::string& line : oddities) oddity(where, ": " + line);
    for (const LooseMember& member : members) look_at_member(member, where + "/" + member.name, depth + 1);
  }

  void look_at_member(const LooseMember& member, const std::string& where, int depth) {
    if (member.method != 0)
      return unseen(where, concat(": compression method ", member.method, ", which Sconce does not undo"));
    const size_t before = report_.pickles.size();
    if (!member.deflated) {
      look_at_content(member.stored, where, depth);
    } else {
      // The head tells whether the rest matters.
      bool all = false;
      std::string content = inflate_loosely(member.stored, head_length, all);
      if (!all && !content.empty() && matters(bytes_of(content))) {
        content = inflate_loosely(member.stored, inflatable_, all);
        inflatable_ -= std::min<uint64_t>(inflatable_, content.size());
        if (!all) unseen(where, ": the deflated member is damaged or larger than the budget");
      }
      look_at_content(bytes_of(content), where, depth);
    }
    if (member.encrypted && report_.pickles.size() == before)
      unseen(where, ": the member says that it is encrypted, so what it holds cannot be judged");
  }

  // Members are mostly tensor data, which must not be read through.
  void look_at_content(Bytes bytes, const std::string& where, int depth) {
    if (!matters(bytes)) return;
    look(bytes, where, depth);
  }

  // Could this be a pickle, or something that holds pickles?
  bool matters(Bytes bytes) {
    const Bytes head = bytes.first(std::min<size_t>(bytes.size(), head_length));
    switch (sniff(head)) {
      case FileType::zip:
      case FileType::tar:
      case FileType::npy:
      case FileType::gzip:
      case FileType::bzip2:
      case FileType::xz:
      case FileType::zstd:
      case FileType::seven_zip:
      case FileType::rar:
      case FileType::legacy_stream: return true;
      default: break;
    }
    if (bytes.size() >= 2 && bytes[0] == std::byte{0x80} && bytes[1] <= std::byte{5}) {
      const PickleOutcome outcome = follow(head);
      return outcome.plausible && (outcome.operations > 2 || outcome.stopped);
    }
    const PickleOutcome outcome = follow(head);
    return outcome.plausible && !outcome.pickle.globals.empty();
  }

  void look_into_npy(Bytes bytes, const std::string& where) {
    if (bytes.size() < 12) return;
    const bool wide = bytes[6] != std::byte{1};
    const uint64_t begin = wide ? 12 : 10;
    const uint64_t length =
        wide ? load_little<uint32_t>(bytes.data() + 8) : load_little<uint16_t>(bytes.data() + 8);
    if (length > bytes.size() - begin) return unseen(where, ": the array's header reaches past the end");
    const std::string_view header = text_of(bytes.subspan(begin, length));
    // A dtype of objects is written '|O', alone or in a record.
    if (header.find('O') == header.npos) return;
    const Bytes content = bytes.subspan(begin + length);
    PickleOutcome outcome = follow(content);
    if (header.find("|O") != header.npos || convincing(outcome)) follow_stream(content, where, true);
  }

  void look_into_gzip(Bytes bytes, const std::string& where, int depth) {
    if (depth >= deepest_archive) return unseen(where, ": archives inside archives, too deep to follow");
    try {
      const std::string content = gunzip(bytes, inflatable_);
      inflatable_ -= std::min<uint64_t>(inflatable_, content.size());
      look(bytes_of(content), where + " (gunzipped)", depth + 1);
    } catch (const Error& e) {
      unseen(where, ": " + e.message());
    }
  }

  void look_into_tar(Bytes bytes, const std::string& where, int depth) {
    if (depth >= deepest_archive) return unseen(where, ": archives inside archives, too deep to follow");
    constexpr uint64_t block = 512;
    for (uint64_t at = 0; bytes.size() - at >= block;) {
      const std::string_view header = text_of(bytes.subspan(at, block));
      if (header[0] == '\0') {
        at += block;
        continue;
      }
      const uint64_t size = tar_number(header.substr(124, 12));
      std::string name(header.substr(0, 100).substr(0, header.substr(0, 100).find('\0')));
      at += block;
      const uint64_t length = std::min<uint64_t>(size, bytes.size() - at);
      if (length < size) unseen(where + "/" + name, ": the member reaches past the end of the file");
      const Bytes content = bytes.subspan(at, length);
      const std::string inside = where + "/" + name;
      while (name.substr(0, 2) == "./") name.erase(0, 2);
      if (name == "storages" || name == "tensors")
        follow_tar_records(content, inside, name == "storages");
      else if (!content.empty())
        look(content, inside, depth + 1);
      const uint64_t padded = (length + block - 1) / block * block;
      at += std::min<uint64_t>(padded, bytes.size() - at);
    }
  }

  // Octal digits, or base 256 behind a set top bit.
  static uint64_t tar_number(std::string_view field) {
    uint64_t value = 0;
    if (static_cast<unsigned char>(field[0]) & 0x80) {
      for (const char c : field.substr(4)) value = value << 8 | static_cast<unsigned char>(c);
      return value;
    }
    for (const char c : field)
      if (c >= '0' && c <= '7') value = value << 3 | static_cast<uint64_t>(c - '0');
    return value;
  }

  // PyTorch 0.1: a count, then for each storage a pickle, its number of elements and its bytes; for each tensor a
  // pickle, its rank, extents, strides and offset. After the storages a pickle of views.
  void follow_tar_records(Bytes bytes, const std::string& where, bool storages) {
    uint64_t at = 0;
    for (size_t count = 0; at < bytes.size(); ++count) {
      PickleOutcome outcome = follow(bytes.subspan(at));
      if (count > 0 && !convincing(outcome) && !outcome.stopped) break;
      const bool stopped = outcome.stopped;
      const std::vector<std::string> texts = std::move(outcome.texts);
      const uint64_t begin = at;
      at += outcome.pickle.length;
      if (!report_pickle(outcome, where, begin)) return;
      if (!stopped) break;
      if (count == 0) continue;  // the count
      const uint64_t left = bytes.size() - at;
      if (storages) {
        // The last pickle, of the views, has nothing behind it.
        if (left < 8) break;
        const std::string cls = texts.size() > 2 ? texts[2] : "";
        uint64_t length = 0;
        if (!checked_product(load_little<uint64_t>(bytes.data() + at), storage_element_size(cls), length) ||
            length > left - 8)
          break;
        at += 8 + length;
      } else {
        if (left < 8) break;
        const uint64_t rank = load_little<uint32_t>(bytes.data() + at), length = 8 + rank * 16 + 8;
        if (length > left) break;
        at += length;
      }
    }
    if (at < bytes.size()) {
      oddity(where, concat(": ", bytes.size() - at, " bytes that are not as PyTorch 0.1 wrote them"));
      carve(bytes.subspan(at), where, at);
    }
  }

  // The index of a checkpoint in shards names files beside it.
  void look_into_index(Bytes bytes, const std::string& where, int depth) {
    if (depth != 0 || bytes.size() > budget_.string_bytes) return;
    const nlohmann::json index = nlohmann::json::parse(text_of(bytes), nullptr, false);
    if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object())
      return unseen(where, ": " + explain_not_a_checkpoint(bytes));
    std::set<std::string> shards;
    for (const auto& [key, shard] : index["weight_map"].items())
      if (shard.is_string()) shards.insert(shard.get<std::string>());
    const auto folder = std::filesystem::path(report_.path).parent_path();
    for (const std::string& shard : shards) {
      if (shard.empty() || shard.find('/') != shard.npos || shard.find('\\') != shard.npos || shard == "..") {
        unseen(where, concat(": names '", printable(shard), "', which is no file beside it"));
        continue;
      }
      try {
        const auto file = MappedFile::open((folder / shard).string());
        look(file->bytes(), file->path(), 1);
      } catch (const Error& e) {
        unseen(where, concat(": ", e.message()));
      }
    }
  }

  ScanReport& report_;
  const Budget& budget_;
  uint64_t inflatable_, operations_;  // what the budget leaves
};

ScanReport scan_file(const std::shared_ptr<MappedFile>& file, const Budget& budget) {
  ScanReport report;
  report.path = file->path();
  report.type = describe(sniff(file->bytes()));
  Scanner scanner(report, budget);
  try {
    if (file->size() == 0) report.unseen.push_back(file->path() + ": " + explain_not_a_checkpoint({}));
    scanner.look(file->bytes(), file->path(), 0);
  } catch (const std::bad_alloc&) {
    report.unseen.push_back(file->path() + ": no memory to look further");
  }
  return report;
}

}  // namespace

ScanReport scan(const std::string& path, const Budget& budget) {
  return scan_file(MappedFile::open(path), budget);
}

ScanReport scan_bytes(std::string bytes, const std::string& name, const Budget& budget) {
  return scan_file(MappedFile::from_bytes(std::move(bytes), name), budget);
}

}  // namespace sconce
