// Where a tensor's bytes are.
#pragma once
#include <string>
#include <string_view>

namespace sconce {

// A device kind and index, as torch.device. `meta` tensors have a shape and no data. `cuda_sim` is a GPU that is acted out on the
// CPU: the same kernels as on `cuda`, slow and watched, for debugging and for tests on machines without one.
struct Device {
  enum class Type { cpu, cuda, meta, cuda_sim };
  Type type = Type::cpu;
  int index = 0;  // always 0 but on cuda

  constexpr Device() = default;
  constexpr Device(Type t, int i = 0) : type(t), index(i) {}

  // Parses "cpu", "meta", "cuda", "cuda:1" or "cuda:sim". Throws ErrorKind::invalid_argument on anything else.
  static Device parse(std::string_view text);
  // "cpu", "meta", "cuda:0", "cuda:sim".
  std::string str() const;
  // Is it a GPU, real or acted out: are its tensors' bytes to be left alone by the CPU?
  constexpr bool is_gpu() const { return type == Type::cuda || type == Type::cuda_sim; }

  friend constexpr bool operator==(const Device&, const Device&) = default;
};

inline constexpr Device cpu{Device::Type::cpu};
inline constexpr Device meta{Device::Type::meta};
inline constexpr Device cuda_sim{Device::Type::cuda_sim};
constexpr Device cuda(int index = 0) { return {Device::Type::cuda, index}; }

}  // namespace sconce
