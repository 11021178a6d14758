// Normalisations over channels: layer norm, RMS norm and group norm.
#pragma once
#include <memory>

#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/engine/packs.h"
#include "cpu/isa/kernels.h"

namespace sconce::engine {

// Of each channel, or null: 1 and 0. Copied.
struct NormWeights {
  const float* weight = nullptr;
  const float* bias = nullptr;
};

// A residual that is added to x before its rows are normalised, and where the sum goes.
struct NormResidual {
  int64_t pitch = 0;      // floats from row to row of the residual; 0: there is none
  int64_t sum_pitch = 0;  // and of the sum
};

// y = (s - mean(s)) / sqrt(variance(s) + eps) * weight + bias over the channels of each pixel, s = x or x + residual.
// aten.layer_norm over the last dimension. Inputs [x, residual or null], outputs [y, sum or null]: without a sum's pointer it is not kept.
// y or sum may be x or the residual, if they lie alike.
std::unique_ptr<Operator> make_layer_norm(const Image& x, const Image& y, const NormWeights& weights,
                                          double eps, const NormResidual& residual,
                                          const isa::Kernels& kernels, Packs& packs);
// The same without mean: y = s / sqrt(mean(s^2) + eps) * weight. aten.rms_norm (whose eps of None is 1.1920929e-07, f32's epsilon).
std::unique_ptr<Operator> make_rms_norm(const Image& x, const Image& y, const NormWeights& weights,
                                        double eps, const NormResidual& residual, const isa::Kernels& kernels,
                                        Packs& packs);

// y = activation((x - mean) / sqrt(variance + eps) * weight + bias), over the pixels and x.c / groups channels of each group of each image.
// aten.group_norm; with as many groups as channels it is instance norm. Inputs [x], outputs [y]; y may be x.
std::unique_ptr<Operator> make_group_norm(const Image& x, const Image& y, int64_t groups,
                                          const NormWeights& weights, double eps, isa::Activation activation,
                                          const isa::Kernels& kernels, Packs& packs);

}  // namespace sconce::engine
