// Files that other people saved, against what PyTorch reads from them.
#include "support/support.h"

#include <sconce/checkpoint.h>
#include <sconce/quantized.h>

#include <doctest/doctest.h>
#include <libdeflate.h>

#include <filesystem>
#include <map>
#include <set>

using namespace sconce;
using namespace sconce::test;

namespace {

uint32_t crc_of(const Tensor& t) {
  const Tensor dense = t.contiguous();
  return dense.nbytes() == 0 ? 0 : libdeflate_crc32(0, dense.data(), static_cast<size_t>(dense.nbytes()));
}

std::string key_text(const Value& key) {
  if (key.kind() == Value::Kind::integer) return std::to_string(key.as_int());
  return key.kind() == Value::Kind::string ? key.as_string() : key.repr();
}

// Path to every tensor of dicts, lists and tuples, as make_real_hashes.py names them.
void collect(const Value& v, const std::string& path, std::vector<std::pair<std::string, Tensor>>& out) {
  const auto below = [&](const std::string& part) { return path.empty() ? part : path + "." + part; };
  if (v.kind() == Value::Kind::tensor) out.emplace_back(path, v.as_tensor());
  if (v.kind() == Value::Kind::quantized) {
    out.emplace_back(path + " (integers)", v.as_quantized().int_repr());
    out.emplace_back(path + " (numbers)", v.as_quantized().dequantize());
  }
  if (v.kind() == Value::Kind::dict)
    for (const auto& [key, value] : v.pairs()) collect(value, below(key_text(key)), out);
  if (v.kind() == Value::Kind::list || v.kind() == Value::Kind::tuple)
    for (size_t i = 0; i < v.size(); ++i) collect(v[i], below(std::to_string(i)), out);
}

// Tensors anywhere in the tree, also inside closed objects.
void collect_all(const Value& v, std::set<const Value::Node*>& seen, std::vector<Tensor>& out) {
  if (!seen.insert(v.node()).second) return;
  if (v.kind() == Value::Kind::tensor) out.push_back(v.as_tensor());
  if (v.kind() == Value::Kind::quantized) out.push_back(v.as_quantized().dequantize());
  for (const Value& item : v.items()) collect_all(item, seen, out);
  for (const Value& item : v.arguments()) collect_all(item, seen, out);
  for (const auto& [key, value] : v.pairs()) collect_all(key, seen, out), collect_all(value, seen, out);
  if (!v.state().is_none()) collect_all(v.state(), seen, out);
  if (!v.attributes().is_none()) collect_all(v.attributes(), seen, out);
}

}  // namespace

TEST_CASE("real checkpoints are read bit for bit as PyTorch reads them") {
  const auto folder = real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints here");
    return;
  }
  size_t tensors = 0;
  const auto files = json_fixture("real_hashes.json");
  for (const auto& item : files.items()) {
    const std::string& name = item.key();
    const auto& expected = item.value();
    CAPTURE(name);
    Checkpoint checkpoint;
    REQUIRE_NOTHROW(checkpoint = Checkpoint::open((*folder / name).string()));
    std::vector<std::pair<std::string, Tensor>> found;
    collect(checkpoint.root(), "", found);
    REQUIRE(found.size() == expected.size());
    for (size_t i = 0; i < found.size(); ++i) {
      CAPTURE(found[i].first);
      const auto& want = expected[i];
      CHECK(found[i].first == want[0].get<std::string>());
      CHECK(name_of(found[i].second.dtype()) == want[1].get<std::string>());
      CHECK(found[i].second.shape() == Shape(want[2].get<std::vector<int64_t>>()));
      CHECK(crc_of(found[i].second) == want[3].get<uint32_t>());
      ++tensors;
    }
  }
  CHECK(files.size() >= 110);
  CHECK(tensors >= 200);
}

TEST_CASE("quantized checkpoints open with their tensors in reach") {
  const auto folder = real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints here");
    return;
  }
  for (const auto& entry : std::filesystem::directory_iterator(*folder / "quantized")) {
    CAPTURE(entry.path().filename().string());
    Checkpoint checkpoint;
    REQUIRE_NOTHROW(checkpoint = Checkpoint::open(entry.path().string()));
    std::set<const Value::Node*> seen;
    std::vector<Tensor> tensors;
    collect_all(checkpoint.root(), seen, tensors);
    for (const Tensor& t : tensors) CHECK_NOTHROW(t.storage().data());
    if (entry.path().string().find("scripted") == std::string::npos &&
        entry.path().string().find("traced") == std::string::npos)
      CHECK(tensors.size() >= 1);
  }
}

TEST_CASE("malicious files give one clear error or a tree of closed values") {
  const auto folder = real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints here");
    return;
  }
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder / "picklescan")) {
    CAPTURE(entry.path().filename().string());
    ++files;
    for (const Profile profile : {Profile::strict, Profile::compat}) {
      LoadOptions options;
      options.profile = profile;
      try {
        const Checkpoint checkpoint = Checkpoint::open(entry.path().string(), options);
        CHECK(checkpoint.root().repr().size() <= 300);
        // One of them is an honest state_dict; none of the others holds any.
        if (entry.path().filename() == "pytorch_model.bin")
          CHECK(load(entry.path().string(), options).size() > 0);
        else
          CHECK_THROWS_AS(load(entry.path().string(), options), Error);
      } catch (const Error& e) {
        CHECK(!e.message().empty());
        CHECK(e.context().file == entry.path().string());
      }
    }
  }
  CHECK(files >= 40);
}
