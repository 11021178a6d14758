// Where activations lie in a plan.
#pragma once
#include <cstdint>

namespace sconce::engine {

// Channels-last activations: pixel (b, y, x) begins at ((b * h + y) * w + x) * pitch floats, its c channels are adjacent. Tokens
// and matrices are images of height 1: [.., T, C] is n = .., h = 1, w = T. There is no halo: kernels treat the border themselves.
struct Image {
  int64_t n = 1, h = 1, w = 1, c = 1;
  int64_t pitch =
      1;  // at least c; a slice of a wider image (a part of a concatenation) has the pitch of the whole

  int64_t rows() const { return n * h * w; }
};

// The pitch for c channels: whole cache lines, but never a multiple of 1 KiB, at which rows would share the same few sets of the
// first-level cache.
inline int64_t padded_pitch(int64_t c) {
  if (c < 16) return c;
  const int64_t lines = (c + 15) / 16 * 16;
  return lines % 256 == 0 ? lines + 16 : lines;
}

}  // namespace sconce::engine
