// One file for each way a checkpoint can be odd or malformed: what real PyTorch did with it (recorded by make_verdicts.py), and
// what Sconce does in its two profiles.
#include "support/support.h"

#include <sconce/checkpoint.h>

#include <doctest/doctest.h>

#include <cstring>
#include <map>

using namespace sconce;
using namespace sconce::test;

namespace {

using Json = nlohmann::json;

// What opening a file and reading its tensors ends in.
struct Verdict {
  const char* outcome;  // "loads", "warns" (loads with a warning), or the kind of the error
  const char* words;    // in the error or a warning
};

struct Row {
  const char* name;
  bool torch,
      mmap;  // does torch.load(weights_only=True) load it; and with mmap=True (the same where it cannot apply)
  Verdict strict, compat;
};

constexpr Verdict loads{"loads", ""};
constexpr bool no = false, yes = true;

constexpr Row table[] = {
    {"honest", yes, yes, loads, loads},
    // Views and storages.
    {"view_past_the_end",
     no,
     no,
     {"corrupt", "needs 5 elements of float32, its storage has 4"},
     {"corrupt", ""}},
    {"stride_too_large", no, no, {"corrupt", "needs 5 elements"}, {"corrupt", ""}},
    {"negative_stride", no, no, {"corrupt", "stride of at least 0, got -1"}, {"corrupt", ""}},
    {"negative_offset", no, no, {"corrupt", "offset of at least 0, got -1"}, {"corrupt", ""}},
    {"negative_size", no, no, {"corrupt", "size of at least 0, got -1"}, {"corrupt", ""}},
    {"rank_differs", no, no, {"corrupt", "2 extents and 1 strides"}, {"corrupt", ""}},
    {"numel_above_record", no, yes, {"corrupt", "has 16 bytes, its storage needs 32"}, {"corrupt", ""}},
    {"numel_below_record", no, yes, {"corrupt", "has 16 bytes, its storage needs 8"}, {"corrupt", ""}},
    {"two_sizes_4_then_2", yes, yes, {"corrupt", "named with 8 bytes, and before with 16"}, {"corrupt", ""}},
    {"two_sizes_2_then_4", no, no, {"corrupt", "has 16 bytes, its storage needs 8"}, {"corrupt", ""}},
    {"two_dtypes", yes, yes, {"corrupt", "dtype int32, and before with float32"}, {"warns", "reinterpreted"}},
    {"record_missing", no, no, {"corrupt", "tensor w: record \"archive/data/7\" is absent"}, {"corrupt", ""}},
    {"key_leaves_folder", no, no, {"corrupt", "record \"archive/data/../../x\" is absent"}, {"corrupt", ""}},
    {"expanded", yes, yes, loads, loads},
    {"located_cuda", no, no, loads, loads},
    {"located_xla", no, no, loads, loads},
    // Byte order.
    {"byteorder_big", yes, yes, loads, loads},
    {"byteorder_absent", yes, yes, loads, loads},
    {"byteorder_middle",
     no,
     no,
     {"corrupt", "byte order \"little\" or \"big\", got 'middle'"},
     {"corrupt", ""}},
    {"byteorder_big_v3", yes, yes, loads, loads},  // torch leaves the bytes as they are
    // The archive.
    {"second_root", no, no, {"corrupt", "folder"}, {"corrupt", ""}},
    {"no_root", no, no, {"corrupt", "folder"}, {"warns", "folder"}},
    {"data_pkl_twice", yes, yes, {"corrupt", "same name"}, {"warns", "the first is read"}},
    {"crc_wrong", yes, yes, {"corrupt", "CRC"}, {"corrupt", "CRC"}},
    {"data_bit_flipped", yes, yes, {"corrupt", "CRC"}, {"corrupt", "CRC"}},
    {"local_other_name",
     yes,
     yes,
     {"corrupt", "calls it 'archive/data/X'"},
     {"warns", "calls it 'archive/data/X'"}},
    {"local_encrypted", yes, yes, {"corrupt", "flags"}, {"warns", "flags"}},
    {"local_method", yes, yes, {"corrupt", "method"}, {"warns", "method"}},
    {"directory_encrypted", no, no, {"unsupported", "encrypted"}, {"unsupported", "encrypted"}},
    {"leading_junk", no, no, {"unsupported", ""}, {"unsupported", ""}},
    {"trailing_4", yes, yes, {"warns", "4 bytes"}, {"warns", "4 bytes"}},
    {"trailing_100k", no, no, {"corrupt", ""}, {"corrupt", ""}},
    {"deflated", yes, yes, loads, loads},     // torch's mmap gives the deflated bytes as numbers
    {"deflate_bomb", yes, no, loads, loads},  // 20 MB from 20 KB; see below for the budget
    // The pickle.
    {"no_proto", yes, yes, loads, loads},
    {"proto_4_old_opcodes", yes, yes, loads, loads},
    {"protocol_3", no, no, loads, loads},
    {"protocol_4", no, no, loads, loads},
    {"protocol_5", no, no, loads, loads},
    {"pickle_truncated", no, no, {"corrupt", ""}, {"corrupt", ""}},
    {"bytes_after_stop", yes, yes, {"corrupt", "2 bytes follow"}, {"warns", "2 bytes follow"}},
    {"two_values", yes, yes, {"corrupt", "2 values"}, {"warns", "2 values"}},
    {"nothing_at_stop", no, no, {"corrupt", "nothing on the stack"}, {"corrupt", ""}},
    {"setitems_odd", no, no, {"corrupt", "keys with values"}, {"corrupt", ""}},
    {"memo_missing", no, no, {"corrupt", "memo index 7"}, {"corrupt", ""}},
    {"memo_jump", yes, yes, {"corrupt", "memo index 4294967295"}, loads},
    {"key_twice", yes, yes, {"warns", "'w' appears twice"}, {"warns", "'w' appears twice"}},
    {"nested_100k", yes, yes, {"out_of_budget", "nested more than 1000 deep"}, {"out_of_budget", ""}},
    // Files that are something else.
    {"empty", no, no, {"corrupt", "empty"}, {"corrupt", "empty"}},
    {"letters", no, no, {"unsupported", "abc"}, {"unsupported", ""}},
    {"html", no, no, {"unsupported", "HTML page"}, {"unsupported", "HTML page"}},
    {"lfs_pointer", no, no, {"unsupported", "git lfs"}, {"unsupported", "git lfs"}},
    {"gzip", no, no, {"unsupported", "gzip"}, {"unsupported", "gzip"}},
    {"seven_zip", no, no, {"unsupported", "7z"}, {"unsupported", "7z"}},
    // Legacy streams.
    {"legacy_honest", yes, yes, loads, loads},
    {"legacy_short", no, no, {"corrupt", "storage 0 needs 4 more bytes"}, {"corrupt", ""}},
    {"legacy_numel_3", no, no, {"corrupt", "need 4 elements, the file has 3"}, {"corrupt", ""}},
    {"legacy_numel_5", no, no, {"corrupt", "need 4 elements, the file has 5"}, {"corrupt", ""}},
    {"legacy_trailing", yes, yes, {"warns", "4 bytes follow"}, {"warns", "4 bytes follow"}},
};

// The first numbers of a tensor.
std::vector<double> numbers(const Tensor& t, size_t count) {
  std::vector<double> out;
  Tensor rest = t;
  while (rest.dim() > 1) rest = rest.select(0, 0);
  for (size_t i = 0; i < count; ++i) out.push_back(rest.select(0, static_cast<int64_t>(i)).item());
  return out;
}

struct Outcome {
  std::string outcome, words;
  std::map<std::string, std::vector<double>> tensors;
};

Outcome run(const std::string& file, const LoadOptions& options) {
  Outcome out;
  try {
    const Checkpoint checkpoint = Checkpoint::open(file, options);
    for (const auto& [key, value] : checkpoint.root().pairs())
      if (value.kind() == Value::Kind::tensor)
        out.tensors[key.as_string()] =
            numbers(value.as_tensor(), std::min<size_t>(4, static_cast<size_t>(value.as_tensor().size(-1))));
    out.outcome = checkpoint.warnings().empty() ? "loads" : "warns";
    for (const auto& warning : checkpoint.warnings()) out.words += warning + "\n";
  } catch (const Error& e) {
    out.outcome = to_string(e.kind());
    out.words = e.message();
    CHECK(e.context().file == file);
  }
  return out;
}

void hold(const Outcome& got, const Verdict& want) {
  CAPTURE(got.words);
  CHECK(got.outcome == want.outcome);
  CHECK(got.words.find(want.words) != std::string::npos);
}

}  // namespace

