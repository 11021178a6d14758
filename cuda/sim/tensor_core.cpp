// The model of a tensor core. Its loops take most of a simulated product's time: compiled with optimisation in every build.
#include "sim/tensor_core.h"

#include <sconce/small_float.h>

#include <bit>
#include <cmath>
#include <cstring>

namespace sconce::gpu_sim {
namespace {

constexpr int lanes_of_warp = 32;

// The float nearest to v that is no further from 0.
float cut(double v) {
  const auto f = static_cast<float>(v);
  const auto bits = std::bit_cast<uint32_t>(f);
  return std::bit_cast<float>(std::fabs(static_cast<double>(f)) > std::fabs(v) ? bits - 1 : bits);
}

// Word `w` of an operand as the one or two numbers it holds.
void unpack(int kind, uint32_t w, double* to) {
  if (kind == 0) {
    to[0] = static_cast<double>(std::bit_cast<float>(w & ~0x1FFFU));
  } else if (kind == 1) {
    to[0] = static_cast<double>(std::bit_cast<float>(w << 16));
    to[1] = static_cast<double>(std::bit_cast<float>(w & 0xFFFF0000U));
  } else {
    to[0] = static_cast<double>(static_cast<float>(Half::from_bits(static_cast<uint16_t>(w))));
    to[1] = static_cast<double>(static_cast<float>(Half::from_bits(static_cast<uint16_t>(w >> 16))));
  }
}

struct MatrixRows {
  bool transposed;
  int count;
  uint32_t* out;
  const void* const* rows;
};

struct Product {
  int kind, mi, ni;
  float* d;
  const uint32_t *a, *b;
};

template <int K>
void multiply_one(float* const (&d)[lanes_of_warp], const double (&a)[16][16], const double (&b)[16][8]) {
  for (int m = 0; m < 16; ++m) {
    double sum[8];
    for (int n = 0; n < 8; ++n) sum[n] = static_cast<double>(d[m % 8 * 4 + n / 2][m / 8 * 2 + n % 2]);
    for (int k = 0; k < K; ++k)
      for (int n = 0; n < 8; ++n) sum[n] += a[m][k] * b[k][n];
    for (int n = 0; n < 8; ++n) d[m % 8 * 4 + n / 2][m / 8 * 2 + n % 2] = cut(sum[n]);
  }
}

void multiply_all(void** brought) {
  const auto of = [&](int lane) -> const Product& { return *static_cast<const Product*>(brought[lane]); };
  const Product& first = of(0);
  const int kind = first.kind, per_word = kind == 0 ? 1 : 2;
  thread_local double b[16][16][8];
  for (int j = 0; j < first.ni; ++j)
    for (int lane = 0; lane < lanes_of_warp; ++lane)
      for (int q = 0; q < 2; ++q) {
        double two[2];
        unpack(kind, of(lane).b[j * 2 + q], two);
        for (int e = 0; e < per_word; ++e) b[j][(lane % 4 + 4 * q) * per_word + e][lane / 4] = two[e];
      }
  for (int i = 0; i < first.mi; ++i) {
    double a[16][16];
    for (int lane = 0; lane < lanes_of_warp; ++lane)
      for (int q = 0; q < 4; ++q)
        unpack(kind, of(lane).a[i * 4 + q], &a[lane / 4 + 8 * (q & 1)][(lane % 4 + 4 * (q >> 1)) * per_word]);
    for (int j = 0; j < first.ni; ++j) {
      float* d[lanes_of_warp];
      for (int lane = 0; lane < lanes_of_warp; ++lane) d[lane] = of(lane).d + (i * first.ni + j) * 4;
      per_word == 1 ? multiply_one<8>(d, a, b[j]) : multiply_one<16>(d, a, b[j]);
    }
  }
}

void load_all(void** brought) {
  const auto of = [&](int lane) -> const MatrixRows& {
    return *static_cast<const MatrixRows*>(brought[lane]);
  };
  for (int i = 0; i < of(0).count; ++i)
    for (int matrix = 0; matrix < 4; ++matrix) {
      uint16_t rows[8][8];
      for (int r = 0; r < 8; ++r) std::memcpy(rows[r], of(matrix * 8 + r).rows[i], 16);
      for (int lane = 0; lane < lanes_of_warp; ++lane) {
        const int g = lane / 4, t = lane % 4;
        const bool across = of(0).transposed;
        const uint32_t low = across ? rows[2 * t][g] : rows[g][2 * t],
                       high = across ? rows[2 * t + 1][g] : rows[g][2 * t + 1];
        of(lane).out[i * 4 + matrix] = low | high << 16;
      }
    }
}

}  // namespace

void load_matrices_together(bool transposed, int count, uint32_t* out, const void* const* rows, Where at) {
  for (int i = 0; i < count; ++i)
    if (reinterpret_cast<uintptr_t>(rows[i]) % 16 != 0)
      stop(at, "ldmatrix of a row that is not aligned to 16 bytes");
  MatrixRows mine{transposed, count, out, rows};
  warp_collective(
      ~0U, &mine, [](unsigned, void** brought) { load_all(brought); }, at);
}

void multiply_together(int kind, int mi, int ni, float* d, const uint32_t* a, const uint32_t* b, Where at) {
  Product mine{kind, mi, ni, d, a, b};
  warp_collective(
      ~0U, &mine, [](unsigned, void** brought) { multiply_all(brought); }, at);
}

}  // namespace sconce::gpu_sim
