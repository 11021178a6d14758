// The C++ half of check_saved.py, which holds what save() writes against PyTorch itself. Skipped, as such,
// unless that script runs it.
//   SCONCE_SAVED=FOLDER        where the files are exchanged
//   SCONCE_SAVED_OLD=1         for a PyTorch before 2.3: only what that could save
#include <doctest/doctest.h>
#include <sconce/checkpoint.h>
#include <sconce/ops/create.h>
#include <sconce/save.h>

#include <cstdlib>

#include "support/support.h"
#include "support/value_equal.h"
#include "support/value_generator.h"

using namespace sconce;
using namespace sconce::test;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t seeds = 150;

GeneratorOptions for_torch() {
  return {.only_torch = true, .only_old_torch = std::getenv("SCONCE_SAVED_OLD") != nullptr};
}

std::string file(const char* folder, uint64_t seed) {
  return (fs::path(std::getenv("SCONCE_SAVED")) / folder / (std::to_string(seed) + ".pth")).string();
}

bool asked() {
  if (std::getenv("SCONCE_SAVED")) return true;
  MESSAGE("skipped: only check_saved.py runs this");
  return false;
}

}  // namespace

TEST_CASE("saved for torch: fixtures and trees, for PyTorch to read") {
  if (!asked()) return;
  const fs::path folder = std::getenv("SCONCE_SAVED");
  for (const char* name : {"trees", "compact"}) fs::create_directories(folder / name);
  for (const char* source : {"checkpoints", "scenarios", "kinds"}) {
    fs::create_directories(folder / "fixtures" / source);
    for (const auto& entry : fs::directory_iterator(fixture(source))) {
      const std::string name = entry.path().filename().string();
      if (entry.path().extension() != ".pth" || name.starts_with("invalid")) continue;
      const Value root = Checkpoint::open(entry.path().string()).root();
      try {
        save(root, (folder / "fixtures" / source / name).string());
      } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::unsupported);  // the script says which
      }
    }
  }
  // One storage read as three dtypes, which torch.save refuses.
  const Tensor words = full(Shape{6}, 0x01020304, DType::i32);
  save(Value::dict({{"words", words},
                    {"floats", Tensor(words.storage(), DType::f32, Shape{6})},
                    {"bytes", Tensor(words.storage(), DType::u8, Shape{3}, Strides{4}, 1)}}),
       (folder / "mixed.pth").string());
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    save(generate_tree(seed, for_torch()), file("trees", seed));
    save(generate_tree(seed, for_torch()), file("compact", seed), {.compact = true});
  }
}

TEST_CASE("saved by torch: the trees, loaded and saved by PyTorch") {
  if (!asked()) return;
  for (uint64_t seed = 0; seed < seeds; ++seed) {
    CAPTURE(seed);
    const Value x = generate_tree(seed, for_torch());
    // CPython keeps one object for each short text, so aliases of those come out otherwise.
    CHECK(first_difference(x, Checkpoint::open(file("trees_by_torch", seed)).root(), {.aliases = false}) ==
          "");
    CHECK(first_difference(x, Checkpoint::open(file("compact_by_torch", seed)).root(),
                           {.layout = false, .aliases = false}) == "");
  }
}
