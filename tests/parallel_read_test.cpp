// Many threads on one file, one checkpoint and one module. What ThreadSanitizer is run for.
#include "support/support.h"

#include <sconce/checkpoint.h>
#include <sconce/nn/nn.h>
#include <sconce/ops.h>
#include <sconce/prefetch.h>
#include <sconce/save.h>
#include <sconce/threads.h>

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <thread>
#include <vector>

using namespace sconce;
using namespace sconce::test;

namespace {

constexpr int threads = 8;

void on_many_threads(const std::function<void(size_t)>& work) {
  std::vector<std::thread> all;
  for (size_t i = 0; i < threads; ++i) all.emplace_back(work, i);
  for (std::thread& t : all) t.join();
}

// Every byte of every tensor, in an order of the thread's own.
uint64_t read_all(const StateDict& state, size_t first) {
  uint64_t sum = 0;
  for (size_t i = 0; i < state.size(); ++i) {
    const StateDict::Entry& entry = state.entries()[(i + first) % state.size()];
    if (!entry.is_tensor()) continue;
    const Tensor t = entry.tensor().contiguous();
    const auto* bytes = static_cast<const unsigned char*>(t.data());
    for (int64_t k = 0; k < t.numel() * static_cast<int64_t>(size_of(t.dtype())); ++k) sum += bytes[k] + 1;
  }
  return sum;
}

// The library's own threads, as many as the test has.
struct LibraryThreads {
  const int before = num_threads();
  LibraryThreads() { set_num_threads(threads); }
  ~LibraryThreads() { set_num_threads(before); }
};

// A file of so many linear layers that several threads are worth their while.
struct ManyRecords {
  static constexpr int64_t layers = 48, width = 128;
  std::string path = (scratch_folder() / "many.pth").string();
  nn::Sequential net;

  ManyRecords() {
    for (int64_t i = 0; i < layers; ++i) {
      nn::Linear layer(width, width, {.bias = false});
      layer.weight =
          arange(i * width * width, (i + 1) * width * width).to(DType::f32).reshape({width, width});
      net.push_back(std::move(layer));
    }
    save(net.state_dict(), path);
  }
  // One bit of the weights of a layer.
  void damage(const std::string& key) const {
    const Tensor weight = net.state_dict()[key];
    const auto* content = static_cast<const char*>(weight.data());
    std::string bytes = read_file(path);
    const size_t at = bytes.find(std::string(content, 1000));
    REQUIRE(at != std::string::npos);
    bytes[at + 1234] ^= 2;
    write_file(path, bytes);
  }
};

}  // namespace

TEST_CASE("parallel: one checkpoint read by many threads, whichever asks for a record first") {
  for (const char* name : {"deflated.pth", "state_dict_legacy_protocol2.pth", "train_resume.pth", "views.pth",
                           "unaligned.pth", "big_endian.pth"}) {
    CAPTURE(name);
    const std::string path = fixture("checkpoints/" + std::string(name)).string();
    const auto state_of = [&](const Checkpoint& c) { return c.state_dict(c.candidates().front()); };
    const uint64_t expected = read_all(state_of(Checkpoint::open(path)), 0);
    const Checkpoint shared = Checkpoint::open(path);
    const StateDict state = state_of(shared);
    std::vector<uint64_t> sums(threads), own(threads);
    on_many_threads([&](size_t i) {
      sums[i] = read_all(i % 2 ? state : state_of(shared), i);
      own[i] = read_all(state_of(Checkpoint::open(path)), i);
    });
    CHECK(std::all_of(sums.begin(), sums.end(), [&](uint64_t sum) { return sum == expected; }));
    CHECK(own == sums);
  }
}

TEST_CASE("parallel: many modules take one state_dict, and one module serves many threads") {
  nn::Sequential source(nn::Linear(16, 32), nn::ReLU(), nn::Linear(32, 4));
  const StateDict state = source.state_dict();
  const Tensor x = arange(0, 32).to(DType::f32).reshape({2, 16});
  const Tensor expected = source.eval()(x);
  std::vector<char> equal(threads);
  on_many_threads([&](size_t i) {
    nn::Sequential mine(nn::Linear(16, 32), nn::ReLU(), nn::Linear(32, 4));
    mine.load_state_dict(state);
    mine.eval();
    equal[i] = bit_equal(mine(x), expected) && bit_equal(source(x), expected);
  });
  CHECK(std::all_of(equal.begin(), equal.end(), [](char same) { return same; }));
}

TEST_CASE("parallel: prefetch has every record read and checked, on several threads and by several callers") {
  const LibraryThreads many;
  for (const char* name : {"deflated.pth", "state_dict_legacy_protocol2.pth", "unaligned.pth",
                           "big_endian.pth", "cuda_located.pth"}) {
    CAPTURE(name);
    const std::string path = fixture("checkpoints/" + std::string(name)).string();
    const StateDict state = load(path);
    prefetch(state);
    for (const StateDict::Entry& entry : state) CHECK(entry.tensor().storage().is_loaded());
    CHECK(read_all(state, 0) == read_all(load(path), 0));
  }
  for (const char* name : {"kinds/quantized.pth", "kinds/sparse.pth"}) prefetch(load(fixture(name).string()));

  const ManyRecords file;
  const StateDict expected = file.net.state_dict();
  for (const bool verify_crc : {true, false}) {
    const StateDict state = load(file.path, {.verify_crc = verify_crc});
    CHECK(state.entries()[0].tensor().storage().is_loaded() != verify_crc);
    on_many_threads([&](size_t) { prefetch(state); });
    for (const StateDict::Entry& entry : state) {
      CHECK(entry.tensor().storage().is_loaded());
      CHECK(bit_equal(entry.tensor(), expected[entry.key]));
    }
  }
  prefetch(std::vector<Tensor>{Tensor(), empty({3}, DType::f32, meta), empty({0})});
}

TEST_CASE("parallel: of several damaged records the first is told, and the module stays as it was") {
  const LibraryThreads many;
  ManyRecords file;
  for (const char* key : {"40.weight", "9.weight", "31.weight"}) file.damage(key);
  nn::Sequential net;
  for (int64_t i = 0; i < ManyRecords::layers; ++i)
    net.push_back(nn::Linear(ManyRecords::width, ManyRecords::width, {.bias = false}));
  const StateDict own = net.state_dict();
  std::vector<Tensor> before;
  for (const StateDict::Entry& entry : own) before.push_back(entry.tensor().clone());
  for (int round = 0; round < 20; ++round)
    for (const bool assign : {false, true}) {
      try {
        net.load_state_dict(load(file.path), {.assign = assign});
        FAIL("expected an error");
      } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::corrupt);
        CHECK(e.context().key == "9.weight");
        CHECK(e.context().record == "many/data/9");
      }
    }
  for (size_t i = 0; i < before.size(); ++i)
    CHECK(bit_equal(net.state_dict().entries()[i].tensor(), before[i]));
}
