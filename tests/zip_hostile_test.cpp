// Archives that lie: each case is one flaw, with what strict and compat do about it.
#include <doctest/doctest.h>

#include <functional>
#include <map>

#include "mapped_file.h"
#include "support/support.h"
#include "support/zip_builder.h"
#include "zip.h"

using namespace sconce;
using namespace sconce::test;

namespace {

// What reading everything in an archive gives: "ok", "warned", or the error's kind and words.
std::string verdict(const std::string& bytes, Profile profile, ZipLayout layout = ZipLayout::torch) {
  try {
    const ZipArchive archive(bytes_of(bytes), profile, layout);
    for (const ZipEntry& entry : archive.entries()) archive.check_crc(entry);
    return archive.warnings().empty() ? "ok" : "warned: " + archive.warnings()[0];
  } catch (const Error& e) {
    return std::string(to_string(e.kind())) + ": " + e.what();
  }
}

// Every record's content by name; throws what reading throws.
std::map<std::string, std::string> contents(const std::string& bytes, Profile profile = Profile::strict) {
  const ZipArchive archive(bytes_of(bytes), profile);
  std::map<std::string, std::string> out;
  for (const ZipEntry& entry : archive.entries()) {
    const Storage content = archive.inflate(entry);
    ZipArchive::check_crc(entry, bytes_of(content));
    out.emplace(entry.name, text_of(bytes_of(content)));
  }
  return out;
}

// Sets one field of the directory's entry `i` and of the record's own headers alike.
void set_everywhere(BuiltZip& zip, size_t i, size_t central_field, size_t local_field, size_t width,
                    uint64_t value) {
  put_number(zip.bytes, zip.central[i] + central_field, width, value);
  put_number(zip.bytes, zip.local[i] + local_field, width, value);
}

struct Flaw {
  const char* name;
  std::string bytes;
  const char *strict, *compat;  // how each verdict begins, or a part of it
};

bool begins_or_contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string bent(const std::function<void(BuiltZip&)>& change) {
  BuiltZip zip = small_zip();
  change(zip);
  return zip.bytes;
}

// The small archive with a deflated record of `content`; and the same with a lie about its size.
BuiltZip deflated_zip(const std::string& content) {
  return build_zip({{"archive/data.pkl", content, true}, {"archive/version", "3\n"}});
}

}  // namespace

