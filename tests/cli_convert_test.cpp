// sconce convert: every format into every other, and what stays.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sconce/npy.h>
#include <sconce/ops.h>
#include <sconce/save.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "support/program.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;

namespace {

std::string file(const std::string& name) { return quoted(fixture("cli/" + name).string()); }

void check_equal(const StateDict& a, const StateDict& b) {
  REQUIRE(a.size() == b.size());
  for (const StateDict::Entry& entry : a) {
    CAPTURE(entry.key);
    CHECK(bit_equal(entry.tensor(), b[entry.key]));
  }
}

}  // namespace

TEST_CASE("cli: convert into every format and back") {
  const auto folder = scratch_folder();
  const std::string in = file("mlp.pth");
  const StateDict original = load(fixture("cli/mlp.pth").string());
  const auto to = [&](const std::string& name) { return (folder / name).string(); };
  for (const std::string name :
       {"x.safetensors", "x.npz", "x.bin", "x.safetensors.index.json", "x.bin.index.json"}) {
    CAPTURE(name);
    const ProgramResult result = sconce_program("convert " + in + " " + quoted(to(name)));
    CHECK(result.code == 0);
    CHECK(result.err.empty());
    CHECK(has(result.out, name + ": 4 tensors, 268 B\n"));
    check_equal(original, load(to(name)));
    const std::string back = to(name + ".back.pth");
    CHECK(sconce_program("convert " + quoted(to(name)) + " " + quoted(back)).code == 0);
    check_equal(original, load(back));
  }
  CHECK(sconce_program("convert " + in + " " + quoted(to("x.onnx"))).code == 2);
  CHECK(sconce_program("convert --max-shard-bytes 5GB " + in + " " + quoted(to("y.pth"))).code == 2);

  const std::string shards = to("shards") + "/";
  CHECK(sconce_program("convert --max-shard-bytes 128 " + in + " " + quoted(shards)).code == 0);
  check_equal(original, load(shards));
}

TEST_CASE("cli: convert keeps ties, metadata and module versions") {
  const auto folder = scratch_folder();
  const std::string safe = (folder / "odd.safetensors").string(), back = (folder / "odd.pth").string();
  const std::string in = fixture("cli/odd.pth").string();
  const ProgramResult result = sconce_program("convert --all " + quoted(in) + " " + quoted(safe));
  CHECK(result.code == 0);
  CHECK(sconce_program("convert --all " + quoted(safe) + " " + quoted(back)).code == 0);
  CHECK(sconce_program("diff " + quoted(in) + " " + quoted(back)).code == 0);
  const StateDict state = load(back);
  CHECK(!tied_keys(state).empty());

  const std::string again = (folder / "again.pth").string();
  const std::string plain = fixture("cli/mlp.pth").string();
  CHECK(sconce_program("convert " + quoted(plain) + " " + quoted(again)).code == 0);
  CHECK(load(again).metadata().repr() == load(plain).metadata().repr());
}

TEST_CASE("cli: convert selects and casts") {
  const auto folder = scratch_folder();
  const auto to = [&](const std::string& name) { return (folder / name).string(); };
  CHECK(sconce_program("convert --prefix-strip module. " + file("wrapped.pth") + " " + quoted(to("a.pth")))
            .code == 0);
  CHECK(load(to("a.pth")).contains("0.weight"));
  CHECK(sconce_program("convert --only 'weight$' " + file("mlp.pth") + " " + quoted(to("b.pth"))).code == 0);
  const StateDict weights = load(to("b.pth"));
  CHECK(weights.size() == 2);
  CHECK(weights.contains("2.weight"));
  CHECK(sconce_program("convert --only nothing " + file("mlp.pth") + " " + quoted(to("c.pth"))).code == 1);
  CHECK(sconce_program("convert --only '(' " + file("mlp.pth") + " " + quoted(to("c.pth"))).code == 2);
  CHECK(!std::filesystem::exists(to("c.pth")));

  CHECK(sconce_program("convert --dtype bf16 " + file("mlp.pth") + " " + quoted(to("d.safetensors"))).code ==
        0);
  const StateDict original = load(fixture("cli/mlp.pth").string()), cast = load(to("d.safetensors"));
  for (const StateDict::Entry& entry : original)
    CHECK(bit_equal(entry.tensor().to(DType::bf16), cast[entry.key]));
  CHECK(sconce_program("convert --dtype int64 " + file("mlp.pth") + " " + quoted(to("e.pth"))).code == 2);

  // Every tensor of a trainer's file, by path.
  CHECK(sconce_program("convert --all " + file("wrapped.pth") + " " + quoted(to("all.safetensors"))).code ==
        0);
  const StateDict all = load(to("all.safetensors"));
  CHECK(all.size() == 8);
  CHECK(all.contains("state_dict.module.0.weight"));
  CHECK(sconce_program("convert --key generator " + file("two.pth") + " " + quoted(to("g.pth"))).code == 0);
  CHECK(sconce_program("convert " + file("two.pth") + " " + quoted(to("h.pth"))).code == 1);
  CHECK(sconce_program("convert --all --key generator " + file("two.pth") + " " + quoted(to("h.pth"))).code ==
        2);

  // With ties and views, cast or not.
  CHECK(sconce_program("convert --all --dtype f64 " + file("odd.pth") + " " + quoted(to("odd64.pth"))).code ==
        0);
  const StateDict odd = load(to("odd64.pth"));
  CHECK(odd["encoder.weight"].dtype() == DType::f64);
  CHECK(!tied_keys(odd).empty());
  CHECK(sconce_program("diff --ignore-dtype " + file("odd.pth") + " " + quoted(to("odd64.pth"))).code == 0);
}

