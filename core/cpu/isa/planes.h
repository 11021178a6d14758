// What eager operations do to planes ([n][c][h][w]) and to matrices as they lie: the kernels of one instruction set.
#pragma once
#include <cstdint>

namespace sconce::isa {

// A stretch of `count` neighbours in each source, that goes to the `to`-th column of the panel.
struct Stretch {
  int64_t from, to, count;
};

// Rows of a panel from wherever they lie: panel[k][to + i] = sources[k][from + i] for each stretch. May read and write a vector more behind
// each stretch; so stretches come in the order of their columns, and the panel has room behind it.
struct GatherCall {
  const float* const* sources;  // of each row
  int64_t rows, width;          // floats from row to row of the panel
  const Stretch* stretches;
  int64_t count;
  float* panel;
};

// Few rows times a matrix as it lies.
struct FewRowsCall {
  const float* a;
  int64_t a_pitch;
  int64_t rows;  // 1 to kFewRows
  int64_t k;
  const float* b;
  int64_t b_pitch, columns;
  float* c;
  int64_t c_pitch;
};
constexpr int64_t kFewRows = 4;

struct PlanesKernels {
  int vector;  // floats in a vector
  // y[i] = x[i] * scale + shift.
  void (*affine)(const float* x, float scale, float shift, float* y, int64_t n);
  // y[i] = start + the sum over t of weight[t] * x[t][i]. Reads up to a vector behind each x[t] + n.
  void (*weighted_sum)(const float* const* x, const float* weight, int64_t taps, float start, float* y,
                       int64_t n);
  // y[i] = the largest of x[t][i], NaN where one is. Reads likewise.
  void (*largest)(const float* const* x, int64_t taps, float* y, int64_t n);
  void (*gather)(const GatherCall&);
  // y[i] = x[i * step].
  void (*every)(const float* x, int64_t step, float* y, int64_t n);
  // c[i][j] = the sum over k of a[i][k] * b[j][k].
  void (*few_by_rows)(const FewRowsCall&);
  // c[i][j] = the sum over k of a[i][k] * b[k][j].
  void (*few_by_columns)(const FewRowsCall&);
};

#if defined(SCONCE_HAS_SCALAR)
extern const PlanesKernels planes_scalar;
#endif
#if defined(SCONCE_HAS_AVX2)
extern const PlanesKernels planes_avx2;
#endif
#if defined(SCONCE_HAS_AVX512)
extern const PlanesKernels planes_avx512;
#endif
#if defined(SCONCE_HAS_NEON)
extern const PlanesKernels planes_neon;
#endif

}  // namespace sconce::isa
