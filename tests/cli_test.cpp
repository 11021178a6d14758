// The program as its users run it: output, JSON, exit codes, on fixtures with PyTorch's answers.
#include <doctest/doctest.h>
#include <sconce/npy.h>
#include <sconce/ops/create.h>
#include <sconce/save.h>

#include <algorithm>

#include "support/program.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;

namespace {

std::string file(const std::string& name) { return "'" + fixture("cli/" + name).string() + "'"; }

const std::string mlp = "--model 'Sequential(Linear(4, 8), ReLU(), Linear(8, 3))' ";

}  // namespace

TEST_CASE("cli: help, version and wrong usage") {
  const ProgramResult help = sconce_program("--help");
  CHECK(help.code == 0);
  CHECK(has(help.out, "Example:"));
  for (const char* command :
       {"inspect", "verify", "scan", "convert", "diff", "fit", "run", "eval", "bench", "models", "devices"}) {
    CAPTURE(command);
    CHECK(has(help.out, command));
    const ProgramResult one = sconce_program(std::string(command) + " --help");
    CHECK(one.code == 0);
    CHECK(has(one.out, std::string("Example:\n  sconce ") + command));
    CHECK(has(one.out, "--json"));
  }
  CHECK(sconce_program("--version").out == "sconce 0.1.0\n");

  for (const char* wrong : {"", "nonsense", "inspect", "inspect --nonsense file", "fit file",
                            "run --model lenet", "eval --model lenet --weights a --data b --batch 0",
                            "eval --model lenet --weights a --data b --metrics beauty"}) {
    CAPTURE(wrong);
    const ProgramResult result = sconce_program(wrong);
    CHECK(result.code == 2);
    CHECK(result.out.empty());
    CHECK(!result.err.empty());
  }
}

TEST_CASE("cli: inspect draws the tree") {
  const ProgramResult result = sconce_program("inspect " + file("wrapped.pth"));
  CHECK(result.code == 0);
  CHECK(result.err.empty());
  for (const char* part : {"wrapped.pth: zip, 4.0 kB\n", "dict: 8 tensors", "├─ epoch ", " 3\n", "best_loss",
                           "0.25", "state_dict ", "float32  [8, 4]  128 B", "version 3, little-endian, ",
                           "storages aligned to 64, CRC-32 recorded\n", "state_dict: state_dict\n",
                           "momentum_buffer", "module"}) {
    CAPTURE(part);
    CHECK(has(result.out, part));
  }
  const ProgramResult odd = sconce_program("inspect " + file("odd.pth"));
  CHECK(has(odd.out, "0–3 ×4"));
  CHECK(has(odd.out, "tied to encoder.weight"));
  CHECK(has(odd.out, "strides (1, 4)"));
  CHECK(has(odd.out, "offset 4"));
  CHECK(!has(sconce_program("inspect --full " + file("odd.pth")).out, "×4"));
}

TEST_CASE("cli: inspect as JSON") {
  const nlohmann::json whole = sconce_program("inspect --json " + file("wrapped.pth")).json();
  CHECK(whole["container"] == "zip");
  CHECK(whole["totals"]["tensors"] == 8);
  CHECK(whole["state_dicts"] == nlohmann::json::array({"state_dict"}));
  const nlohmann::json& first = whole["tensors"][0];
  CHECK(first["path"] == "state_dict.module.0.weight");
  CHECK(first["shape"] == nlohmann::json::array({8, 4}));
  CHECK(first["dtype"] == "float32");
  CHECK(first["location"] == "cpu");
  bool epoch = false;
  for (const auto& value : whole["values"])
    epoch |= value["path"] == "epoch" && value["value"] == "3" && value["type"] == "int";
  CHECK(epoch);

  const nlohmann::json odd = sconce_program("inspect --json " + file("odd.pth")).json();
  CHECK(odd["tensors"][1]["tied_to"] == "encoder.weight");
  CHECK(odd["tensors"][2]["shares_bytes_of"] == "encoder.weight");
  CHECK(odd["tensors"][2]["contiguous"] == false);
  CHECK(odd["tensors"][3]["offset"] == 4);
  CHECK(odd["totals"]["elements"] == 12 + 12 + 4 + 16);
  CHECK(odd["totals"]["elements_by_dtype"].size() >= 1);
  CHECK(odd["totals"]["unreachable_bytes"] == 0);
  CHECK(odd["container_facts"]["version"] == 3);
  CHECK(odd["container_facts"]["alignment"] >= 64);
  CHECK(odd["container_facts"]["byte_order"] == "little");
}