TEST_CASE("zip: each flaw gets its verdict") {
  const std::string good = small_zip().bytes;
  std::vector<Flaw> flaws = {
      {"nothing wrong", good, "ok", "ok"},
      {"second root folder", build_zip({{"a/x", "1"}, {"b/x", "2"}}).bytes,
       "corrupt: [zip] expected all records in the root folder 'a/', got 'b/x'",
       "corrupt: [zip] expected all records in the root folder"},
      {"root folder is only a prefix", build_zip({{"a/x", "1"}, {"ab/x", "2"}}).bytes,
       "corrupt: [zip] expected all records in the root folder", "corrupt"},
      {"no root folder", build_zip({{"x", "1"}, {"y", "2"}}).bytes,
       "corrupt: [zip] expected all records in one root folder",
       "warned: [zip] the records lie in no root folder"},
      {"absolute names", build_zip({{"/x", "1"}}).bytes,
       "corrupt: [zip] expected all records in one root folder", "warned"},
      {"duplicate data.pkl", build_zip({{"a/data.pkl", "1"}, {"a/data.pkl", "2"}}).bytes,
       "corrupt: [zip] two records have the same name (record \"a/data.pkl\"",
       "warned: [zip] two records are named 'a/data.pkl'; the first is read"},
      {"CRC wrong in the directory", bent([](BuiltZip& z) { put_number(z.bytes, z.central[2] + 16, 4, 7); }),
       "corrupt: [zip] the data descriptor after the record disagrees",
       "corrupt: [zip] the record's bytes are damaged: expected CRC-32 7"},
      {"CRC wrong everywhere", bent([](BuiltZip& z) {
         put_number(z.bytes, z.central[2] + 16, 4, 7);
         put_number(z.bytes, z.descriptor[2] + 4, 4, 7);
       }),
       "corrupt: [zip] the record's bytes are damaged: expected CRC-32 7",
       "corrupt: [zip] the record's bytes are damaged"},
      {"CRC not recorded", bent([](BuiltZip& z) {
         put_number(z.bytes, z.central[2] + 16, 4, 0);
         put_number(z.bytes, z.descriptor[2] + 4, 4, 0);
       }),
       "ok", "ok"},
      {"one bit of data flipped", bent([](BuiltZip& z) { z.bytes[z.data[2] + 3] ^= 1; }),
       "corrupt: [zip] the record's bytes are damaged", "corrupt: [zip] the record's bytes are damaged"},
      {"local header has another name", bent([](BuiltZip& z) { z.bytes[z.local[2] + 30] = 'X'; }),
       "corrupt: [zip] the record's own header calls it 'Xrchive/data/0', the directory 'archive/data/0'",
       "warned: [zip] the record's own header calls it"},
      {"local header says encrypted",
       bent([](BuiltZip& z) { put_number(z.bytes, z.local[2] + 6, 2, 0x0809); }),
       "corrupt: [zip] the record's own header says flags", "warned"},
      {"local header says deflated", bent([](BuiltZip& z) { put_number(z.bytes, z.local[2] + 8, 2, 8); }),
       "corrupt: [zip] the record's own header says method 8, the directory 0", "warned"},
      {"local header says another size",
       bent([](BuiltZip& z) { put_number(z.bytes, z.local[2] + 22, 4, 13); }),
       "corrupt: [zip] the record's own header says CRC-32 0 and sizes 0 and 13", "warned"},
      {"directory says encrypted",
       bent([](BuiltZip& z) { put_number(z.bytes, z.central[2] + 8, 2, 0x0809); }),
       "unsupported: [zip] the record is encrypted (record \"archive/data/0\"", "unsupported"},
      {"both say encrypted", bent([](BuiltZip& z) { set_everywhere(z, 2, 8, 6, 2, 0x0809); }),
       "unsupported: [zip] the record is encrypted", "unsupported"},
      {"bzip2", bent([](BuiltZip& z) { set_everywhere(z, 2, 10, 8, 2, 12); }),
       "unsupported: [zip] expected a stored or deflated record, got compression method 12 (bzip2)",
       "unsupported"},
      {"leading junk", "#!" + good, "corrupt: [zip] expected a record at the start of the file", "corrupt"},
      {"4 trailing bytes", good + "junk", "warned: [zip] 4 bytes follow the archive's directory", "warned"},
      {"64 KiB of trailing bytes", good + std::string(65535, 'x'), "warned: [zip] 65535 bytes follow",
       "warned"},
      {"more than 64 KiB of trailing bytes", good + std::string(65536, 'x'),
       "corrupt: [zip] no end-of-directory record", "corrupt"},
      {"100 kB of trailing bytes", good + std::string(100000, 'x'),
       "corrupt: [zip] no end-of-directory record", "corrupt"},
      {"comment reaches past the end", bent([](BuiltZip& z) { put_number(z.bytes, z.end + 20, 2, 1); }),
       "corrupt: [zip] the archive comment reaches past the end", "corrupt"},
      {"records overlap", bent([](BuiltZip& z) {
         put_number(z.bytes, z.central[3] + 42, 4, z.local[2]);
         z.bytes.replace(z.central[3], z.end64 - z.central[3],
                         z.bytes.substr(z.central[2], z.central[3] - z.central[2]) + "x");
         put_number(z.bytes, z.central[3] + 28, 2, 15);
       }),
       "corrupt", "corrupt: [zip] the record shares bytes with the one before it"},
      {"record reaches into the next", bent([](BuiltZip& z) {
         for (size_t f : {20, 24}) put_number(z.bytes, z.central[1] + f, 4, 70);
       }),
       "corrupt", "corrupt: [zip] the record shares bytes with the one before it"},
      {"record reaches into the directory", bent([](BuiltZip& z) {
         for (size_t f : {20, 24}) put_number(z.bytes, z.central[3] + f, 4, 100);
       }),
       "corrupt: [zip] expected 100 bytes of content", "corrupt: [zip] expected 100 bytes of content"},
      {"record of 4 GiB in a small file", bent([](BuiltZip& z) {
         for (size_t f : {20, 24}) put_number(z.bytes, z.central[2] + f, 4, 0xfffffffe);
       }),
       "corrupt: [zip] expected 4294967294 bytes of content", "corrupt"},
      {"record needs zip64 and has none",
       bent([](BuiltZip& z) { put_number(z.bytes, z.central[2] + 20, 4, 0xffffffff); }),
       "corrupt: [zip] a number that needs zip64", "corrupt"},
      {"header offset points at nothing",
       bent([](BuiltZip& z) { put_number(z.bytes, z.central[2] + 42, 4, z.local[2] + 1); }),
       "corrupt: [zip] expected the record's header here", "corrupt"},
      {"header offset past the file",
       bent([](BuiltZip& z) { put_number(z.bytes, z.central[2] + 42, 4, 0x7fffffff); }),
       "corrupt: [zip] expected the record's header here", "corrupt"},
      {"stored sizes differ", bent([](BuiltZip& z) { put_number(z.bytes, z.central[2] + 24, 4, 11); }),
       "corrupt: [zip] expected the same size twice", "corrupt"},
      {"name with a zero byte", bent([](BuiltZip& z) {
         z.bytes[z.central[2] + 46 + 9] = '\0';
         z.bytes[z.local[2] + 30 + 9] = '\0';
       }),
       "corrupt: [zip] the name contains a zero byte", "corrupt"},
      {"record without a name", build_zip({{"", "x"}}).bytes,
       "corrupt: [zip] entry 0 of the directory has no name", "corrupt"},
      {"folder with content", build_zip({{"a/", "x"}}).bytes,
       "corrupt: [zip] expected a folder without content", "corrupt"},
      {"descriptor has another size",
       bent([](BuiltZip& z) { put_number(z.bytes, z.descriptor[2] + 8, 4, 11); }),
       "corrupt: [zip] the data descriptor", "warned: [zip] the data descriptor"},
      {"extra field reaches past its header",
       bent([](BuiltZip& z) { put_number(z.bytes, z.local[2] + 30 + 14 + 2, 2, 500); }),
       "corrupt: [zip] extra field 0x4246 of 500 bytes", "warned: [zip] extra field"},
      {"end records disagree", bent([](BuiltZip& z) { put_number(z.bytes, z.end + 12, 4, 5); }),
       "corrupt: [zip] the two end records disagree", "warned: [zip] the two end records disagree"},
      {"zip64 end record missing", bent([](BuiltZip& z) { put_number(z.bytes, z.locator + 8, 8, 3); }),
       "corrupt: [zip] expected the zip64 end record at offset 3", "corrupt"},
      {"zip64 locator points far away",
       bent([](BuiltZip& z) { put_number(z.bytes, z.locator + 8, 8, ~uint64_t{0}); }),
       "corrupt: [zip] expected the zip64 end record", "corrupt"},
      {"zip64 end record of another length",
       bent([](BuiltZip& z) { put_number(z.bytes, z.end64 + 4, 8, 45); }),
       "corrupt: [zip] expected a zip64 end record of 44 bytes, got 45", "warned"},
      {"split archive", bent([](BuiltZip& z) { put_number(z.bytes, z.end + 4, 2, 1); }),
       "unsupported: [zip] expected one file, got a part of a split archive", "unsupported"},
      {"split archive by zip64", bent([](BuiltZip& z) { put_number(z.bytes, z.locator + 16, 4, 2); }),
       "unsupported: [zip] expected one file", "unsupported"},
      {"directory offset past the file", bent([](BuiltZip& z) {
         put_number(z.bytes, z.end64 + 48, 8, uint64_t{1} << 40);
         put_number(z.bytes, z.end + 16, 4, 0xffffffff);
       }),
       "corrupt: [zip] expected the directory before offset", "corrupt"},
      {"directory offset overflows with its size", bent([](BuiltZip& z) {
         put_number(z.bytes, z.end64 + 48, 8, ~uint64_t{0} - 8);
         put_number(z.bytes, z.end + 16, 4, 0xffffffff);
       }),
       "corrupt: [zip] expected the directory before offset", "corrupt"},
      {"more entries than fit", bent([](BuiltZip& z) {
         for (size_t f : {24, 32}) put_number(z.bytes, z.end64 + f, 8, uint64_t{1} << 60);
         for (size_t f : {8, 10}) put_number(z.bytes, z.end + f, 2, 0xffff);
       }),
       "corrupt: [zip] expected at most", "corrupt"},
      {"one entry too few", bent([](BuiltZip& z) {
         for (size_t f : {24, 32}) put_number(z.bytes, z.end64 + f, 8, 3);
         for (size_t f : {8, 10}) put_number(z.bytes, z.end + f, 2, 3);
       }),
       "corrupt: [zip] the directory has 61 bytes after its 3 entries", "warned"},
      {"directory stops early", bent([](BuiltZip& z) {
         put_number(z.bytes, z.end64 + 40, 8, z.end64 - z.central[0] - 1);
         put_number(z.bytes, z.end + 12, 4, z.end64 - z.central[0] - 1);
       }),
       "corrupt: [zip] 1 bytes lie between the directory and its end record", "corrupt"},
      {"text", "hello, this is no archive at all", "corrupt: [zip] expected a record at the start",
       "corrupt"},
      {"empty", "", "corrupt: [zip] expected a zip archive, which has at least 22 bytes, got 0", "corrupt"},
  };
  for (const Flaw& flaw : flaws) {
    const std::string strict = verdict(flaw.bytes, Profile::strict),
                      compat = verdict(flaw.bytes, Profile::compat);
    CAPTURE(flaw.name);
    CAPTURE(strict);
    CAPTURE(compat);
    CHECK(begins_or_contains(strict, flaw.strict));
    CHECK(begins_or_contains(compat, flaw.compat));
  }
}

