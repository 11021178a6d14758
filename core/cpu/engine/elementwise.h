// Elementwise operators: activations, and two operands that broadcast.
#pragma once
#include <memory>

#include "cpu/engine/image.h"
#include "cpu/engine/operator.h"
#include "cpu/isa/kernels.h"
#include "cpu/isa/tokens.h"

namespace sconce::engine {

// Where an operand of a result's shape lies: floats from one image, line and pixel of the result to the next; 0 where the same floats
// serve all of them. With `channels` false one float serves all channels. Or a number, and no memory at all.
struct Spread {
  int64_t image = 0, line = 0, pixel = 0;
  bool channels = true;
  bool is_number = false;
  float number = 0.f;

  // An activation of the result's shape.
  static Spread of(const Image& x) { return {x.h * x.w * x.pitch, x.w * x.pitch, x.pitch}; }
  // One float for each channel: [C].
  static Spread of_channels() { return {}; }
  // One float for each channel of each image: [N, 1, 1, C], `pitch` floats from image to image.
  static Spread of_images(int64_t pitch) { return {.image = pitch}; }
  // The same lines and pixels for all images: [1, H, W, C], as position embeddings are.
  static Spread of_pixels(const Image& x) { return {0, x.w * x.pitch, x.pitch}; }
  // One float, in memory.
  static Spread of_one() { return {.channels = false}; }
  static Spread of_number(float x) { return {.channels = false, .is_number = true, .number = x}; }
};

// y = activation(a op b). Inputs [a, b], null where the operand is a number; outputs [y]. y may be an operand that lies as y does.
// aten.add.Tensor, sub, mul, div, maximum, minimum. aten.add's alpha: b is multiplied by it first.
std::unique_ptr<Operator> make_binary(isa::Binary op, const Spread& a, const Spread& b, float alpha,
                                      const Image& y, isa::Activation activation,
                                      const isa::Kernels& kernels);

// y = op(x). Inputs [x], outputs [y]; y may be x.
std::unique_ptr<Operator> make_unary(isa::Unary op, const Image& x, const Image& y,
                                     const isa::Kernels& kernels);
std::unique_ptr<Operator> make_activation(isa::Activation activation, const Image& x, const Image& y,
                                          const isa::Kernels& kernels);

}  // namespace sconce::engine
