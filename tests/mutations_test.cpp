// Valid pickles with one operation or argument changed: a typed error, or what the changed program honestly says. For plain values
// CPython's own unpickler is the judge (tests/fixtures/make_mutations.py); tensors must be bytes of the file.
#include "container.h"
#include "support/pickle_fields.h"
#include "support/pickle_writer.h"
#include "support/sanitized.h"
#include "support/support.h"
#include "zip.h"

#include <sconce/checkpoint.h>
#include <sconce/tensors_in.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>

using namespace sconce;
using namespace sconce::test;

namespace {

constexpr Profile profiles[] = {Profile::strict, Profile::compat};

// Under the sanitizers and on an emulated machine, where a load takes many times as long, every seventh of the changed
// checkpoints; else all.
std::vector<std::string> chosen(const std::vector<std::string>& programs) {
  const size_t each = sanitized || !emulator().empty() ? 7 : 1;
  std::vector<std::string> out;
  for (size_t i = 0; i < programs.size(); i += each) out.push_back(programs[i]);
  return out;
}

LoadOptions options_of(Profile profile) {
  LoadOptions options;
  options.profile = profile;
  options.budget.tree_bytes = 1 << 24;
  options.budget.materialized_bytes = 1 << 24;
  return options;
}

double cpu_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

// What each unit of work took at most: nothing may hang.
struct Slowest {
  double seconds = 0, from = 0;
  void begin() { from = cpu_seconds(); }
  void end() { seconds = std::max(seconds, cpu_seconds() - from); }
};

// Are these the bytes of a record? The records are little-endian, so that a big-endian machine turned their numbers round.
bool is_among(const std::vector<std::string>& contents, std::string_view held, DType dtype) {
  const std::string as_stored =
      std::endian::native == std::endian::big ? turned_round(held, dtype) : std::string(held);
  return std::find(contents.begin(), contents.end(), as_stored) != contents.end();
}

// Opens the bytes and touches every tensor; false when that is an error.
bool opens(const std::string& bytes, Profile profile, const std::vector<std::string>* contents = nullptr) {
  try {
    const Checkpoint checkpoint = Checkpoint::from_bytes(bytes, "mutated.pth", options_of(profile));
    (void)checkpoint.root().repr(500);
    for (const NamedTensor& named : tensors_in(checkpoint.root()))
      for (const Tensor& part : named.parts()) {
        if (part.device() == meta) continue;
        const Storage storage = part.storage();
        const auto* data = static_cast<const char*>(storage.data());
        const std::string_view held(data, storage.nbytes());
        int64_t last = part.storage_offset();
        for (int64_t d = 0; d < part.dim(); ++d) last += (part.size(d) - 1) * part.stride(d);
        if (part.numel() > 0 &&
            (last + 1) * static_cast<int64_t>(size_of(part.dtype())) > static_cast<int64_t>(held.size()))
          FAIL_CHECK("a tensor beyond its storage");
        if (contents && !held.empty() && !is_among(*contents, held, part.dtype()))
          FAIL_CHECK("a tensor whose bytes are not in the file");
      }
    return true;
  } catch (const Error& e) {
    CHECK(!e.message().empty());
    return false;
  }
}

uint32_t crc_of(std::string_view text) {
  uint32_t crc = ~0u;
  for (const char c : text) {
    crc ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
  }
  return ~crc;
}

std::string unhex(std::string_view hex) {
  std::string out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  return out;
}

}  // namespace