TEST_CASE("every oddity has its verdict, beside PyTorch's own") {
  std::map<std::string, Json> recorded;
  const Json rows = json_fixture("verdicts.json");
  for (const auto& row : rows) recorded[row["name"]] = row;
  CHECK(recorded.size() == std::size(table));
  for (const Row& row : table) {
    const std::string name = row.name;
    CAPTURE(name);
    REQUIRE(recorded.count(name));
    const Json& facts = recorded[name];
    CHECK(facts["torch"].contains("loads") == row.torch);
    if (facts.contains("mmap")) CHECK(facts["mmap"].contains("loads") == row.mmap);
    const std::string file = fixture(facts["file"]).string();
    LoadOptions options;
    hold(run(file, options), row.strict);
    options.profile = Profile::compat;
    const Outcome got = run(file, options);
    hold(got, row.compat);
    // Where both load, the numbers are PyTorch's, but for the one byte order that it overlooks.
    if (!facts["torch"].contains("loads") || name == "byteorder_big_v3") continue;
    for (const auto& [key, values] : got.tensors) {
      const auto want = facts["torch"]["loads"][key]["values"].get<std::vector<double>>();
      for (size_t i = 0; i < std::min(values.size(), want.size()); ++i) CHECK(values[i] == want[i]);
    }
  }
}