TEST_CASE("cli: fit says what PyTorch says") {
  const nlohmann::json expected = json_fixture("cli/expected.json");
  CHECK(sconce_program("fit " + mlp + file("mlp.pth")).out == "<All keys matched successfully>\n");
  CHECK(sconce_program("fit " + mlp + "--key generator " + file("two.pth")).code == 0);
  CHECK(sconce_program("fit " + mlp + "--prefix-strip module. " + file("wrapped.pth")).code == 0);

  const ProgramResult prefixed = sconce_program("fit " + mlp + file("wrapped.pth"));
  CHECK(prefixed.code == 1);
  CHECK(prefixed.out == expected["prefixed"].get<std::string>() + "\n");
  CHECK(prefixed.err == "hint: try --prefix-strip module.\n");

  const ProgramResult misfit = sconce_program("fit " + mlp + file("other_size.pth"));
  CHECK(misfit.code == 1);
  CHECK(misfit.out == expected["misfit"].get<std::string>() + "\n");

  const ProgramResult json = sconce_program("fit --json " + mlp + file("other_size.pth"));
  CHECK(json.code == 1);
  CHECK(json.json()["fits"] == false);
  CHECK(json.json()["message"] == expected["misfit"]);
  CHECK(json.json()["problems"][0]["in_model"] == nlohmann::json::array({3, 8}));

  const ProgramResult loose = sconce_program("fit --no-strict --json " + mlp + file("wrapped.pth"));
  CHECK(loose.code == 0);
  CHECK(loose.json()["missing_keys"].size() == 4);

  const ProgramResult several = sconce_program("fit " + mlp + file("two.pth"));
  CHECK(several.code == 1);
  CHECK(has(several.err, "generator"));
  CHECK(has(several.err, "discriminator"));
}

TEST_CASE("cli: bench times what run computes, prepared and eager") {
  const auto output = scratch_folder() / "y.npy";
  const std::string common = "bench --json --seconds 0 --threads 1 " + mlp + "--weights " + file("mlp.pth") +
                             " --input " + file("x.npy") + " --output '" + output.string() + "'";
  const double first = json_fixture("cli/expected.json")["logits"][0][0].get<double>();
  for (const bool eager : {false, true}) {
    CAPTURE(eager);
    const ProgramResult result = sconce_program(common + (eager ? " --eager" : ""));
    REQUIRE(result.code == 0);
    const nlohmann::json json = result.json();
    CHECK(json["eager"] == eager);
    CHECK(json["batch"] == 60);
    CHECK(json["threads"] == 1);
    CHECK(json["calls"] == 5);
    CHECK(json["min_ms"].get<double>() <= json["median_ms"].get<double>());
    CHECK((json["plan_bytes"].get<int64_t>() > 0) == !eager);
    CHECK(std::abs(load_npy(output.string()).data<float>()[0] - first) < 1e-6);
  }
  // The input of a named model is made up; that of an expression must be given.
  CHECK(sconce_program("bench --json --seconds 0 --model lenet --batch 3").json()["batch"] == 3);
  CHECK(sconce_program("bench " + mlp).code == 2);
  CHECK(sconce_program("bench --eager --profile --model lenet").code == 2);
}