TEST_CASE("mutations: plain values with one field changed are what CPython makes of them, or an error") {
  std::ifstream cases(fixture("mutations.txt"));
  REQUIRE(cases.good());
  std::string first, second, third, fourth, program, expected;
  size_t checked = 0, loaded = 0, refused = 0;
  Slowest slowest;
  while (cases >> first >> second >> third >> fourth) {
    std::string changed = program;
    std::string result = fourth;
    if (first == "program") {
      changed = program = unhex(third);
      expected = unhex(fourth);
      result = "=";
    } else {
      changed.replace(std::stoul(first), std::stoul(second), third == "-" ? "" : unhex(third));
    }
    for (const Profile profile : profiles) {
      std::string got;
      slowest.begin();
      try {
        const auto file = MappedFile::from_bytes(changed, "mutated.pkl");
        got = read_bare_pickle(file, options_of(profile)).root.repr(1 << 20);
      } catch (const Error&) {
      }
      slowest.end();
      ++checked;
      if (got.empty()) {
        refused += result != "!" && result != "?";
        if (first == "program") FAIL_CHECK("the program itself is an error");
        continue;
      }
      ++loaded;
      CAPTURE(program.size());
      CAPTURE(first);
      CAPTURE(second);
      CAPTURE(third);
      CAPTURE(got);
      // What Python would have called stays closed here, whether that call would have gone well or not.
      if (result == "?" || got.find('<') != got.npos) continue;
      // NEWOBJ in REDUCE's place: Python insists on a class, which a reader that knows names only cannot tell from a function.
      if (third == "81") continue;
      CHECK(result != "!");
      if (result == "=")
        CHECK(got == expected);
      else if (result != "!")
        CHECK(crc_of(got) == std::stoul(result, nullptr, 16));
    }
  }
  MESSAGE(checked << " programs, " << loaded << " loaded, " << refused << " refused that Python loads");
  CHECK(checked > 40'000);
  CHECK(loaded > 3'000);
  CHECK(slowest.seconds < patience());
}

TEST_CASE("mutations: checkpoints with one operation of data.pkl changed give errors or bytes of the file") {
  size_t checked = 0, loaded = 0;
  Slowest slowest;
  for (const char* name :
       {"tiny", "views", "parameters", "attributes", "state_dict_protocol2", "state_dict_protocol3",
        "state_dict_protocol4", "state_dict_protocol5", "cuda_located", "wrapped_alias"}) {
    CAPTURE(name);
    const std::string bytes = read_file(fixture(std::string("checkpoints/") + name + ".pth"));
    const ZipArchive archive(bytes_of(bytes));
    std::vector<std::pair<std::string, std::string>> records;
    std::vector<std::string> contents;
    size_t program = 0;
    for (const ZipEntry& entry : archive.entries()) {
      if (entry.name.ends_with("/data.pkl")) program = records.size();
      records.emplace_back(entry.name, archive.read_text(entry));
      contents.push_back(records.back().second);
    }
    const std::string honest = records[program].second;
    REQUIRE(opens(zip_of(records), Profile::strict, &contents));
    for (const std::string& changed : chosen(changed_programs(honest, pickle_operations(honest)))) {
      records[program].second = changed;
      const std::string made = zip_of(records);
      for (const Profile profile : profiles) {
        slowest.begin();
        loaded += opens(made, profile, &contents);
        slowest.end();
        ++checked;
      }
    }
  }
  MESSAGE(checked << " checkpoints, " << loaded << " loaded");
  CHECK(loaded > 1000);
  CHECK(slowest.seconds < patience());
}

TEST_CASE("mutations: legacy streams and bare pickles with one operation changed are errors or load") {
  size_t checked = 0, loaded = 0;
  Slowest slowest;
  for (const char* name :
       {"checkpoints/tiny_legacy.pth", "checkpoints/state_dict_legacy_protocol1.pth",
        "checkpoints/state_dict_legacy_protocol4.pth", "pickles/tiny.pkl", "pickles/arrays_protocol0.pkl",
        "pickles/arrays_protocol1.pkl", "pickles/arrays_protocol3.pkl", "pickles/arrays_protocol5.pkl"}) {
    CAPTURE(name);
    const std::string bytes = read_file(fixture(name));
    REQUIRE(opens(bytes, Profile::strict));
    // A legacy stream is five programs, one behind the other.
    std::vector<PickleOperation> operations;
    for (int i = 0; i < (std::strstr(name, "legacy") ? 5 : 1); ++i)
      for (const PickleOperation& op :
           pickle_operations(bytes, operations.empty() ? 0 : operations.back().end))
        operations.push_back(op);
    for (const std::string& changed : chosen(changed_programs(bytes, operations)))
      for (const Profile profile : profiles) {
        slowest.begin();
        loaded += opens(changed, profile);
        slowest.end();
        ++checked;
      }
  }
  MESSAGE(checked << " files, " << loaded << " loaded");
  CHECK(loaded > 1000);
  CHECK(slowest.seconds < patience());
}

TEST_CASE("mutations: every field of every tar header, its checksum mended, is an error or loads") {
  struct Field {
    size_t at, width;
  };
  const Field fields[] = {{0, 100},   {100, 8}, {108, 8}, {116, 8},  {124, 12}, {136, 12}, {156, 1},
                          {157, 100}, {257, 6}, {263, 2}, {265, 32}, {329, 8},  {337, 8},  {345, 155}};
  const std::string values[] = {"",
                                "0",
                                "7",
                                "8",
                                "-1",
                                " 12 ",
                                "77777777777",
                                "00000000001",
                                "00000001000",
                                "x",
                                "storages",
                                "pickle",
                                "tensors",
                                "../x",
                                std::string(155, '7'),
                                std::string(155, '\xff'),
                                "\x80",
                                "L",
                                "K",
                                "x",
                                "g",
                                "S",
                                "1",
                                "2",
                                "5",
                                std::string("\x80\0\0\0\0\0\0\0\0\0\x02\0", 12)};
  const std::string whole = read_file(fixture("tar/tiny.pth"));
  REQUIRE(opens(whole, Profile::strict));
  size_t loaded = 0, checked = 0;
  Slowest slowest;
  for (size_t header = 0; header + 512 <= whole.size(); header += 512) {
    if (whole.compare(header + 257, 5, "ustar") != 0) continue;
    for (const Field& field : fields)
      for (const std::string& value : values) {
        std::string bent = whole;
        bent.replace(header + field.at, field.width,
                     (value + std::string(field.width, '\0')).substr(0, field.width));
        bent.replace(header + 148, 8, 8, ' ');
        unsigned sum = 0;
        for (size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(bent[header + i]);
        char text[8];
        std::snprintf(text, sizeof text, "%06o", sum & 0777777);
        bent.replace(header + 148, 7, std::string(text, 7));
        for (const Profile profile : profiles) {
          slowest.begin();
          loaded += opens(bent, profile);
          slowest.end();
          ++checked;
        }
      }
  }
  MESSAGE(checked << " archives, " << loaded << " loaded");
  CHECK(checked > 2000);
  CHECK(loaded > 100);
  CHECK(slowest.seconds < patience());
}
