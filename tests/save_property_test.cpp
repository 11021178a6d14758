// What holds for every value: load(save(x)) is x, and saving it again gives the same bytes. The trees are made
// by support/value_generator from seeds, which a failure names.
#include <doctest/doctest.h>
#include <sconce/checkpoint.h>
#include <sconce/save.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <vector>

#include "file_calls.h"
#include "support/support.h"
#include "support/value_equal.h"
#include "support/value_generator.h"

using namespace sconce;
using namespace sconce::test;

namespace {

constexpr uint64_t seeds = 300;

// Thousands of small files need not reach the disk.
struct WithoutFlush {
  FileCalls calls = file_calls();
  WithoutFlush() {
    file_calls().fsync = [](int) { return 0; };
  }
  ~WithoutFlush() { file_calls() = calls; }
};

void collect_tensors(const Value& v, std::set<const Value::Node*>& seen, std::vector<Tensor>& out) {
  if (!seen.insert(v.node()).second) return;
  if (v.kind() == Value::Kind::tensor && v.as_tensor().device() != meta) out.push_back(v.as_tensor());
  for (const Value& item : v.items()) collect_tensors(item, seen, out);
  for (const auto& [key, value] : v.pairs())
    collect_tensors(key, seen, out), collect_tensors(value, seen, out);
  collect_tensors(v.attributes(), seen, out);
}

std::vector<Tensor> tensors_of(const Value& root) {
  std::set<const Value::Node*> seen;
  std::vector<Tensor> out;
  collect_tensors(root, seen, out);
  return out;
}

// The bytes that a tensor spans, [begin, end); equal without elements.
std::pair<int64_t, int64_t> span_of(const Tensor& t) {
  if (t.numel() == 0) return {0, 0};
  int64_t last = t.storage_offset();
  for (int64_t d = 0; d < t.dim(); ++d) last += (t.size(d) - 1) * t.stride(d);
  const auto item = static_cast<int64_t>(size_of(t.dtype()));
  return {t.storage_offset() * item, (last + 1) * item};
}

size_t storage_bytes(const std::vector<Tensor>& tensors) {
  std::map<const void*, size_t> sizes;
  for (const Tensor& t : tensors) sizes[t.storage().id()] = t.storage().nbytes();
  size_t sum = 0;
  for (const auto& [id, size] : sizes) sum += size;
  return sum;
}

}  // namespace

TEST_CASE("property: load(save(x)) is x, and saving it again gives the same bytes") {
  const WithoutFlush fast;
  const auto folder = scratch_folder();
  const std::string first = (folder / "first" / "x.pth").string(),
                    again = (folder / "again" / "x.pth").string();
  std::filesystem::create_directory(folder / "first");
  std::filesystem::create_directory(folder / "again");
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const Value x = generate_tree(seed);
    save(x, first);
    const Checkpoint loaded = Checkpoint::open(first);
    CHECK(loaded.warnings().empty());
    REQUIRE(first_difference(x, loaded.root()) == "");
    save(loaded.root(), again);
    REQUIRE(read_file(first) == read_file(again));
  }
}

TEST_CASE("property: compact files hold the same values in no more bytes") {
  const WithoutFlush fast;
  const std::string path = (scratch_folder() / "x.pth").string();
  size_t before = 0, after = 0;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const Value x = generate_tree(seed);
    save(x, path, {.compact = true});
    const std::string bytes = read_file(path);
    const Value y = Checkpoint::open(path).root();
    REQUIRE(first_difference(x, y, {.layout = false}) == "");

    const std::vector<Tensor> old = tensors_of(x), made = tensors_of(y);
    REQUIRE(old.size() == made.size());
    before += storage_bytes(old);
    after += storage_bytes(made);
    for (size_t i = 0; i < old.size(); ++i)
      for (size_t k = 0; k < i; ++k) {
        if (!(old[i].storage() == old[k].storage())) continue;
        const auto a = span_of(old[i]), b = span_of(old[k]);
        if (std::max(a.first, b.first) < std::min(a.second, b.second))
          REQUIRE(made[i].storage() == made[k].storage());
        REQUIRE(old[i].is_same_view(old[k]) <= made[i].is_same_view(made[k]));
      }
    // What is compact stays as it is.
    save(y, path, {.compact = true});
    REQUIRE(read_file(path) == bytes);
  }
  CHECK(after < before);
  CHECK(after > 0);
}
