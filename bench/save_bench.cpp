// Saving a state_dict, against writing and flushing the same bytes without any thought: the disk's own time.
//   save_bench FILE [MEGABYTES]
// FILE is written again and again, and removed at the end.
#include <sconce/checkpoint.h>
#include <sconce/save.h>

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "measure.h"

namespace {

constexpr size_t tensor_bytes = size_t{16} << 20;

sconce::StateDict state_of(size_t megabytes) {
  sconce::StateDict state;
  uint64_t z = 1;
  for (size_t made = 0; made < megabytes << 20; made += tensor_bytes) {
    const sconce::Storage storage = sconce::Storage::allocate(tensor_bytes);
    auto* numbers = static_cast<uint64_t*>(storage.data());
    for (size_t i = 0; i < tensor_bytes / 8; ++i)
      numbers[i] = z = z * 6364136223846793005u + 1442695040888963407u;
    state.insert("layer" + std::to_string(made / tensor_bytes) + ".weight",
                 sconce::Tensor(storage, sconce::DType::f32, sconce::Shape{tensor_bytes / 4}));
  }
  return state;
}

void write_plainly(const sconce::StateDict& state, const char* path) {
  const int file = ::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  bool good = file >= 0;
  // In pieces of the size that this is fastest with.
  constexpr size_t piece = size_t{1} << 20;
  for (const auto& entry : state)
    for (size_t at = 0; at < tensor_bytes && good; at += piece)
      good = ::write(file, static_cast<const char*>(entry.tensor().data()) + at, piece) == ssize_t{piece};
  if (!good || ::fsync(file) != 0 || ::close(file) != 0) throw std::runtime_error("cannot write the file");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2 && count != 3) return std::fputs("usage: save_bench FILE [MEGABYTES]\n", stderr), 2;
  try {
    const sconce::StateDict state = state_of(count == 3 ? std::strtoul(arguments[2], nullptr, 10) : 1024);
    // Turn by turn in changing order, so that what the one leaves behind (pages, a busy disk) falls on both alike;
    // each to a file that is not there yet.
    std::vector<double> plain, saved;
    const auto time = [&](auto&& f) {
      ::unlink(arguments[1]);
      ::sync();
      return bench::measure(f, 0, 1).first_ms;
    };
    for (int turn = 0; turn < 16; ++turn) {
      if (turn % 4 == 0 || turn % 4 == 3)
        plain.push_back(time([&] { write_plainly(state, arguments[1]); }));
      else
        saved.push_back(time([&] { sconce::save(state, arguments[1]); }));
      std::fprintf(stderr, "%s", turn % 4 == 0 || turn % 4 == 3 ? "plain" : "saved");
      std::fprintf(stderr, " %.0f ms\n", turn % 4 == 0 || turn % 4 == 3 ? plain.back() : saved.back());
    }
    std::sort(plain.begin(), plain.end());
    std::sort(saved.begin(), saved.end());
    ::unlink(arguments[1]);
    std::printf(
        "{\"megabytes\": %zu, \"plain_min_ms\": %.1f, \"plain_median_ms\": %.1f, \"save_min_ms\": %.1f, "
        "\"save_median_ms\": %.1f, \"speed\": %.3f}\n",
        state.size() * tensor_bytes >> 20, plain[0], plain[plain.size() / 2], saved[0],
        saved[saved.size() / 2], plain[0] / saved[0]);
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "save_bench: %s\n", e.what()), 1;
  }
}
