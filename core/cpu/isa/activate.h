// Activations of one vector. Included by kernels' sources alone, inside their unnamed namespace, after vec_<isa>.h and math.h, where
// sconce::isa::Activation is known.

template <Activation A>
inline Vec activate(Vec x) {
  if constexpr (A == Activation::relu)
    return Vec::max(Vec::zero(), x);
  else if constexpr (A == Activation::relu6)
    return clamp(x, 0.f, 6.f);
  else if constexpr (A == Activation::hardswish)
    return hardswish(x);
  else if constexpr (A == Activation::hardsigmoid)
    return hardsigmoid(x);
  else if constexpr (A == Activation::silu)
    return silu(x);
  else if constexpr (A == Activation::sigmoid)
    return sigmoid(x);
  else if constexpr (A == Activation::tanh)
    return tanh(x);
  else if constexpr (A == Activation::gelu)
    return gelu(x);
  else if constexpr (A == Activation::gelu_tanh)
    return gelu_tanh(x);
  else if constexpr (A == Activation::mish)
    return mish(x);
  else
    return x;
}

// The value of A as a type: f(Constant<A>{}) can say activate<decltype(a)::value>(x).
template <Activation A>
struct ActivationConstant {
  static constexpr Activation value = A;
};

// f(ActivationConstant<a>{}): one test outside of a loop instead of one in every round. It makes eleven copies of f.
template <class F>
inline void with_activation(Activation a, F&& f) {
  switch (a) {
    case Activation::none: return f(ActivationConstant<Activation::none>{});
    case Activation::relu: return f(ActivationConstant<Activation::relu>{});
    case Activation::relu6: return f(ActivationConstant<Activation::relu6>{});
    case Activation::hardswish: return f(ActivationConstant<Activation::hardswish>{});
    case Activation::hardsigmoid: return f(ActivationConstant<Activation::hardsigmoid>{});
    case Activation::silu: return f(ActivationConstant<Activation::silu>{});
    case Activation::sigmoid: return f(ActivationConstant<Activation::sigmoid>{});
    case Activation::tanh: return f(ActivationConstant<Activation::tanh>{});
    case Activation::gelu: return f(ActivationConstant<Activation::gelu>{});
    case Activation::gelu_tanh: return f(ActivationConstant<Activation::gelu_tanh>{});
    case Activation::mish: return f(ActivationConstant<Activation::mish>{});
  }
}

// For epilogues, where the test costs little beside the work. One call, so that tiles do not hold all functions each.
[[gnu::noinline]] inline Vec activate_rarely(Vec x, Activation a) {
  with_activation(a, [&](auto a_constant) { x = activate<decltype(a_constant)::value>(x); });
  return x;
}
// none and the clamps in place; the rest by a call.
inline Vec activate(Vec x, Activation a) {
  switch (a) {
    case Activation::none: return x;
    case Activation::relu: return activate<Activation::relu>(x);
    case Activation::relu6: return activate<Activation::relu6>(x);
    case Activation::hardswish: return activate<Activation::hardswish>(x);
    case Activation::hardsigmoid: return activate<Activation::hardsigmoid>(x);
    default: return activate_rarely(x, a);
  }
}
