// A forward pass of a known architecture with the weights of a checkpoint.
//   forward_bench MODEL FILE BATCH THREADS
#include <sconce/sconce.h>

#include <cstdio>
#include <cstdlib>

#include "measure.h"

int main(int count, char** arguments) {
  if (count != 5) return std::fputs("usage: forward_bench MODEL FILE BATCH THREADS\n", stderr), 2;
  try {
    using namespace sconce;
    set_num_threads(std::atoi(arguments[4]));
    const auto model = nn::make_model(arguments[1]);
    model->load_state_dict(load(arguments[2]));
    std::vector<int64_t> extents = nn::find_model(arguments[1])->input_shape;
    extents.insert(extents.begin(), std::atoi(arguments[3]));
    const Tensor x = ones(Shape(extents));
    const bench::Times times = bench::measure([&] { (*model)(x); }, 2, 3);
    std::printf("{\"first_ms\": %.3f, \"min_ms\": %.3f, \"median_ms\": %.3f, \"calls\": %zu}\n",
                times.first_ms, times.min_ms, times.median_ms, times.calls);
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "forward_bench: %s\n", e.what()), 1;
  }
}
