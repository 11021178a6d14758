// Where a tensor's bytes are.
#pragma once
#include <string>
#include <string_view>

namespace sconce {

// A device kind and index, as torch.device. `meta` tensors have a shape and no data.
struct Device {
  enum class Type { cpu, cuda, meta };
  Type type = Type::cpu;
  int index = 0;  // always 0 on cpu and meta

  constexpr Device() = default;
  constexpr Device(Type t, int i = 0) : type(t), index(i) {}

  // Parses "cpu", "meta", "cuda" or "cuda:1". Throws ErrorKind::invalid_argument on anything else.
  static Device parse(std::string_view text);
  // "cpu", "meta", "cuda:0".
  std::string str() const;

  friend constexpr bool operator==(const Device&, const Device&) = default;
};

inline constexpr Device cpu{Device::Type::cpu};
inline constexpr Device meta{Device::Type::meta};
constexpr Device cuda(int index = 0) { return {Device::Type::cuda, index}; }

}  // namespace sconce
