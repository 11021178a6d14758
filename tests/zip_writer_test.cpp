// Archives that are too large for a fixture: zip64 sizes and offsets, and very many records.
#include <doctest/doctest.h>
#include <sconce/checkpoint.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

#include "mapped_file.h"
#include "support/support.h"
#include "support/zip_builder.h"
#include "zip.h"
#include "zip_writer.h"

using namespace sconce;
using namespace sconce::test;

TEST_CASE("zip writer: zip64 where sizes or offsets need it, as PyTorch writes it") {
  // Zeros become holes, so the file takes no space.
  const std::string path = (scratch_folder() / "large").string();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  REQUIRE(file >= 0);
  const std::vector<std::byte> zeros(size_t{1} << 20);
  ZipWriter zip(
      [&](Bytes bytes) {
        if (bytes.size() == zeros.size())
          REQUIRE(::lseek(file, static_cast<off_t>(bytes.size()), SEEK_CUR) >= 0);
        else
          REQUIRE(::write(file, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
      },
      "large", 64);
  const auto add_zeros = [&](const char* name, uint64_t size) {
    zip.begin(name, size);
    for (uint64_t left = size; left != 0; left -= std::min<uint64_t>(left, zeros.size()))
      zip.write(Bytes(zeros).first(std::min<uint64_t>(left, zeros.size())));
    zip.end();
  };
  zip.add("data.pkl", bytes_of("\x80\x02N."));
  add_zeros("data/0", 0xfffffffe);  // the largest that needs no zip64
  zip.add("data/1", bytes_of("behind 4 GiB"));
  add_zeros("data/2", 0xffffffff);
  zip.add("data/3", {});
  zip.add("version", bytes_of("3\n"));
  zip.finish();
  ::close(file);

  const auto mapped = MappedFile::open(path);
  const ZipArchive archive(mapped->bytes());
  CHECK(archive.warnings().empty());
  CHECK(archive.root() == "large/");
  for (const ZipEntry& entry : archive.entries())
    if (entry.size != 0) CHECK(entry.data_offset % 64 == 0);
  CHECK(archive.record("data/0")->size == 0xfffffffe);
  CHECK(archive.record("data/2")->size == 0xffffffff);
  CHECK(archive.record("data/2")->crc == 0);  // so many zeros bring CRC-32 once around
  CHECK(text_of(archive.stored_bytes(*archive.record("data/1"))) == "behind 4 GiB");
  for (const char* name : {"data.pkl", "data/1", "data/3", "version"})
    archive.check_crc(*archive.record(name));
  CHECK(torch_archive_version(archive) == 3);

  // The local headers of records behind 4 GiB, in the form that the study of the format found.
  const auto local = [&](const char* name, size_t at, size_t width) {
    return number_at(std::string(text_of(mapped->bytes().subspan(archive.record(name)->header_offset, 64))),
                     at, width);
  };
  const size_t extra = 30 + std::string("large/data/1").size();
  CHECK(local("data/0", extra, 2) == 0x4246);  // "FB": no zip64 field
  CHECK(local("data/1", extra, 2) == 1);
  CHECK(local("data/1", extra + 2, 2) == 8);  // only the offset
  CHECK(local("data/1", extra + 4, 8) == archive.record("data/1")->header_offset);
  CHECK(local("data/1", extra + 12, 2) == 0x4246);
  CHECK(local("data/2", extra + 2, 2) == 24);
  CHECK(local("data/2", extra + 4, 8) == 0xffffffff);
  for (const char* name : {"data/0", "data/1", "data/2"}) CHECK(local(name, 14, 12) == 0);
}

TEST_CASE("zip writer: more records than the old end record can count") {
  std::string bytes;
  ZipWriter zip([&](Bytes piece) { bytes += text_of(piece); }, "many", 16);
  for (int i = 0; i < 70000; ++i) zip.add("data/" + std::to_string(i), bytes_of("x"));
  zip.add("version", bytes_of("3\n"));
  zip.finish();
  const ZipArchive archive(bytes_of(std::string_view(bytes)));
  CHECK(archive.warnings().empty());
  CHECK(archive.entries().size() == 70001);
  CHECK(archive.record("data/69999") != nullptr);
}

TEST_CASE("zip writer: the id follows names and content, and nothing else") {
  const auto id = [](const char* root, const char* name, const char* content, uint32_t alignment) {
    ZipWriter zip([](Bytes) {}, root, alignment);
    zip.add(name, bytes_of(content));
    return zip.content_id();
  };
  const std::string one = id("a", "data/0", "x", 64);
  CHECK(one.size() == 40);
  CHECK(std::all_of(one.begin(), one.end(), [](char c) { return c >= '0' && c <= '9'; }));
  CHECK(id("b", "data/0", "x", 128) == one);
  CHECK(id("a", "data/1", "x", 64) != one);
  CHECK(id("a", "data/0", "y", 64) != one);
}

TEST_CASE("zip writer: pieces that do not give the size are a mistake of the caller") {
  ZipWriter zip([](Bytes) {}, "a", 64);
  zip.begin("x", 3);
  zip.write(bytes_of("ab"));
  CHECK_THROWS_AS(zip.end(), std::logic_error);
}
