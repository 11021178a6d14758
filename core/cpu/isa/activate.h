// Activations of one vector. Included by kernels' sources alone, inside their unnamed namespace, after vec_<isa>.h.

// As PyTorch's functions: NaN stays NaN.
inline Vec activate(Vec x, Activation activation) {
  const Vec zero = Vec::zero(), six = Vec::broadcast(6.f);
  switch (activation) {
    case Activation::relu: return Vec::max(zero, x);
    case Activation::relu6: return Vec::min(six, Vec::max(zero, x));
    case Activation::hardsigmoid:
      return Vec::min(six, Vec::max(zero, x + Vec::broadcast(3.f))) * Vec::broadcast(1.f / 6.f);
    case Activation::hardswish:
      return x * (Vec::min(six, Vec::max(zero, x + Vec::broadcast(3.f))) * Vec::broadcast(1.f / 6.f));
    default: return x;
  }
}
