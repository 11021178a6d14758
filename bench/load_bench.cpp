// Loading a checkpoint: opened only, and with every byte read and checked.
//   load_bench FILE
#include <sconce/checkpoint.h>

#include <cstdio>

#include "measure.h"

namespace {

// One byte of each page, so that a mapped file is really read.
uint64_t touch(const sconce::StateDict& state) {
  uint64_t sum = 0;
  for (const auto& entry : state) {
    if (!entry.is_tensor()) continue;
    const sconce::Tensor& t = entry.tensor();
    const auto* bytes = static_cast<const unsigned char*>(t.data());
    for (int64_t i = 0; i < t.nbytes(); i += 4096) sum += bytes[i];
  }
  return sum;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) return std::fputs("usage: load_bench FILE\n", stderr), 2;
  try {
    uint64_t sum = 0;
    const bench::Times open = bench::measure([&] { sconce::Checkpoint::open(arguments[1]); });
    const bench::Times load = bench::measure([&] { sum += touch(sconce::load(arguments[1])); });
    sconce::LoadOptions unchecked;
    unchecked.verify_crc = false;
    const bench::Times fast = bench::measure([&] { sum += touch(sconce::load(arguments[1], unchecked)); });
    std::printf(
        "{\"open_ms\": %.3f, \"load_ms\": %.3f, \"load_unchecked_ms\": %.3f, \"calls\": %zu, \"sum\": "
        "%llu}\n",
        open.median_ms, load.median_ms, fast.median_ms, load.calls, static_cast<unsigned long long>(sum));
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "load_bench: %s\n", e.what()), 1;
  }
}
