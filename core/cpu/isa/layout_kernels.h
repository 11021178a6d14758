// Between planes and rows of channels. Included by vision_<isa>.cpp alone, inside its unnamed namespace, after transpose_<isa>.h.

// y[i * y_pitch + j] = x[j * x_pitch + i] for i < count, j < width. Both sides are walked in strips of blocks, so that of the side
// with the long jumps whole cache lines are used before they leave.
inline void transpose(const float* x, int64_t x_pitch, int64_t count, int64_t width, float* y,
                      int64_t y_pitch) {
  constexpr int strip = 16;
  for (int64_t i0 = 0; i0 < count; i0 += strip)
    for (int64_t j0 = 0; j0 < width; j0 += kBlock) {
      const int64_t last = i0 + strip < count ? i0 + strip : count;
      int64_t i = i0;
      if (j0 + kBlock <= width)
        for (; i + kBlock <= last; i += kBlock)
          transpose_block(x + j0 * x_pitch + i, x_pitch, y + i * y_pitch + j0, y_pitch);
      for (; i < last; ++i)
        for (int64_t j = j0; j < width && j < j0 + kBlock; ++j) y[i * y_pitch + j] = x[j * x_pitch + i];
    }
}

void planes_to_rows(const float* planes, int64_t plane_pitch, int64_t count, int64_t channels, float* rows,
                    int64_t pitch) {
  if (channels != 3 || pitch != 3) return transpose(planes, plane_pitch, count, channels, rows, pitch);
  int64_t i = 0;
  for (; i + kBlock <= count; i += kBlock)
    interleave_block(planes + i, planes + plane_pitch + i, planes + 2 * plane_pitch + i, rows + 3 * i);
  for (; i < count; ++i)
    for (int c = 0; c < 3; ++c) rows[3 * i + c] = planes[c * plane_pitch + i];
}

void rows_to_planes(const float* rows, int64_t pitch, int64_t count, int64_t channels, float* planes,
                    int64_t plane_pitch) {
  transpose(rows, pitch, channels, count, planes, plane_pitch);
}

void copy_rows(const float* x, int64_t x_pitch, int64_t rows, int64_t channels, float* y, int64_t y_pitch) {
  for (int64_t row = 0; row < rows; ++row, x += x_pitch, y += y_pitch) {
    int64_t c = 0;
    for (; c + Vec::size <= channels; c += Vec::size) Vec::load(x + c).store(y + c);
    if (c < channels)
      Vec::load_first(x + c, static_cast<int>(channels - c))
          .store_first(y + c, static_cast<int>(channels - c));
  }
}