TEST_CASE("zip: a duplicate name gives the first record in compat, as torch") {
  const std::string bytes = build_zip({{"a/data.pkl", "first"}, {"a/data.pkl", "second"}}).bytes;
  const ZipArchive archive(bytes_of(bytes), Profile::compat);
  CHECK(archive.read_text(*archive.record("data.pkl")) == "first");
}

TEST_CASE("zip: deflated records that lie") {
  const std::string zeros(1 << 20, '\0');
  BuiltZip bomb = deflated_zip(zeros);
  Budget budget;
  const auto inflate = [&](const std::string& bytes, const Budget& limits) {
    const ZipArchive archive(bytes_of(bytes));
    return archive.inflate(*archive.record("data.pkl"), limits).nbytes();
  };
  CHECK(inflate(bomb.bytes, budget) == zeros.size());
  budget.inflate_ratio = 100;
  CHECK_THROWS_WITH(inflate(bomb.bytes, budget), doctest::Contains("more than the budget's 100 to 1"));
  budget = {};
  budget.materialized_bytes = zeros.size() - 1;
  CHECK_THROWS_WITH(inflate(bomb.bytes, budget),
                    doctest::Contains("the record has 1048576 bytes, the budget allows 1048575"));

  // A directory that promises more, or less, than the stream gives.
  for (const int difference : {-1, 1, 1000}) {
    BuiltZip zip = deflated_zip("some text, some text, some text");
    const uint64_t size = 31 + static_cast<uint64_t>(difference);
    put_number(zip.bytes, zip.central[0] + 24, 4, size);
    put_number(zip.bytes, zip.descriptor[0] + 12, 4, size);
    CAPTURE(difference);
    CHECK_THROWS_WITH(inflate(zip.bytes, {}), doctest::Contains("the deflated record is damaged"));
  }
  // Promises that no deflate stream can keep are refused before anything is allocated.
  BuiltZip liar = deflated_zip("x");
  put_number(liar.bytes, liar.central[0] + 24, 4, 0xfffffff0);
  put_number(liar.bytes, liar.descriptor[0] + 12, 4, 0xfffffff0);
  CHECK_THROWS_WITH(inflate(liar.bytes, {}),
                    doctest::Contains("inflate to 4294967280, more than the budget's 1100 to 1"));
  // Bytes behind the stream, inside the record.
  BuiltZip hidden = build_zip({{"archive/data.pkl", deflate("text") + "hidden"}, {"archive/version", "3\n"}});
  set_everywhere(hidden, 0, 10, 8, 2, 8);
  for (const size_t at : {hidden.central[0] + 24, hidden.descriptor[0] + 12})
    put_number(hidden.bytes, at, 4, 4);
  CHECK_THROWS_WITH(inflate(hidden.bytes, {}),
                    doctest::Contains("6 bytes follow the deflated stream inside its record"));
  // A changed bit of the stream is an error, or one of the unused bits behind its end.
  const BuiltZip whole = deflated_zip("The quick brown fox jumps over the lazy dog.");
  for (size_t i = whole.data[0]; i < whole.descriptor[0]; ++i) {
    std::string broken = whole.bytes;
    broken[i] = static_cast<char>(broken[i] ^ 0x10);
    const std::string got = verdict(broken, Profile::strict);
    CAPTURE(got);
    CHECK((begins_or_contains(got, "corrupt") || (got == "ok" && i + 1 == whole.descriptor[0])));
  }
}

