// Reading every byte of a checkpoint, on every thread.
#include <sconce/verify.h>

#include "container.h"
#include "crc32.h"
#include "sniff.h"
#include "zip.h"

#include <sconce/tensors_in.h>
#include <sconce/threads.h>

#include <libdeflate.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

namespace sconce {
namespace {

constexpr uint64_t unit_size = uint64_t{16} << 20;

class Meter {
 public:
  Meter(uint64_t total, const VerifyProgress& progress) : total_(total), progress_(progress) {}
  void add(uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    done_ += bytes;
    if (progress_) progress_(std::min(done_, total_), total_);
  }

 private:
  std::mutex mutex_;
  const uint64_t total_;
  uint64_t done_ = 0;
  const VerifyProgress& progress_;
};

// A part of one record, or of a file without records.
struct Unit {
  size_t record = 0;
  Bytes bytes = {};
  uint32_t crc = 0;
};

class Verifier {
 public:
  Verifier(const LoadOptions& options, const VerifyProgress& progress)
      : options_(options), progress_(progress) {}

  VerifyReport run(const std::string& path) {
    LoadOptions left = options_;
    const std::shared_ptr<MappedFile> file = open_path(path, left);
    report_.path = path;
    open(path);
    const std::vector<std::shared_ptr<MappedFile>> files = files_of(file);
    for (const auto& one : files) report_.bytes += one->size();
    Meter meter(report_.bytes, progress_);
    for (const auto& one : files) read(*one, files.size() > 1, meter);
    name_keys(path);
    if (tree_) check_bools();
    return std::move(report_);
  }

 private:
  // The tree without checksums: those are checked record by record.
  void open(const std::string& path) {
    LoadOptions options = options_;
    options.verify_crc = false;
    try {
      const Checkpoint checkpoint = Checkpoint::open(path, options);
      report_.container = checkpoint.container();
      report_.warnings = checkpoint.warnings();
      tree_ = checkpoint.root();
      report_.tensors = tensors_in(*tree_).size();
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::corrupt && e.kind() != ErrorKind::out_of_budget &&
          e.kind() != ErrorKind::unsafe)
        throw;
      report_.error = e;
    }
  }

  // The file itself and, for an index, the shards that it names.
  static std::vector<std::shared_ptr<MappedFile>> files_of(const std::shared_ptr<MappedFile>& file) {
    std::vector<std::shared_ptr<MappedFile>> out{file};
    if (sniff(file->bytes()) != FileType::json) return out;
    const nlohmann::json index = nlohmann::json::parse(text_of(file->bytes()), nullptr, false);
    if (!index.is_object() || !index.contains("weight_map")) return out;
    std::set<std::string> names;
    for (const auto& [key, shard] : index["weight_map"].items())
      if (shard.is_string() && shard.get<std::string>().find('/') == std::string::npos)
        names.insert(shard.get<std::string>());
    const auto folder = std::filesystem::path(file->path()).parent_path();
    for (const std::string& name : names) out.push_back(MappedFile::open((folder / name).string()));
    return out;
  }

  void read(const MappedFile& file, bool name_file, Meter& meter) {
    if (sniff(file.bytes()) != FileType::zip) return read_through(file, meter);
    try {
      ZipArchive archive = open_archive(file);
      read_records(archive, file, name_file, meter);
    } catch (const Error& e) {
      if (!report_.error) report_.error = e;
      read_through(file, meter);
    }
  }

  ZipArchive open_archive(const MappedFile& file) const {
    try {
      return ZipArchive(file.bytes(), options_.profile, ZipLayout::plain);
    } catch (Error& e) {
      throw e.in_file(file.path());
    }
  }

  // Without checksums all that can be told is that the bytes are there.
  static void read_through(const MappedFile& file, Meter& meter) {
    const Bytes bytes = file.bytes();
    std::atomic<uint64_t> sum{0};
    parallel_each((bytes.size() + unit_size - 1) / unit_size, num_threads(), [&](size_t i) {
      const Bytes unit =
          bytes.subspan(i * unit_size, std::min<uint64_t>(unit_size, bytes.size() - i * unit_size));
      uint64_t words = 0;
      for (size_t at = 0; at < unit.size(); at += 64) words += std::to_integer<uint64_t>(unit[at]);
      sum += words;  // so that nothing is optimised away
      meter.add(unit.size());
    });
  }