TEST_CASE("cli: run computes what PyTorch computes") {
  const auto output = scratch_folder() / "y.npy";
  const ProgramResult result =
      sconce_program("run --json --repeat 3 --threads 2 " + mlp + "--weights " + file("mlp.pth") +
                     " --input " + file("x.npy") + " --output '" + output.string() + "'");
  REQUIRE(result.code == 0);
  const nlohmann::json json = result.json();
  CHECK(json["output"]["shape"] == nlohmann::json::array({60, 3}));
  CHECK(json["threads"] == 2);
  CHECK(json["min_ms"].get<double>() <= json["median_ms"].get<double>());
  CHECK(json["peak_rss_bytes"].get<int64_t>() > 1000000);
  const Tensor y = load_npy(output.string());
  const auto expected = json_fixture("cli/expected.json")["logits"].get<std::vector<std::vector<double>>>();
  REQUIRE(y.shape() == Shape{60, 3});
  for (size_t i = 0; i < expected.size(); ++i) {
    for (size_t j = 0; j < 3; ++j) CHECK(std::abs(y.data<float>()[i * 3 + j] - expected[i][j]) < 1e-6);
  }
  // Numbers of tokens stay numbers.
  const auto tokens = scratch_folder() / "tokens.npy", table = scratch_folder() / "table.pth";
  StateDict state;
  state.insert("weight", tensor<float>({1, 2, 3, 4, 5, 6}, {3, 2}));
  save(state, table.string());
  save_npy(tokens.string(), tensor<int64_t>({2, 0}));
  const ProgramResult rows = sconce_program("run --model \"Embedding(3, 2)\" --weights '" + table.string() +
                                            "' --input '" + tokens.string() + "'");
  CHECK(has(rows.out, "tensor([[5., 6.],\n        [1., 2.]])"));
  // Without --output the result is printed, as PyTorch would.
  CHECK(has(sconce_program("run " + mlp + "--weights " + file("mlp.pth") + " --input " + file("x.npy")).out,
            "\ntensor([["));
  // A wrong input is the user's affair, and says so.
  const ProgramResult wrong =
      sconce_program("run " + mlp + "--weights " + file("mlp.pth") + " --input " + file("table.npz"));
  CHECK(wrong.code == 3);
  CHECK(has(wrong.err, "table.npz"));
}

TEST_CASE("cli: eval gives the figures of PyTorch and scikit-learn") {
  const nlohmann::json expected = json_fixture("cli/expected.json");
  const auto agrees = [&](const std::string& arguments, const nlohmann::json& figures) {
    CAPTURE(arguments);
    const ProgramResult result = sconce_program("eval --json --metrics accuracy,loss,f1 " + arguments);
    CAPTURE(result.err);
    REQUIRE(result.code == 0);
    CHECK(result.err.empty());
    const nlohmann::json json = result.json();
    for (const char* name : {"accuracy", "loss", "f1"}) {
      CAPTURE(name);
      CHECK(std::abs(json[name].get<double>() - figures[name].get<double>()) < 1e-6);
    }
  };
  const std::string table_csv = "'csv:" + fixture("cli/table.csv").string() + "?label=kind'";
  agrees(mlp + "--weights " + file("mlp.pth") + " --data " + table_csv, expected["table"]);
  agrees(mlp + "--batch 7 --threads 1 --weights " + file("mlp.pth") +
             " --data 'npz:" + fixture("cli/table.npz").string() + "?x=x&y=y'",
         expected["table"]);
  agrees("--model 'Sequential(Flatten(), Linear(64, 10))' --mean 0.25 --std 0.5 --weights " +
             file("grey.pth") + " --data 'idx:" + fixture("cli/images-idx3").string() + "," +
             fixture("cli/labels-idx1").string() + "'",
         expected["grey"]);
  for (const std::string how : {"picture", "tensor"}) {
    agrees("--model 'Sequential(Flatten(), Linear(64, 10))' --resize 12 --crop 8 --resize-as " + how +
               " --weights " + file("grey.pth") + " --data 'idx:" + fixture("cli/images-idx3").string() +
               "," + fixture("cli/labels-idx1").string() + "'",
           expected["grey_" + how]);
  }
  agrees(
      "--model 'Sequential(AdaptiveAvgPool2d(2), Flatten(), Linear(12, 10))' --mean 0.5,0.4,0.3 --std "
      "0.2,0.3,0.4 --batch 4 --weights " +
          file("colour.pth") + " --data 'cifar10:" + fixture("cli/cifar.bin").string() + "'",
      expected["colour"]);

  const auto report = scratch_folder() / "report.html";
  const ProgramResult whole = sconce_program("eval " + mlp + "--limit 30 --weights " + file("mlp.pth") +
                                             " --data " + table_csv + " --report '" + report.string() + "'");
  CHECK(whole.code == 0);
  CHECK(has(whole.out, "precision"));
  CHECK(has(read_file(report), "</html>"));
  CHECK(sconce_program("eval --json " + mlp + "--weights " + file("mlp.pth") + " --data " + table_csv)
            .json()
            .contains("confusion"));
}

