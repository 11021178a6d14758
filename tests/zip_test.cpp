// Zip archives as torch.save and others write them.
#include "zip.h"

#include <sconce/checkpoint.h>

#include <doctest/doctest.h>

#include <fstream>

#include "mapped_file.h"
#include "support/support.h"
#include "support/zip_builder.h"

using namespace sconce;
using namespace sconce::test;
namespace fs = std::filesystem;

TEST_CASE("zip: records of real archives, as Python's zipfile finds them") {
  const auto expected = json_fixture("zip.json");
  for (const auto& [file_name, records] : expected.items()) {
    const std::string file = file_name;
    CAPTURE(file);
    const std::string bytes = read_file(fixture("zip/" + file));
    if (file == "no_root_folder.pt") {
      CHECK_THROWS_WITH(ZipArchive(bytes_of(bytes)),
                        doctest::Contains("expected all records in one root folder"));
    }
    const ZipArchive archive(bytes_of(bytes),
                             file == "no_root_folder.pt" ? Profile::compat : Profile::strict);
    CHECK(archive.warnings().size() == (file == "no_root_folder.pt" ? 1 : 0));
    REQUIRE(archive.entries().size() == records.size());
    for (size_t i = 0; i < records.size(); ++i) {
      const auto& r = records[i];
      const ZipEntry& entry = archive.entries()[i];
      CAPTURE(entry.name);
      CHECK(entry.name == r.at("name").get<std::string>());
      CHECK(entry.method == r.at("method").get<int>());
      CHECK(entry.crc == r.at("crc").get<uint32_t>());
      CHECK(entry.stored_size == r.at("stored_size").get<uint64_t>());
      CHECK(entry.size == r.at("size").get<uint64_t>());
      CHECK(entry.data_offset == r.at("data_offset").get<uint64_t>());
      const Storage content = archive.inflate(entry);
      CHECK(crc32_of(std::string(text_of(bytes_of(content)))) == r.at("content_crc").get<uint32_t>());
      CHECK_NOTHROW(archive.check_crc(entry));
      if (entry.is_stored()) CHECK(text_of(archive.stored_bytes(entry)) == text_of(bytes_of(content)));
      if (!entry.is_stored()) CHECK_THROWS_AS(archive.stored_bytes(entry), Error);
      CHECK(archive.find(entry.name) == &entry);
      CHECK(archive.record(entry.name.substr(archive.root().size())) == &entry);
    }
    CHECK(torch_archive_version(archive) == 3);
    CHECK(archive.record("no such record") == nullptr);
  }
}

TEST_CASE("zip: what the fixtures are about is really in them") {
  const auto archive_of = [](const std::string& bytes) { return ZipArchive(bytes_of(bytes)); };
  const std::string plain = read_file(fixture("zip/plain.pt")),
                    large = read_file(fixture("zip/alignment_4096.pt"));
  const std::string deflated = read_file(fixture("zip/deflated.pt")),
                    big = read_file(fixture("zip/big_endian.pt"));
  const std::string no_crc = read_file(fixture("zip/no_crc.pt")),
                    object = read_file(fixture("zip/file_object.pt"));
  CHECK(archive_of(plain).root() == "plain/");
  CHECK(archive_of(object).root() == "archive/");
  const ZipArchive narrow = archive_of(plain), wide = archive_of(large);
  for (const ZipEntry& entry : narrow.entries()) CHECK(entry.data_offset % 64 == 0);
  for (const ZipEntry& entry : wide.entries()) CHECK(entry.data_offset % 4096 == 0);
  CHECK_FALSE(archive_of(deflated).record("data/0")->is_stored());
  CHECK(archive_of(big).read_text(*archive_of(big).record("byteorder")) == "big");
  CHECK(number_at(no_crc, ZipArchive(bytes_of(no_crc)).record("data/0")->header_offset, 4) == 0x04034b50);
  CHECK_FALSE(archive_of(no_crc).record("data/0")->has_crc());
  CHECK(archive_of(plain).record("data/0")->has_crc());
}

TEST_CASE("zip: small archives of our own building read back") {
  const BuiltZip zip = small_zip();
  const ZipArchive archive(bytes_of(zip.bytes));
  CHECK(archive.warnings().empty());
  CHECK(archive.root() == "archive/");
  CHECK(archive.record("data/0")->data_offset == zip.data[2]);
  CHECK(archive.record("data/0")->end_offset == zip.local[3]);
  const BuiltZip mixed =
      build_zip({{"a/x", std::string(5000, 'x'), true}, {"a/y", "", true}, {"a/z", ""}, {"a/dir/", ""}}, 1);
  const ZipArchive other(bytes_of(mixed.bytes));
  CHECK(other.read_text(*other.record("x"), 5000) == std::string(5000, 'x'));
  CHECK(other.read_text(*other.record("y")).empty());
  CHECK(other.stored_bytes(*other.record("z")).empty());
  CHECK(other.record("dir/")->is_folder());
}