  void read_records(const ZipArchive& archive, const MappedFile& file, bool name_file, Meter& meter) {
    const std::vector<ZipEntry>& entries = archive.entries();
    std::vector<Unit> units;
    for (size_t i = 0; i < entries.size(); ++i) {
      const ZipEntry& entry = entries[i];
      report_.records += !entry.is_folder();
      if (!entry.has_crc()) ++report_.records_without_checksum;
      if (!entry.is_stored()) {
        units.push_back({i});
        continue;
      }
      const Bytes bytes = archive.stored_bytes(entry);
      for (uint64_t at = 0; at == 0 || at < bytes.size(); at += unit_size)
        units.push_back({i, bytes.subspan(at, std::min<uint64_t>(unit_size, bytes.size() - at))});
    }
    std::vector<std::string> problems(entries.size());
    std::mutex mutex;
    parallel_each(units.size(), num_threads(), [&](size_t u) {
      Unit& unit = units[u];
      const ZipEntry& entry = entries[unit.record];
      if (entry.is_stored()) {
        if (!unit.bytes.empty()) unit.crc = libdeflate_crc32(0, unit.bytes.data(), unit.bytes.size());
        meter.add(unit.bytes.size());
        return;
      }
      try {
        archive.check_crc(entry, options_.budget);
      } catch (const Error& e) {
        const std::lock_guard lock(mutex);
        problems[unit.record] = e.message();
      }
      meter.add(entry.stored_size);
    });
    std::vector<uint32_t> found(entries.size(), 0);
    for (const Unit& unit : units)
      found[unit.record] = combine_crc32(found[unit.record], unit.crc, unit.bytes.size());
    for (size_t i = 0; i < entries.size(); ++i) {
      const ZipEntry& entry = entries[i];
      if (entry.has_crc()) report_.checked += entry.size;
      if (entry.is_stored() && entry.has_crc() && found[i] != entry.crc)
        problems[i] =
            concat("the record's bytes are damaged: expected CRC-32 ", entry.crc, ", got ", found[i]);
      if (!problems[i].empty())
        report_.damage.push_back({name_file ? file.path() : "", std::string(entry.name), {}, problems[i]});
    }
  }

  // Which tensors need the damaged records: those whose reading fails there. Only done when there is damage.
  void name_keys(const std::string& path) {
    if (report_.damage.empty() || !tree_) return;
    LoadOptions options = options_;
    options.verify_crc = true;
    Value root;
    try {
      root = Checkpoint::open(path, options).root();
    } catch (const Error& e) {  // the pickle itself is damaged
      report_.error = e;
      return;
    }
    std::unordered_map<const void*, std::optional<std::pair<std::string, std::string>>>
        broken;  // file, record
    for (const NamedTensor& named : tensors_in(root)) {
      for (const Tensor& part : named.parts()) {
        const Storage& storage = part.storage();
        const auto [known, is_new] = broken.try_emplace(storage.id());
        if (is_new && !storage.is_loaded() && part.device() == cpu) {
          try {
            storage.data();
          } catch (const Error& e) {
            known->second = {e.context().file, e.context().record};
          }
        }
        if (known->second) add_key(known->second->first, known->second->second, named.path);
      }
    }
  }
  void add_key(const std::string& file, const std::string& record, const std::string& key) {
    for (VerifyDamage& damage : report_.damage) {
      if (damage.record != record || (!damage.file.empty() && damage.file != file)) continue;
      if (damage.keys.empty() || damage.keys.back() != key) damage.keys.push_back(key);
    }
  }

  // A byte that is neither 0 nor 1 shows when a bool storage is first read.
  void check_bools() {
    std::map<const void*, Storage> storages;
    std::map<const void*, std::string> keys;
    for (const NamedTensor& named : tensors_in(*tree_))
      for (const Tensor& part : named.parts())
        if (part.dtype() == DType::boolean && part.device() == cpu && !part.storage().is_loaded()) {
          storages.emplace(part.storage().id(), part.storage());
          keys.emplace(part.storage().id(), named.path);
        }
    for (const auto& [id, storage] : storages) {
      try {
        storage.data();
      } catch (const Error& e) {
        const std::string& key = keys.at(id);
        const bool known =
            std::any_of(report_.damage.begin(), report_.damage.end(), [&](const VerifyDamage& d) {
              return std::find(d.keys.begin(), d.keys.end(), key) != d.keys.end();
            });
        if (!known) report_.damage.push_back({"", e.context().record, {key}, e.message()});
      }
    }
  }

  const LoadOptions& options_;
  const VerifyProgress& progress_;
  VerifyReport report_;
  std::optional<Value> tree_;
};

}  // namespace

VerifyReport verify(const std::string& path, const LoadOptions& options, const VerifyProgress& progress) {
  return Verifier(options, progress).run(path);
}

}  // namespace sconce
