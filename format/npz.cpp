// .npz archives as checkpoints: names to tensors.
#include "npz.h"
#include "container.h"
#include "file_storage.h"
#include "npy_header.h"

#include <unordered_map>

namespace sconce {
namespace {

// What every array shares; kept alive by those that are still to be read.
struct NpzFile {
  std::shared_ptr<MappedFile> file;
  ZipArchive archive;
  LoadOptions options;
  FileStorages storages;

  NpzFile(std::shared_ptr<MappedFile> f, const LoadOptions& o)
      : file(std::move(f)),
        archive(file->bytes(), o.profile, ZipLayout::plain),
        options(o),
        storages(file, o) {}
};

// Checks the member's CRC-32 when the bytes are first used.
Storage checked(const std::shared_ptr<const NpzFile>& npz, const ZipEntry& entry, const Storage& inner,
                const std::string& key) {
  if (!npz->options.verify_crc || !entry.has_crc() || inner.device() != cpu) return inner;
  return Storage::deferred(inner.nbytes(), [npz, &entry, inner, key] {
    try {
      ZipArchive::check_crc(entry, npz->archive.stored_bytes(entry));
    } catch (Error& e) {
      throw e.in_file(npz->file->path()).at_key(key);
    }
    return std::shared_ptr<void>(std::make_shared<Storage>(inner), inner.data());
  });
}

// The array's numbers: in the mapping when the member is stored, else inflated at once, since its header is needed.
Storage numbers_of(const std::shared_ptr<const NpzFile>& npz, const ZipEntry& entry, NpyHeader& header,
                   const std::string& key) {
  const auto part_at = [&](ByteReader& in) {
    header = read_npy_header(in);
    if (header.data_bytes != in.remaining())
      ByteReader::fail_at(in.position(), "[npz] expected ", header.data_bytes, " bytes of data, got ",
                          in.remaining());
    FilePart part;
    part.offset = in.position();
    part.nbytes = header.data_bytes;
    part.dtype = header.dtype;
    part.order = header.order;
    part.key = key;
    return part;
  };
  if (entry.is_stored()) {
    ByteReader in(npz->archive.stored_bytes(entry));
    FilePart part = part_at(in);
    part.offset += entry.data_offset;
    return checked(npz, entry, npz->storages.open(part), key);
  }
  npz->storages.materialized()->charge(entry.size);
  const Storage inflated = npz->archive.inflate(entry, npz->options.budget);
  if (npz->options.verify_crc) ZipArchive::check_crc(entry, bytes_of(inflated));
  ByteReader in(bytes_of(inflated));
  const FilePart part = part_at(in);
  const auto member = MappedFile::from_memory(static_cast<std::byte*>(inflated.data()), inflated.nbytes(),
                                              std::make_shared<Storage>(inflated), npz->file->path());
  return FileStorages(member, npz->options).open(part);
}

Tensor tensor_of(const std::shared_ptr<const NpzFile>& npz, const ZipEntry& entry, const std::string& key) {
  NpyHeader header;
  Storage storage = numbers_of(npz, entry, header, key);
  const Shape shape(header.shape);
  if (!header.fortran_order) return Tensor(std::move(storage), header.dtype, shape);
  const Strides reversed =
      Shape(std::vector<int64_t>(header.shape.rbegin(), header.shape.rend())).contiguous_strides();
  return Tensor(std::move(storage), header.dtype, shape, Strides(reversed.rbegin(), reversed.rend()));
}

}  // namespace

bool is_npz(Bytes bytes) {
  // The first local header: 30 bytes with the length of the name at 26, then the name.
  if (bytes.size() < 30 || text_of(bytes.subspan(0, 4)) != "PK\x03\x04") return false;
  const auto length = load_little<uint16_t>(bytes.data() + 26);
  return bytes.size() - 30 >= length && text_of(bytes.subspan(30, length)).ends_with(npy_extension);
}

ReadTree read_npz(const std::shared_ptr<MappedFile>& file, const LoadOptions& options) {
  const auto npz = std::make_shared<const NpzFile>(file, options);
  const auto& entries = npz->archive.entries();
  if (entries.size() > options.budget.tensors)
    fail(ErrorKind::out_of_budget, "more than ", options.budget.tensors, " tensors");
  ReadTree out;
  out.warnings = npz->archive.warnings();
  Value::Pairs pairs;
  for (const ZipEntry& entry : entries) {
    try {
      if (entry.is_folder()) continue;
      if (!entry.name.ends_with(npy_extension) || entry.name.size() == npy_extension.size())
        fail(ErrorKind::unsupported, "a .npz archive with a member that is no .npy array");
      std::string key(entry.name.substr(0, entry.name.size() - npy_extension.size()));
      Tensor tensor = tensor_of(npz, entry, key);
      out.locations.add(tensor.storage().id(), "cpu");
      pairs.emplace_back(Value(std::move(key)), Value(std::move(tensor)));
    } catch (Error& e) {
      throw e.in_record(std::string(entry.name.substr(0, 200)));
    }
  }
  out.root = Value::dict(std::move(pairs), "dict");
  return out;
}

}  // namespace sconce
