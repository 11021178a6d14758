// A file or a member under a scan: which kind it is, and what is inside.
#include "scanner.h"

#include "gzip.h"
#include "mapped_file.h"
#include "scan_zip.h"
#include "zip_end.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

namespace sconce {
namespace {

constexpr uint64_t head_length = 4096;

}  // namespace

void Scanner::look(Bytes bytes, const std::string& where, int depth) {
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

void Scanner::look_into_zip(Bytes bytes, const std::string& where, int depth) {
  if (depth >= deepest_archive) return unseen(where, ": archives inside archives, too deep to follow");
  std::vector<std::string> oddities;
  const std::vector<LooseMember> members = walk_zip_loosely(bytes, oddities);
  for (const std::string& line : oddities) oddity(where, ": " + line);
  for (const LooseMember& member : members) look_at_member(member, where + "/" + member.name, depth + 1);
}

void Scanner::look_at_member(const LooseMember& member, const std::string& where, int depth) {
  if (member.method != 0)
    return unseen(where, concat(": compression method ", member.method, ", which Sconce does not undo"));
  const size_t before = report_.pickles.size();
  if (!member.deflated) {
    if (matters(member.stored)) look(member.stored, where, depth);
  } else {
    // The head tells whether the rest matters.
    bool all = false;
    std::string content = inflate_loosely(member.stored, head_length, all);
    if (!all && !content.empty() && matters(bytes_of(content))) {
      content = inflate_loosely(member.stored, inflatable_, all);
      inflatable_ -= std::min<uint64_t>(inflatable_, content.size());
      if (!all) unseen(where, ": the deflated member is damaged or larger than the budget");
    }
    if (matters(bytes_of(content))) look(bytes_of(content), where, depth);
  }
  if (member.encrypted && report_.pickles.size() == before)
    unseen(where, ": the member says that it is encrypted, so what it holds cannot be judged");
}

bool Scanner::matters(Bytes bytes) {
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

void Scanner::look_into_npy(Bytes bytes, const std::string& where) {
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

void Scanner::look_into_gzip(Bytes bytes, const std::string& where, int depth) {
  if (depth >= deepest_archive) return unseen(where, ": archives inside archives, too deep to follow");
  try {
    const std::string content = gunzip(bytes, inflatable_);
    inflatable_ -= std::min<uint64_t>(inflatable_, content.size());
    look(bytes_of(content), where + " (gunzipped)", depth + 1);
  } catch (const Error& e) {
    unseen(where, ": " + e.message());
  }
}

void Scanner::look_into_index(Bytes bytes, const std::string& where, int depth) {
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

}  // namespace sconce
