// What a checkpoint's file is made of.
#include <sconce/container_facts.h>

#include "container.h"
#include "sniff.h"
#include "zip.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace sconce {
namespace {

// A small record's text without line ends; empty where it cannot be read.
std::string text_of_record(const ZipArchive& archive, const char* name) {
  const ZipEntry* entry = archive.record(name);
  if (entry == nullptr) return "";
  try {
    std::string text = archive.read_text(*entry);
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
  } catch (const Error&) {
    return "";
  }
}

bool holds_storage(const ZipArchive& archive, const ZipEntry& entry) {
  const std::string_view name = std::string_view(entry.name).substr(archive.root().size());
  return entry.size > 0 && entry.is_stored() &&
         (name.substr(0, 5) == "data/" || name.substr(0, 10) == "constants/");
}

void describe_zip(const MappedFile& file, const LoadOptions& options, ContainerFacts& out) {
  const ZipArchive archive(file.bytes(), options.profile, ZipLayout::torch);
  out.records = 0;
  uint64_t places = 0;  // all places, or-ed: the lowest bit set is the alignment
  bool any = false;
  for (const ZipEntry& entry : archive.entries()) {
    *out.records += !entry.is_folder();
    out.deflated += !entry.is_stored();
    out.without_checksum += !entry.has_crc();
    if (holds_storage(archive, entry)) places |= entry.data_offset, any = true;
  }
  if (any) out.alignment = (places | 4096) & (~(places | 4096) + 1);
  out.root = archive.root();
  if (!out.root.empty()) out.root.pop_back();
  out.byte_order = text_of_record(archive, "byteorder");
  out.serialization_id = text_of_record(archive, ".data/serialization_id");
  if (archive.record("version") || archive.record(".data/version"))
    out.version = torch_archive_version(archive);
}

void describe_index(const MappedFile& file, ContainerFacts& out) {
  const nlohmann::json index = nlohmann::json::parse(text_of(file.bytes()), nullptr, false);
  if (!index.is_object() || !index.contains("weight_map") || !index["weight_map"].is_object()) return;
  const nlohmann::json& map = index["weight_map"];
  std::set<std::string> names;
  for (const nlohmann::json& shard : map)
    if (shard.is_string()) names.insert(shard.get<std::string>());
  out.shards.assign(names.begin(), names.end());
}

}  // namespace

ContainerFacts container_facts(const std::string& path, const LoadOptions& options) {
  LoadOptions left = options;
  const std::shared_ptr<MappedFile> file = open_path(path, left);
  ContainerFacts out;
  out.file_bytes = file->size();
  try {
    switch (sniff(file->bytes())) {
      case FileType::zip: describe_zip(*file, options, out); break;
      case FileType::json: describe_index(*file, out); break;
      default: break;
    }
  } catch (const Error&) {
    // An archive of another kind; its size stays.
  }
  return out;
}

}  // namespace sconce
