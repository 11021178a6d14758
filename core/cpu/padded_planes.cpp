#include "cpu/padded_planes.h"

#include <algorithm>
#include <cstring>

#include "cpu/isa/planes.h"
#include "cpu/isa_choice.h"

namespace sconce::eager {
namespace {

int64_t ceil_div(int64_t a, int64_t b) { return a >= 0 ? (a + b - 1) / b : -(-a / b); }

}  // namespace

PaddedPlanes::PaddedPlanes(const PlaneWindow& w) : w_(w) {
  row_ = w.ow + (w.kernel[1] - 1) * w.dilation[1] / w.stride[1];
  rows_ = w.oh + (w.kernel[0] - 1) * w.dilation[0] / w.stride[0];
  phase_ = rows_ * row_;
  for (int64_t ky = 0; ky < w.kernel[0]; ++ky)
    for (int64_t kx = 0; kx < w.kernel[1]; ++kx) {
      const int64_t y = ky * w.dilation[0], x = kx * w.dilation[1];
      const Phase phase{y % w.stride[0], x % w.stride[1]};
      const auto same = [&](const Phase& p) { return p.y == phase.y && p.x == phase.x; };
      auto found = std::find_if(phases_.begin(), phases_.end(), same);
      if (found == phases_.end()) found = phases_.insert(found, phase);
      taps_.push_back((found - phases_.begin()) * phase_ + y / w.stride[0] * row_ + x / w.stride[1]);
    }
}

void PaddedPlanes::fill(const float* plane, float around, float* to) const {
  const auto every = best_kernels().planes->every;
  const auto [sy, sx] = w_.stride;
  for (const Phase& phase : phases_) {
    // The columns of the phase that lie inside, and the plane's column that the first of them is.
    const int64_t left = phase.x - w_.padding[1];
    const int64_t begin = std::clamp<int64_t>(ceil_div(-left, sx), 0, row_);
    const int64_t end = std::clamp<int64_t>(ceil_div(w_.w - left, sx), begin, row_);
    for (int64_t r = 0; r < rows_; ++r, to += row_) {
      const int64_t y = r * sy + phase.y - w_.padding[0];
      if (y < 0 || y >= w_.h) {
        std::fill_n(to, row_, around);
        continue;
      }
      const float* from = plane + y * w_.w + left + begin * sx;
      for (int64_t i = 0; i < begin; ++i) to[i] = around;
      if (sx == 1)
        std::memcpy(to + begin, from, static_cast<size_t>(end - begin) * sizeof(float));
      else
        every(from, sx, to + begin, end - begin);
      for (int64_t i = end; i < row_; ++i) to[i] = around;
    }
  }
}

}  // namespace sconce::eager
