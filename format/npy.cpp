#include <sconce/npy.h>

#include <sconce/ops/create.h>

#include "data_readers.h"
#include "mapped_file.h"
#include "npy_header.h"
#include "number_copy.h"
#include "output_file.h"
#include "zip.h"

#include <algorithm>

namespace sconce {
namespace {

std::string array_name(const ZipEntry& entry) {
  return std::string(entry.name.substr(0, entry.name.size() - npy_extension.size()));
}

Tensor read_member(const ZipArchive& archive, const ZipEntry& entry, const Budget& budget) {
  try {
    const Storage inflated = entry.is_stored() ? Storage() : archive.inflate(entry, budget);
    const Bytes content = entry.is_stored() ? archive.stored_bytes(entry) : bytes_of(inflated);
    ZipArchive::check_crc(entry, content);
    return read_npy(content, budget);
  } catch (Error& e) {
    e.in_record(std::string(entry.name));
    throw;
  }
}

// Opens an archive and gives f(archive, members); errors name the file.
template <class F>
auto with_npz(const std::string& path, F f) {
  try {
    const auto file = MappedFile::open(path);
    const ZipArchive archive(file->bytes(), Profile::strict, ZipLayout::plain);
    std::vector<const ZipEntry*> members;
    for (const ZipEntry& entry : archive.entries()) {
      if (entry.is_folder()) continue;
      if (entry.name.size() <= npy_extension.size() || !entry.name.ends_with(npy_extension)) {
        Error error(ErrorKind::corrupt,
                    "[load_npz] expected only .npy members: this is not an archive that numpy.savez wrote");
        throw error.in_record(std::string(entry.name.substr(0, 120)));
      }
      members.push_back(&entry);
    }
    return f(archive, members);
  } catch (Error& e) {
    e.in_file(path);
    throw;
  }
}

}  // namespace

Tensor read_npy(Bytes bytes, const Budget& budget) {
  ByteReader in(bytes);
  const NpyHeader header = read_npy_header(in);
  if (header.data_bytes > in.remaining())
    ByteReader::fail_at(in.position(), "[load_npy] expected ", header.data_bytes, " bytes of data, got ",
                        in.remaining());
  if (header.data_bytes < in.remaining()) {
    Error error(ErrorKind::unsupported,
                concat("[load_npy] ", in.remaining() - header.data_bytes, " bytes follow the array"));
    throw error.at_offset(in.position() + header.data_bytes);
  }
  check_budget("load_npy", header.data_bytes, budget);
  const Shape shape(header.shape);
  Storage storage = Storage::allocate(static_cast<size_t>(header.data_bytes));
  copy_numbers(header.dtype, in.rest(), header.order, storage.data());
  if (!header.fortran_order) return Tensor(std::move(storage), header.dtype, shape);
  const Strides reversed =
      Shape(std::vector<int64_t>(shape.extents().rbegin(), shape.extents().rend())).contiguous_strides();
  return Tensor(std::move(storage), header.dtype, shape, Strides(reversed.rbegin(), reversed.rend()));
}

Tensor load_npy(const std::string& path, const Budget& budget) {
  try {
    return read_npy(MappedFile::open(path)->bytes(), budget);
  } catch (Error& e) {
    e.in_file(path);
    throw;
  }
}

void save_npy(const std::string& path, const Tensor& tensor) {
  check(tensor.defined(), "[save_npy] expected a tensor, got an undefined one");
  const std::string header = npy_header_text(tensor.dtype(), tensor.shape().extents());
  const Tensor dense = tensor.to(cpu).contiguous();
  OutputFile out(path);
  out.write(bytes_of(header));
  const Bytes data(static_cast<const std::byte*>(dense.data()), static_cast<size_t>(dense.nbytes()));
  if constexpr (std::endian::native == std::endian::little) {
    out.write(data);
  } else {
    const Storage swapped = Storage::allocate(data.size());
    copy_numbers(dense.dtype(), data, std::endian::little, swapped.data());
    out.write(bytes_of(swapped));
  }
  out.commit();
}

StateDict load_npz(const std::string& path, const Budget& budget) {
  return with_npz(path, [&](const ZipArchive& archive, const std::vector<const ZipEntry*>& members) {
    StateDict out;
    Budget left = budget;
    for (const ZipEntry* entry : members) {
      Tensor array = read_member(archive, *entry, left);
      left.materialized_bytes -= static_cast<uint64_t>(array.nbytes());
      out.insert(array_name(*entry), Value(std::move(array)));
    }
    return out;
  });
}

Tensor load_npz(const std::string& path, const std::string& name, const Budget& budget) {
  return with_npz(path, [&](const ZipArchive& archive, const std::vector<const ZipEntry*>& members) {
    std::string names;
    for (const ZipEntry* entry : members) {
      if (array_name(*entry) == name) return read_member(archive, *entry, budget);
      if (names.size() < 300) names += (names.empty() ? "'" : ", '") + array_name(*entry).substr(0, 80) + "'";
    }
    fail(ErrorKind::mismatch, "[load_npz] expected an array named '", name, "', got ",
         names.empty() ? "none" : names);
  });
}

}  // namespace sconce