TEST_CASE("zip: a checkpoint under a root with spaces, dots or beyond ASCII") {
  const std::string bytes = read_file(fixture("checkpoints/tiny.pth"));
  const ZipArchive original(bytes_of(bytes));
  const Tensor w = Checkpoint::from_bytes(bytes, "tiny.pth")["w"].as_tensor();
  for (const std::string root :
       {"my model v1.2 (best)", "mod\xc3\xa8le", "\xe6\xa8\xa1\xe5\x9e\x8b", "-", "."}) {
    CAPTURE(root);
    std::vector<ZipRecord> records;
    for (const ZipEntry& entry : original.entries())
      records.push_back(
          {concat(root, "/", entry.name.substr(original.root().size())), original.read_text(entry, 1 << 20)});
    const Checkpoint moved = Checkpoint::from_bytes(build_zip(records).bytes, "moved.pth");
    CHECK(moved.container() == "zip");
    CHECK(moved.warnings().empty());
    CHECK(bit_equal(moved["w"].as_tensor(), w));
  }
}

TEST_CASE("zip: an archive without records") {
  const BuiltZip none = build_zip({});
  CHECK_THROWS_AS(ZipArchive(bytes_of(none.bytes), Profile::strict, ZipLayout::plain),
                  Error);  // begins with a zip64 record
  const std::string plain = none.bytes.substr(none.end);
  CHECK(ZipArchive(bytes_of(plain), Profile::strict, ZipLayout::plain).entries().empty());
  CHECK_THROWS_WITH(ZipArchive{bytes_of(plain)}, "[zip] the archive holds no records");
}

TEST_CASE("zip: without a root folder where none is asked for") {
  const BuiltZip zip = build_zip({{"x.npy", "1"}, {"b/y.npy", "2"}});
  const ZipArchive archive(bytes_of(zip.bytes), Profile::strict, ZipLayout::plain);
  CHECK(archive.root().empty());
  CHECK(archive.record("b/y.npy") == archive.find("b/y.npy"));
}

TEST_CASE("zip: descriptors without a signature, and with 8-byte sizes") {
  for (const bool wide : {false, true}) {
    for (const bool with_signature : {false, true}) {
      CAPTURE(wide);
      CAPTURE(with_signature);
      BuiltZip zip = small_zip();
      std::string descriptor;
      if (with_signature) append_number(descriptor, 4, 0x08074b50);
      append_number(descriptor, 4, number_at(zip.bytes, zip.central[3] + 16, 4));
      append_number(descriptor, wide ? 8 : 4, 2);
      append_number(descriptor, wide ? 8 : 4, 2);
      zip.bytes.replace(zip.descriptor[3], 16, descriptor);
      const uint64_t moved = descriptor.size() - 16;  // modulo 2^64
      put_number(zip.bytes, zip.end64 + moved + 48, 8,
                 number_at(zip.bytes, zip.end64 + moved + 48, 8) + moved);
      put_number(zip.bytes, zip.locator + moved + 8, 8, zip.end64 + moved);
      put_number(zip.bytes, zip.end + moved + 16, 4, number_at(zip.bytes, zip.end + moved + 16, 4) + moved);
      const ZipArchive archive(bytes_of(zip.bytes));
      CHECK(archive.warnings().empty());
      CHECK(archive.record("version")->end_offset == zip.descriptor[3] + descriptor.size());
    }
  }
}