TEST_CASE("zip: the version record") {
  const auto version = [](const std::vector<ZipRecord>& records) {
    const std::string bytes = build_zip(records).bytes;
    return torch_archive_version(ZipArchive(bytes_of(bytes)));
  };
  CHECK(version({{"a/version", "3\n"}}) == 3);
  CHECK(version({{"a/version", "10"}}) == 10);
  CHECK(version({{"a/version", "1\r\n", true}}) == 1);
  CHECK(version({{"a/version", "99"}, {"a/.data/version", "6\n"}}) == 6);
  CHECK_THROWS_WITH(version({{"a/data.pkl", "N."}}),
                    doctest::Contains("expected a record 'version', found none"));
  for (const char* text : {"0", "11", "1000000"})
    CHECK_THROWS_WITH(version({{"a/version", text}}), doctest::Contains("expected archive version 1 to 10"));
  for (const char* text : {"", "\n", "x", "3x", "-1x", "3 3", "99999999999999999999"})
    CHECK_THROWS_WITH(version({{"a/version", text}}), doctest::Contains("expected a decimal version number"));
  CHECK_THROWS_WITH(version({{"a/version", std::string(100000, '3')}}),
                    doctest::Contains("the budget allows 4096"));
}

TEST_CASE("zip: an archive cut short anywhere is an error") {
  const std::string whole = small_zip().bytes;
  for (size_t n = 0; n < whole.size(); ++n) {
    CAPTURE(n);
    CHECK(begins_or_contains(verdict(whole.substr(0, n), Profile::strict), "corrupt"));
    CHECK(begins_or_contains(verdict(whole.substr(0, n), Profile::compat), "corrupt"));
  }
}

