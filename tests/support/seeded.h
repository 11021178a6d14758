// Tensors made of their names, so that fixtures need not hold weights: the same numbers as
// make_nn_models.py's seeded().
#pragma once
#include <sconce/nn/module.h>
#include <sconce/ops/create.h>

#include <cmath>
#include <string_view>

namespace sconce::test {

inline uint64_t fnv1a(std::string_view text) {
  uint64_t h = 0xcbf29ce484222325;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return h;
}

// Number `index` of the stream of that hash, in [0, 1), from SplitMix64.
inline double seeded_uniform(uint64_t hash, uint64_t index) {
  uint64_t z = hash + (index + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  z ^= z >> 31;
  return static_cast<double>(z >> 40) * 0x1p-24;
}

// Weights so scaled that activations keep their size; variances and norm weights are positive; "input" is an
// input.
inline Tensor seeded(std::string_view name, const Shape& shape) {
  Tensor t = empty(shape);
  const uint64_t hash = fnv1a(name);
  const bool is_input = name == "input", is_matrix = shape.dim() >= 2 && !is_input;
  const double fan_in = is_matrix ? static_cast<double>(shape.numel() / shape[0]) : 1,
               bound = std::sqrt(6.0 / fan_in);
  for (int64_t i = 0; i < t.numel(); ++i) {
    const double u = seeded_uniform(hash, static_cast<uint64_t>(i));
    double value = (2 * u - 1) * 0.1;
    if (is_matrix)
      value = (2 * u - 1) * bound;
    else if (name.ends_with("running_var") || name.ends_with("weight"))
      value = 0.5 + 0.5 * u;
    else if (is_input)
      value = (2 * u - 1) * 1.7;
    t.mutable_data<float>()[i] = static_cast<float>(value);
  }
  return t;
}

// Whole numbers from 0 to below - 1.
inline Tensor seeded_tokens(const Shape& shape, int64_t below) {
  Tensor t = empty(shape, DType::i64);
  for (int64_t i = 0; i < t.numel(); ++i)
    t.mutable_data<int64_t>()[i] = static_cast<int64_t>(
        seeded_uniform(fnv1a("tokens"), static_cast<uint64_t>(i)) * static_cast<double>(below));
  return t;
}

// Fills every floating tensor of a module by its key.
inline void fill(nn::Module& module) {
  StateDict state;
  for (const auto& entry : module.state_dict())
    if (is_floating_point(entry.tensor().dtype()))
      state.insert(entry.key, seeded(entry.key, entry.tensor().shape()));
  module.load_state_dict(state, {.strict = false, .assign = true});
}

}  // namespace sconce::test
