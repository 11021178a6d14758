// The kernels of one instruction set for rows of channels: elementwise operations, normalisations, attention, recurrences.
#pragma once
#include <cstdint>

#include "cpu/isa/activation.h"

namespace sconce::isa {

enum class Binary : int32_t { add, sub, mul, div, max, min };
enum class Unary : int32_t { abs, neg, exp, sqrt, rsqrt, square, cube, reciprocal };

// All pitches are floats from row to row; 0 repeats a row.
struct RowsCall {
  const float* x;
  float* y;
  int64_t x_pitch, y_pitch, rows, channels;
};

// y = activation(a op alpha * b); with a_channels or b_channels false one float serves all channels of a row.
struct BinaryCall {
  const float* a;
  const float* b;
  float* y;
  int64_t a_pitch, b_pitch, y_pitch, rows, channels;
  bool a_channels, b_channels;
  float alpha;
  Binary op;
  Activation activation;
};

// Layer norm (centred) or RMS norm of each row.
struct NormCall {
  const float* x;
  float* y;
  int64_t x_pitch, y_pitch, rows, channels;
  const float* weight;  // or null: 1
  const float* bias;    // or null: 0
  float eps;
  bool centred;
};

// Groups of adjacent channels, each normalised over all rows.
struct GroupNormCall {
  const float* x;
  float* y;
  int64_t x_pitch, y_pitch, rows, groups, group_channels;
  const float* weight;  // of all groups' channels, or null: 1
  const float* bias;    // or null: 0
  float eps;
  Activation activation;
  float* scratch;  // two floats for each channel, each half rounded up to whole vectors
};

// Rows of queries of one head against all its keys. Keys and values are packed (pack_keys, pack_values).
struct AttentionCall {
  const float* query;
  float* output;
  int64_t query_pitch, output_pitch, queries;
  const float* keys;
  const float* values;
  int64_t packed_keys;  // for how many keys the packs have room: the second distance in `values`
  int64_t key_count;    // how many of them count, at least 1
  int64_t head_size, value_size;
  int64_t causal_keys;  // query i sees the first causal_keys + i; key_count or more: all
  float scale;
  const float* mask;             // of the first query, added to scaled scores, or null
  const uint8_t* allowed;        // or bytes: 0 hides the key; or null
  int64_t mask_query, mask_key;  // elements from query to query; 1 or 0 from key to key
  float*
      scratch;  // query_rows(packed_keys) rows of packed_keys floats, rounded up to whole panels; decode: one row
};

// The same with keys and values where they lie, for few queries: nothing is packed.
struct DecodeCall {
  AttentionCall head;  // keys and values are rows
  int64_t key_pitch, value_pitch;
};

// One step of a recurrence for all sequences of a batch, all hidden units. `weights` are packed [units / vector][k][gates][vector].
struct RecurrentCall {
  const float* h;      // of the step before: k floats for each sequence
  const float* gates;  // of the input: gate g of unit u at g * hidden + u
  const float* weights;
  const float* bias;  // GRU: b_hh of the last gate, or null
  float* c;           // LSTM: is updated, hidden floats for each sequence
  float* y;           // the new h
  int64_t h_pitch, gates_pitch, c_pitch, y_pitch, batch, k, hidden;
};

struct TokensKernels {
  int vector;  // floats in a vector
  int panel;   // columns of a packed panel of attention
  int64_t (*query_rows)(
      int64_t keys);  // rows of scores, rounded up to whole panels, that attention's scratch holds
  void (*binary)(const BinaryCall&);
  void (*activation)(const RowsCall&, Activation);
  void (*unary)(const RowsCall&, Unary);
  void (*norm)(const NormCall&);
  void (*group_norm)(const GroupNormCall&);
  void (*softmax)(const RowsCall&, bool logarithm);
  // packed[p][c][i] = keys[p * panel + i][c], zeros behind the last key.
  void (*pack_keys)(const float* keys, int64_t pitch, int64_t count, int64_t size, float* packed);
  // packed[p][j][i] = values[j][p * panel + i], zeros behind the last channel; `room` keys for each p.
  void (*pack_values)(const float* values, int64_t pitch, int64_t count, int64_t room, int64_t size,
                      float* packed);
  void (*attention)(const AttentionCall&);
  void (*decode)(const DecodeCall&);
  void (*lstm)(const RecurrentCall&);
  void (*gru)(const RecurrentCall&);
  // y[i] = x[i] times a matrix packed as pack_values packs it: [n / panel][k][panel].
  void (*product)(const float* x, int64_t x_pitch, int64_t rows, const float* packed, int64_t k, int64_t n,
                  float* y, int64_t y_pitch);
};

#if defined(SCONCE_HAS_SCALAR)
extern const TokensKernels tokens_scalar;
#endif
#if defined(SCONCE_HAS_AVX2)
extern const TokensKernels tokens_avx2;
#endif
#if defined(SCONCE_HAS_AVX512)
extern const TokensKernels tokens_avx512;
#endif
#if defined(SCONCE_HAS_NEON)
extern const TokensKernels tokens_neon;
#endif

}  // namespace sconce::isa
