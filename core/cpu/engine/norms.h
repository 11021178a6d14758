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

// y = (x - mean(x)) / sqrt(variance(x) + eps) * weight + bias over the channels of each pixel: aten.layer_norm over the last dimension.
// Inputs [x], outputs [y]; y may be x, if they lie alike.
std::unique_ptr<Operator> make_layer_norm(const Image& x, const Image& y, const NormWeights& weights,
                                          double eps, const isa::Kernels& kernels, Packs& packs);
// The same without mean: y = x / sqrt(mean(x^2) + eps) * weight. aten.rms_norm (whose eps of None is 1.1920929e-07, f32's epsilon).
std::unique_ptr<Operator> make_rms_norm(const Image& x, const Image& y, const NormWeights& weights,
                                        double eps, const isa::Kernels& kernels, Packs& packs);

// y = activation((x - mean) / sqrt(variance + eps) * weight + bias), over the pixels and x.c / groups channels of each group of each image.
// aten.group_norm; with as many groups as channels it is instance norm. Inputs [x], outputs [y]; y may be x.
std::unique_ptr<Operator> make_group_norm(const Image& x, const Image& y, int64_t groups,
                                          const NormWeights& weights, double eps, isa::Activation activation,
                                          const isa::Kernels& kernels, Packs& packs);

}  // namespace sconce::engine
