// sconce scan: verdicts, exit codes, JSON.
#include <doctest/doctest.h>

#include "support/program.h"
#include "support/support.h"

using namespace sconce::test;

namespace {
std::string file(const std::string& name) { return quoted(fixture("scan/" + name).string()); }
}  // namespace

TEST_CASE("cli: scan tells what would run") {
  const ProgramResult bad = sconce_program("scan " + file("any_extension.zip"));
  CHECK(bad.code == 1);
  CHECK(bad.err.empty());
  for (const char* part : {"any_extension.zip: a zip archive: dangerous", "  readme.txt, protocol 2\n",
                           "    dangerous  posix.system  runs programs or shell commands\n",
                           "    would run  posix.system('never run')\n"}) {
    CAPTURE(part);
    CHECK(has(bad.out, part));
  }
  CHECK(!has(bad.out, "\x1b"));  // no colours in a pipe

  const ProgramResult clean = sconce_program("scan " + file("allowed.pkl") + " " + file("floats.npy"));
  CHECK(clean.code == 0);
  CHECK(has(clean.out, "allowed.pkl: a pickle: clean\n"));
  CHECK(has(clean.out, "floats.npy: a NumPy array (.npy): clean: no pickles\n"));
  CHECK(has(sconce_program("scan --all " + file("allowed.pkl")).out, "allowed    collections.OrderedDict"));

  CHECK(sconce_program("scan " + file("unknown_class.pkl")).code == 1);
  CHECK(sconce_program("scan " + file("picture.pt")).code == 3);
  CHECK(sconce_program("scan " + file("packed_otherwise.zip")).code == 3);
  CHECK(sconce_program("scan /no/such.pt").code == 3);
  // The worst answer of several files counts, and each file gets one.
  const ProgramResult several =
      sconce_program("scan " + file("allowed.pkl") + " /no/such.pt " + file("stacked.pkl"));
  CHECK(several.code == 1);
  CHECK(has(several.out, "allowed.pkl: "));
  CHECK(has(several.out, "stacked.pkl: "));
  CHECK(has(several.err, "/no/such.pt"));
}

TEST_CASE("cli: scan as JSON") {
  const ProgramResult result =
      sconce_program("scan --json " + file("stacked.pkl") + " " + file("picture.pt") + " /no/such.pt");
  CHECK(result.code == 1);
  const nlohmann::json document = result.json();
  CHECK(document["clean"] == false);
  REQUIRE(document["files"].size() == 3);
  const nlohmann::json& first = document["files"][0];
  CHECK(first["verdict"] == "dangerous");
  CHECK(first["pickles"].size() == 2);
  CHECK(first["pickles"][1]["globals"][0]["name"] == "posix.system");
  CHECK(first["pickles"][1]["globals"][0]["verdict"] == "dangerous");
  CHECK(first["pickles"][1]["would_run"][0]["text"] == "posix.system('never run')");
  CHECK(document["files"][1]["unseen"].size() == 1);
  CHECK(document["files"][2]["error"]["kind"] == "io");
}
