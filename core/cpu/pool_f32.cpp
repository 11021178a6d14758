// The largest of shifted planes.
#include "cpu/pool_f32.h"

#include <sconce/threads.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "cpu/isa/planes.h"
#include "cpu/isa_choice.h"
#include "cpu/padded_planes.h"

namespace sconce::eager {

void max_pool2d(const MaxPoolArgs& a) {
  const int64_t h = a.input.size(2), w = a.input.size(3), oh = a.out.size(2), ow = a.out.size(3);
  const PaddedPlanes planes({h, w, oh, ow, a.kernel, a.stride, a.padding, a.dilation});
  const auto taps = static_cast<int64_t>(planes.taps().size());
  const auto* input = a.input.data<float>();
  auto* out = a.out.mutable_data<float>();
  const auto largest = best_kernels().planes->largest;
  const int64_t work = std::max<int64_t>(planes.outputs() * taps, 1);
  const auto room = static_cast<size_t>(planes.floats() + PaddedPlanes::slack());
  parallel_for(0, a.input.size(0) * a.input.size(1), std::max<int64_t>(1, 100'000 / work),
               [&](int64_t begin, int64_t end) {
                 std::vector<float> padded(room), row(static_cast<size_t>(planes.outputs()));
                 std::vector<const float*> sources;
                 for (int64_t tap : planes.taps()) sources.push_back(padded.data() + tap);
                 for (int64_t i = begin; i < end; ++i) {
                   planes.fill(input + i * h * w, -std::numeric_limits<float>::infinity(), padded.data());
                   largest(sources.data(), taps, row.data(), planes.outputs());
                   for (int64_t y = 0; y < oh; ++y)
                     std::copy_n(row.data() + y * planes.row(), ow, out + (i * oh + y) * ow);
                 }
               });
}

}  // namespace sconce::eager
