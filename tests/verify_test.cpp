// Verifying: damage in any byte is found and named by the tensors that need it.
#include "crc32.h"
#include "support/pickle_writer.h"
#include "support/support.h"
#include "zip.h"

#include <sconce/save.h>
#include <sconce/threads.h>
#include <sconce/verify.h>

#include <doctest/doctest.h>
#include <libdeflate.h>

using namespace sconce;
using namespace sconce::test;

namespace {

VerifyReport report_of(const std::string& bytes, const LoadOptions& options = {}) {
  const auto path = scratch_folder() / "file";
  write_file(path, bytes);
  return verify(path.string(), options);
}

// Where the content of a record begins.
size_t content_at(const std::string& bytes, const std::string& record) {
  const ZipArchive archive(bytes_of(bytes), Profile::strict, ZipLayout::plain);
  const ZipEntry* entry = archive.find(record);
  REQUIRE(entry);
  return entry->data_offset;
}

}  // namespace

TEST_CASE("CRC-32 of parts put together") {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += static_cast<char>(i * 37 + i / 7);
  const uint32_t whole = libdeflate_crc32(0, bytes.data(), bytes.size());
  for (const size_t cut : {size_t{0}, size_t{1}, size_t{7}, size_t{4096}, bytes.size()}) {
    const uint32_t first = libdeflate_crc32(0, bytes.data(), cut);
    const uint32_t second = libdeflate_crc32(0, bytes.data() + cut, bytes.size() - cut);
    CHECK(combine_crc32(first, second, bytes.size() - cut) == whole);
  }
  CHECK(combine_crc32(0, whole, bytes.size()) == whole);
}

TEST_CASE("verify: a sound file, all of it") {
  const std::string path = fixture("cli/wrapped.pth").string();
  uint64_t last = 0, of = 0;
  const VerifyReport report =
      verify(path, {}, [&](uint64_t done, uint64_t total) { last = done, of = total; });
  CHECK(report.sound());
  CHECK(report.container == "zip");
  CHECK(report.bytes == std::filesystem::file_size(path));
  CHECK(report.tensors == 8);
  CHECK(report.records >= 11);
  CHECK(report.records_without_checksum == 0);
  CHECK(report.checked > 1000);
  CHECK(last > 0);
  CHECK(of == report.bytes);
}

TEST_CASE("verify: every flipped bit of an archive's content is found, with the keys") {
  const std::string bytes = read_file(fixture("cli/odd.pth"));
  const ZipArchive archive(bytes_of(bytes), Profile::strict, ZipLayout::plain);
  for (const ZipEntry& entry : archive.entries()) {
    if (entry.size == 0) continue;
    std::string damaged = bytes;
    damaged[entry.data_offset + entry.size / 2] ^= 4;
    CAPTURE(entry.name);
    const VerifyReport report = report_of(damaged);
    CHECK(!report.sound());
    REQUIRE(report.damage.size() == 1);
    CHECK(report.damage[0].record == entry.name);
    CHECK(report.damage[0].problem.find("expected CRC-32") != std::string::npos);
    CHECK(report.damage[0].keys.empty() == (entry.name.find("/data/") == std::string::npos));
  }
  // The record of a tied weight and of views of it: all their names.
  std::string damaged = bytes;
  damaged[content_at(bytes, "odd/data/0")] ^= 1;
  const VerifyReport report = report_of(damaged);
  REQUIRE(report.damage.size() == 1);
  CHECK(report.damage[0].keys.size() == 4);
  CHECK(report.damage[0].keys[0] == "encoder.weight");
}

TEST_CASE("verify: long records are checked in parts") {
  StateDict state;
  const Storage storage = Storage::allocate(size_t{40} << 20);
  auto* words = static_cast<uint32_t*>(storage.data());
  for (uint32_t i = 0; i < storage.nbytes() / 4; ++i) words[i] = i * 2654435761u;
  state.insert("big", Value(Tensor(storage, DType::i32, Shape{10 << 20})));
  state.insert("small", Value(Tensor(Storage::allocate(0), DType::f32, Shape{0})));
  const auto path = scratch_folder() / "big.pth";
  save(state, path.string());
  CHECK(verify(path.string()).sound());
  std::string bytes = read_file(path);
  bytes[bytes.size() / 2] ^= 64;
  write_file(path, bytes);
  const VerifyReport report = verify(path.string());
  REQUIRE(report.damage.size() == 1);
  CHECK(report.damage[0].keys == std::vector<std::string>{"big"});
}

TEST_CASE("verify: records that no tensor needs, checksums that were not recorded, no checksums at all") {
  using namespace sconce::test::pickled;
  const std::string object = program(dict({{"w", tensor(storage("FloatStorage", "0", 2), 0, {2}, {1})}}));
  std::string bytes = torch_zip_of(object, {{"0", floats({1, 2})}, {"1", floats({3, 4})}});
  CHECK(report_of(bytes).sound());
  std::string damaged = bytes;
  damaged[content_at(bytes, "archive/data/1")] ^= 1;
  const VerifyReport unused = report_of(damaged);
  REQUIRE(unused.damage.size() == 1);
  CHECK(unused.damage[0].keys.empty());

  const std::string legacy = legacy_of(object, {{"0", 2, floats({1, 2})}});
  const VerifyReport plain = report_of(legacy);
  CHECK(plain.sound());
  CHECK(plain.container == "legacy");
  CHECK(plain.records == 0);
  CHECK(plain.checked == 0);
  CHECK(plain.bytes == legacy.size());
}

TEST_CASE("verify: bools that are none") {
  using namespace sconce::test::pickled;
  const std::string object = program(dict({{"mask", tensor(storage("BoolStorage", "0", 3), 0, {3}, {1})}}));
  CHECK(report_of(torch_zip_of(object, {{"0", std::string("\0\1\1", 3)}})).sound());
  const VerifyReport report = report_of(torch_zip_of(object, {{"0", std::string("\0\1\2", 3)}}));
  REQUIRE(report.damage.size() == 1);
  CHECK(report.damage[0].keys == std::vector<std::string>{"mask"});
}

TEST_CASE("verify: files that do not open") {
  const std::string bytes = read_file(fixture("cli/mlp.pth"));
  const VerifyReport cut = report_of(bytes.substr(0, bytes.size() - 300));
  CHECK(!cut.sound());
  REQUIRE(cut.error);
  CHECK(cut.error->kind() == ErrorKind::corrupt);
  CHECK_THROWS_AS(report_of("<html></html>"), Error);
  CHECK_THROWS_AS(verify("/no/such/file"), Error);

  // What compat tolerates: trailing bytes are a warning in both, another local name only there.
  std::string renamed = bytes;
  const size_t name = renamed.find("data.pkl");
  REQUIRE(name != std::string::npos);
  renamed[name] = 'D';
  CHECK(report_of(renamed).error);
  LoadOptions compat;
  compat.profile = Profile::compat;
  const VerifyReport tolerated = report_of(renamed, compat);
  CHECK(tolerated.sound());
  CHECK(!tolerated.warnings.empty());
}

TEST_CASE("verify: the same on one thread and on several") {
  std::string bytes = read_file(fixture("cli/odd.pth"));
  bytes[content_at(bytes, "odd/data/0")] ^= 1;
  const int threads = num_threads();
  for (const int count : {1, 4}) {
    set_num_threads(count);
    CHECK(report_of(bytes).damage.size() == 1);
  }
  set_num_threads(threads);
}