TEST_CASE("cli: convert replaces only what it is told to") {
  const auto folder = scratch_folder();
  const std::string path = (folder / "model.pth").string();
  write_file(path, read_file(fixture("cli/mlp.pth")));
  const ProgramResult refused = sconce_program("convert " + quoted(path) + " " + quoted(path));
  CHECK(refused.code == 2);
  CHECK(has(refused.err, "--force"));
  CHECK(sconce_program("convert --force --dtype f64 " + quoted(path) + " " + quoted(path)).code == 0);
  CHECK(load(path)["0.weight"].dtype() == DType::f64);
  CHECK(sconce_program("convert " + file("mlp.pth") + " /no/such/folder/x.pth").code == 3);

  // What the format cannot hold is named.
  const StateDict mixed{{"w", load(path)["0.weight"]}, {"b", load(path)["0.bias"]}, {"epoch", Value(3)}};
  const std::string with_number = (folder / "mixed.pth").string(),
                    out = (folder / "mixed.safetensors").string();
  save(mixed, with_number);
  const ProgramResult told = sconce_program("convert " + quoted(with_number) + " " + quoted(out));
  CHECK(told.code == 0);
  CHECK(has(told.err, "left out epoch (int)"));
  CHECK(load(out).size() == 2);
  CHECK(sconce_program("convert --force --json " + quoted(with_number) + " " + quoted(out))
            .json()["left_out"][0] == "epoch");
}

TEST_CASE("cli: a conversion that is interrupted leaves nothing, or all") {
  const auto folder = scratch_folder();
  StateDict state;
  for (int i = 0; i < 40; ++i) {
    const Storage storage = Storage::allocate(size_t{4} << 20);
    std::memset(storage.data(), i, storage.nbytes());
    state.insert("layer" + std::to_string(i), Value(Tensor(storage, DType::u8, Shape{1024, 4096})));
  }
  const std::string in = (folder / "in.pth").string(), out = (folder / "out.safetensors").string();
  save(state, in);
  for (int delay = 2; delay <= 4000; delay *= 2) {
    std::filesystem::remove(out);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const int null = open("/dev/null", O_WRONLY);
      dup2(null, 1), dup2(null, 2);
      become_program({"convert", in, out});
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(delay));
    kill(child, SIGINT);
    int status = 0;
    waitpid(child, &status, 0);
    // Ended by the signal, or done before it came; or both: the signal may come between the file's last step and the program's end.
    const bool finished = WIFEXITED(status) && WEXITSTATUS(status) == 0, there = std::filesystem::exists(out);
    CHECK((finished || (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)));
    CHECK((there || !finished));
    size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) files += entry.is_regular_file();
    CHECK(files == (there ? 2u : 1u));
    if (there) {
      const StateDict whole = load(out);
      REQUIRE(whole.size() == state.size());
      for (const auto& entry : state)
        CHECK(std::memcmp(whole[entry.key].data(), entry.tensor().data(), size_t{4} << 20) == 0);
      break;
    }
  }
}