TEST_CASE("zip: records of 4 GiB and more, in a file with holes") {
  // As torch.save writes them: sizes in the zip64 fields of both headers but zeros in the local 32-bit ones,
  // an 8-byte local field that holds only the header's offset once that passes 4 GiB, and descriptors of 24
  // bytes.
  const uint64_t large = (uint64_t{1} << 32) + 4096, full = 0xffffffff;
  const std::string path = (scratch_folder() / "large.pt").string();
  write_file(path, "");
  std::error_code refused;
  fs::resize_file(path, large + 8192, refused);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  if (refused || !file) {
    MESSAGE("skipped: the file system takes no file of 4 GiB");
    return;
  }
  struct Record {
    std::string name, content;
    uint64_t size, offset = 0, data = 0;
  };
  std::vector<Record> records = {{"archive/data.pkl", "N.", 2},
                                 {"archive/data/0", "", large},
                                 {"archive/data/1", "abcd", 4},
                                 {"archive/version", "3\n", 2}};
  uint64_t at = 0;
  std::string central;
  const auto write = [&](const std::string& bytes) {
    file.seekp(static_cast<std::streamoff>(at));
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    at += bytes.size();
  };
  for (Record& r : records) {
    r.offset = at;
    const bool big = r.size >= full, far = at >= full;
    std::string extra, header;
    if (big || far) {
      append_number(extra, 2, 1);
      append_number(extra, 2, (big ? 16 : 0) + (far ? 8 : 0));
      if (big) append_number(extra, 8, r.size), append_number(extra, 8, r.size);
      if (far) append_number(extra, 8, at);
    }
    const std::string zip64 = extra;
    const uint64_t unpadded = at + 30 + r.name.size() + extra.size() + 4, padding = (64 - unpadded % 64) % 64;
    extra += "FB";
    append_number(extra, 2, padding);
    extra.append(padding, 'Z');
    append_number(header, 4, 0x04034b50);
    append_number(header, 4, 0x08080000);
    header.append(18, '\0');
    append_number(header, 2, r.name.size());
    append_number(header, 2, extra.size());
    write(header + r.name + extra);
    r.data = at;
    const uint32_t crc = r.content.empty() ? 0 : crc32_of(r.content);  // 0 for the hole: not recorded
    write(r.content);
    at = r.data + r.size;
    std::string descriptor;
    append_number(descriptor, 4, 0x08074b50);
    append_number(descriptor, 4, crc);
    for (int i = 0; i < 2; ++i) append_number(descriptor, big || far ? 8 : 4, r.size);
    write(descriptor);

    append_number(central, 4, 0x02014b50);
    append_number(central, 4, 0);
    append_number(central, 4, 0x0808);
    append_number(central, 4, 0);
    append_number(central, 4, crc);
    for (int i = 0; i < 2; ++i) append_number(central, 4, big ? full : r.size);
    append_number(central, 2, r.name.size());
    append_number(central, 2, zip64.size());
    central.append(10, '\0');
    append_number(central, 4, far ? full : r.offset);
    central += r.name + zip64;
  }
  const uint64_t directory = at;
  write(central);
  const uint64_t end64 = at;
  std::string end;
  append_number(end, 4, 0x06064b50);
  append_number(end, 8, 44);
  append_number(end, 4, 0x2d031e);
  append_number(end, 8, 0);
  for (int i = 0; i < 2; ++i) append_number(end, 8, records.size());
  append_number(end, 8, central.size());
  append_number(end, 8, directory);
  append_number(end, 4, 0x07064b50);
  append_number(end, 4, 0);
  append_number(end, 8, end64);
  append_number(end, 4, 1);
  append_number(end, 4, 0x06054b50);
  append_number(end, 4, 0);
  for (int i = 0; i < 2; ++i) append_number(end, 2, records.size());
  append_number(end, 4, central.size());
  append_number(end, 4, full);
  append_number(end, 2, 0);
  write(end);
  file.close();
  fs::resize_file(path, at);

  const auto mapped = MappedFile::open(path);
  const ZipArchive archive(mapped->bytes());
  CHECK(archive.warnings().empty());
  CHECK(torch_archive_version(archive) == 3);
  for (size_t i = 0; i < records.size(); ++i) {
    CHECK(archive.entries()[i].size == records[i].size);
    CHECK(archive.entries()[i].data_offset == records[i].data);
  }
  const Bytes hole = archive.stored_bytes(*archive.record("data/0"));
  CHECK(hole.size() == large);
  CHECK(hole[large - 1] == std::byte{0});
  CHECK_FALSE(archive.record("data/0")->has_crc());
  CHECK(text_of(archive.stored_bytes(*archive.record("data/1"))) == "abcd");
  archive.check_crc(*archive.record("data/1"));
}

TEST_CASE("zip: every real checkpoint archive reads without warnings, and its checksums hold") {
  const auto folder = real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints");
    return;
  }
  int archives = 0;
  for (const auto& item : fs::recursive_directory_iterator(*folder)) {
    const std::string path = item.path().string();
    CAPTURE(path);
    if (!item.is_regular_file() || path.find("picklescan") != std::string::npos) continue;
    const auto file = MappedFile::open(path);
    if (text_of(file->bytes()).substr(0, 4) != "PK\x03\x04") continue;
    ++archives;
    const ZipArchive archive(file->bytes());
    CHECK(archive.warnings().empty());
    CHECK(archive.record("data.pkl") != nullptr);
    CHECK(torch_archive_version(archive) >= 1);
    for (const ZipEntry& entry : archive.entries()) archive.check_crc(entry);
  }
  CHECK(archives > 40);
}