TEST_CASE("where PyTorch reads other numbers, Sconce reads the file's") {
  const Json rows = json_fixture("verdicts.json");
  const auto values = [&](const std::string& name, const char* how) {
    for (const auto& row : rows)
      if (row["name"] == name) return row[how]["loads"]["w"]["values"].get<std::vector<double>>();
    return std::vector<double>();
  };
  // Tensors of dtypes since 2.3 in a big-endian file: PyTorch does not turn their bytes round.
  CHECK(run(fixture("verdicts/byteorder_big_v3.pth").string(), {}).tensors["w"] ==
        std::vector<double>{1, 515});
  CHECK(values("byteorder_big_v3", "torch") == std::vector<double>{256, 770});
  // A deflated record under mmap=True: PyTorch takes the deflated bytes for numbers.
  CHECK(run(fixture("verdicts/deflated.pth").string(), {}).tensors["w"] == std::vector<double>{1, 2, 3, 4});
  CHECK(values("deflated", "mmap") != std::vector<double>{1, 2, 3, 4});
  // A storage longer than its record under mmap=True: PyTorch goes on into the bytes behind it.
  CHECK(values("numel_above_record", "mmap").size() == 8);
}

TEST_CASE("budgets stop what a small file would make of itself") {
  LoadOptions options;
  options.budget.inflate_ratio = 100;
  CHECK(run(fixture("verdicts/deflate_bomb.pth").string(), options).outcome == "out_of_budget");
  options = {};
  options.budget.materialized_bytes = 1 << 20;
  CHECK(run(fixture("verdicts/deflate_bomb.pth").string(), options).outcome == "out_of_budget");
  const Checkpoint expanded = Checkpoint::open(fixture("verdicts/expanded.pth").string());
  CHECK(expanded["w"].as_tensor().numel() == 1'000'000'000'000);
}