namespace {

// Reads a bent archive in both profiles: strict gives an error or the content that was there, compat never
// crashes.
void check_bent(const std::string& bytes, const std::map<std::string, std::string>& expected) {
  std::map<std::string, std::string> got = expected;
  try {
    got = contents(bytes);
  } catch (const Error&) {
  }
  CHECK(got == expected);
  try {
    contents(bytes, Profile::compat);
  } catch (const Error&) {
  }
}

}  // namespace

TEST_CASE("zip: every field of every header, set to anything, is an error or changes nothing") {
  struct Field {
    size_t offset, width;
  };
  const std::vector<Field> local = {{0, 4},  {4, 2},  {6, 2},  {8, 2},  {10, 2}, {12, 2},
                                    {14, 4}, {18, 4}, {22, 4}, {26, 2}, {28, 2}};
  const std::vector<Field> central = {{0, 4},  {4, 2},  {6, 2},  {8, 2},  {10, 2}, {12, 2},
                                      {14, 2}, {16, 4}, {20, 4}, {24, 4}, {28, 2}, {30, 2},
                                      {32, 2}, {34, 2}, {36, 2}, {38, 4}, {42, 4}};
  const std::vector<Field> end64 = {{0, 4},  {4, 8},  {12, 2}, {14, 2}, {16, 4},
                                    {20, 4}, {24, 8}, {32, 8}, {40, 8}, {48, 8}};
  const std::vector<Field> locator = {{0, 4}, {4, 4}, {8, 8}, {16, 4}};
  const std::vector<Field> end = {{0, 4}, {4, 2}, {6, 2}, {8, 2}, {10, 2}, {12, 4}, {16, 4}, {20, 2}};
  const std::vector<Field> descriptor = {{0, 4}, {4, 4}, {8, 4}, {12, 4}};
  const std::vector<BuiltZip> archives = {small_zip(),
                                          deflated_zip("The quick brown fox jumps over the lazy dog.")};
  for (const BuiltZip& zip : archives) {
    const auto expected = contents(zip.bytes);
    const auto bend = [&](size_t header, const std::vector<Field>& fields) {
      for (const Field& field : fields) {
        const uint64_t old = number_at(zip.bytes, header + field.offset, field.width);
        const uint64_t all = ~uint64_t{0};
        for (const uint64_t value : {uint64_t{0}, uint64_t{1}, all, all - 1, all >> 1, (all >> 1) + 1,
                                     uint64_t{0xffff}, uint64_t{0xffffffff}, old + 1, old - 1, old << 8,
                                     uint64_t{zip.bytes.size()}, uint64_t{header}}) {
          std::string bytes = zip.bytes;
          put_number(bytes, header + field.offset, field.width, value);
          CAPTURE(header);
          CAPTURE(field.offset);
          CAPTURE(value);
          check_bent(bytes, expected);
        }
      }
    };
    for (size_t i = 0; i < zip.local.size(); ++i) {
      bend(zip.local[i], local);
      bend(zip.central[i], central);
      bend(zip.descriptor[i], descriptor);
    }
    bend(zip.end64, end64);
    bend(zip.locator, locator);
    bend(zip.end, end);
  }
}