TEST_CASE("cli: bad data and bad files") {
  const std::string eval = "eval " + mlp + "--weights " + file("mlp.pth") + " --data ";
  for (const char* spec : {"nonsense", "tape:x", "csv:", "idx:only_one", "'npz:a.npz?z'"}) {
    CAPTURE(spec);
    const ProgramResult result = sconce_program(eval + spec);
    CHECK(result.code == 2);
    CHECK(has(result.err, "[data] expected"));
  }
  CHECK(sconce_program(eval + "csv:/no/such.csv?label=x").code == 3);
  CHECK(sconce_program(eval + "'csv:" + fixture("cli/table.csv").string() + "?label=nothing'").code == 2);
  CHECK(sconce_program("fit --model resnet9000 " + file("mlp.pth")).code == 2);

  const auto folder = scratch_folder();
  write_file(folder / "empty.pth", "");
  write_file(folder / "page.pth", "<!DOCTYPE html><html></html>");
  write_file(folder / "short.pth", read_file(fixture("cli/mlp.pth")).substr(0, 1000));
  for (const char* name : {"missing.pth", "empty.pth", "page.pth", "short.pth"}) {
    CAPTURE(name);
    const std::string path = (folder / name).string();
    for (const std::string& command : {"inspect '" + path + "'", "fit " + mlp + "'" + path + "'"}) {
      const ProgramResult result = sconce_program(command);
      CHECK(result.code == 3);
      CHECK(result.out.empty());
      CHECK(has(result.err, name));
    }
    const ProgramResult json = sconce_program("inspect --json '" + path + "'");
    CHECK(json.code == 3);
    CHECK(json.json()["error"]["file"] == path);
  }
}

TEST_CASE("cli: models") {
  const nlohmann::json models = sconce_program("models --json").json();
  CHECK(models.size() >= 19);
  const ProgramResult one = sconce_program("models resnet18");
  CHECK(one.code == 0);
  CHECK(
      has(one.out, "(conv1): Conv2d(3, 64, kernel_size=(7, 7), stride=(2, 2), padding=(3, 3), bias=False)"));
  CHECK(has(one.out, "11,689,512 parameters"));
  CHECK(sconce_program("models resnet19").code == 2);
}

TEST_CASE("cli: devices, and a run on the acted-out GPU") {
  const nlohmann::json devices = sconce_program("devices --json").json();
  CHECK(devices[0]["device"] == "cpu");
  CHECK(devices[0]["threads"].get<int>() >= 1);
  const auto listed = [&](const char* name) {
    return std::any_of(devices.begin(), devices.end(), [&](const auto& d) { return d["device"] == name; });
  };
  CHECK((listed("cuda") || listed("cuda:0")));  // with the reason where there is none
  const std::string command =
      "run " + mlp + "--weights " + file("mlp.pth") + " --input " + file("x.npy") + " --output ";
  const auto here = scratch_folder() / "here.npy", there = scratch_folder() / "there.npy";
  REQUIRE(sconce_program(command + quoted(here.string())).code == 0);
  const ProgramResult acted = sconce_program(command + quoted(there.string()) + " --device cuda:sim");
  if (!listed("cuda:sim")) {
    CHECK(acted.code != 0);
    CHECK(has(acted.err, "cuda:sim"));
    return;
  }
  CHECK(acted.code == 0);
  const Tensor y = load_npy(here.string());
  CHECK(max_difference(load_npy(there.string()), y) <= 1e-6 * max_magnitude(y));
  if (!listed("cuda:0")) {
    const ProgramResult absent = sconce_program(command + quoted(there.string()) + " --device cuda");
    CHECK(absent.code != 0);
    CHECK(has(absent.err, "no CUDA device"));
  }
  CHECK(sconce_program(command + quoted(there.string()) + " --device gpu").code == 2);
}
