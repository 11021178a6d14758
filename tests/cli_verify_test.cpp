// sconce verify: exit codes, damaged keys, JSON.
#include <doctest/doctest.h>

#include "support/program.h"
#include "support/support.h"

using namespace sconce::test;

TEST_CASE("cli: verify") {
  const std::string path = fixture("cli/mlp.pth").string();
  const ProgramResult sound = sconce_program("verify " + quoted(path));
  CHECK(sound.code == 0);
  CHECK(has(sound.out, "mlp.pth: sound\n"));
  CHECK(has(sound.out, "zip, 4 tensors, "));
  CHECK(has(sound.out, "held against their CRC-32"));
  CHECK(sound.err.empty());

  // Damage in the last tensor's bytes.
  const auto folder = scratch_folder();
  std::string bytes = read_file(path);
  const size_t at = bytes.find("mlp/data/3");
  REQUIRE(at != std::string::npos);
  bytes[(at + 14 + 63) / 64 * 64] ^= 1;
  const auto damaged = folder / "damaged.pth";
  write_file(damaged, bytes);
  const ProgramResult found = sconce_program("verify " + quoted(damaged.string()));
  CHECK(found.code == 1);
  CHECK(has(found.out, "damaged.pth: damaged\n  2.bias  mlp/data/3\n    the record's bytes are damaged"));
  const nlohmann::json document = sconce_program("verify --json " + quoted(damaged.string())).json();
  REQUIRE(document["damage"].size() == 1);
  CHECK(document["sound"] == false);
  CHECK(document["damaged_keys"] == nlohmann::json::array({"2.bias"}));
  CHECK(document["damage"][0]["record"] == "mlp/data/3");

  write_file(folder / "cut.pth", bytes.substr(0, 1000));
  const ProgramResult cut = sconce_program("verify --json " + quoted((folder / "cut.pth").string()));
  CHECK(cut.code == 3);
  CHECK(cut.json()["sound"] == false);
  CHECK(cut.json()["error"]["kind"] == "corrupt");
  CHECK(sconce_program("verify --profile careless " + quoted(path)).code == 2);
  CHECK(sconce_program("verify --profile compat " + quoted(path)).code == 0);
  CHECK(sconce_program("verify /no/such/file").code == 3);
}