TEST_CASE("zip: every byte of an archive, changed in any bit, is an error or changes nothing") {
  const std::string whole = small_zip().bytes;
  const auto expected = contents(whole);
  for (size_t i = 0; i < whole.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string bytes = whole;
      bytes[i] = static_cast<char>(bytes[i] ^ (1 << bit));
      CAPTURE(i);
      CAPTURE(bit);
      check_bent(bytes, expected);
    }
  }
}

TEST_CASE("zip: zip64 fields of the directory") {
  // The second entry's sizes and offset moved into a zip64 field, which is then bent.
  const auto with_field = [](const std::string& field, bool saturate) {
    BuiltZip zip = build_zip({{"a/x", "1"}, {"a/y", "22"}});
    const size_t here = zip.central[1];
    if (saturate) {
      for (size_t f : {20, 24, 42}) put_number(zip.bytes, here + f, 4, 0xffffffff);
    }
    put_number(zip.bytes, here + 30, 2, field.size());
    zip.bytes.insert(zip.end64, field);
    const size_t moved = field.size();
    put_number(zip.bytes, zip.end64 + moved + 40, 8, zip.end64 + moved - zip.central[0]);
    put_number(zip.bytes, zip.locator + moved + 8, 8, zip.end64 + moved);
    put_number(zip.bytes, zip.end + moved + 12, 4, zip.end64 + moved - zip.central[0]);
    return verdict(zip.bytes, Profile::strict);
  };
  const uint64_t offset = build_zip({{"a/x", "1"}, {"a/y", "22"}}).local[1];
  std::string right;
  append_number(right, 2, 1);
  append_number(right, 2, 24);
  for (uint64_t v : {uint64_t{2}, uint64_t{2}, offset}) append_number(right, 8, v);
  CHECK(with_field(right, true) == "ok");
  CHECK(with_field(right, false) == "ok");  // not asked for: ignored
  CHECK(begins_or_contains(with_field(right + right, true), "two zip64 fields"));
  std::string brief = right.substr(0, 20);
  brief[2] = 16;
  CHECK(begins_or_contains(with_field(brief, true),
                           "a number that needs zip64, and no zip64 field that holds it"));
  CHECK(begins_or_contains(with_field("", true), "a number that needs zip64"));
  CHECK(begins_or_contains(with_field("\1", true), "stray bytes in the extra field"));
  for (size_t at = 4; at < right.size(); at += 8) {
    for (const uint64_t value :
         {uint64_t{0}, uint64_t{3}, uint64_t{1} << 40, ~uint64_t{0}, ~uint64_t{0} - 40}) {
      std::string wrong = right;
      put_number(wrong, at, 8, value);
      CHECK(begins_or_contains(with_field(wrong, true), "corrupt: [zip]"));
    }
  }
}

TEST_CASE("zip: the bent archives of a malware corpus") {
  const auto folder = real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints");
    return;
  }
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"benign_password_protected.zip", "unsupported: [zip] the record is encrypted"},
      {"malicious1_0x1.zip", "encrypted"},
      {"malicious1_0x20.zip", "patch"},
      {"malicious1_0x40.zip", "encrypted"},
      {"malicious1_central_directory.zip", "corrupt"},
      {"malicious1.zip", "corrupt: [zip] expected all records in one root folder"},
      {"new_pytorch_model.bin", "ok"},
  };
  for (const auto& c : cases) {
    const std::string name = c.first, part = c.second;
    const auto file = MappedFile::open((*folder / "picklescan" / name).string());
    const std::string got = verdict(std::string(text_of(file->bytes())), Profile::strict);
    CAPTURE(name);
    CAPTURE(got);
    CHECK(begins_or_contains(got, part));
  }
}
