// The GPUs that tests run on, and the six ways in which the acted-out one runs kernels.
#pragma once
#include <sconce/backend.h>
#include <sim/sim.h>

#include <string>
#include <vector>

namespace sconce::test {

// cuda:sim and the real devices, where this build and machine have them.
inline std::vector<Device> gpus() {
  std::vector<Device> out;
  if (cuda_sim_backend()) out.push_back(cuda_sim);
  for (size_t i = 0; i < cuda_devices().size() && i < 1; ++i) out.push_back(cuda(static_cast<int>(i)));
  return out;
}

struct Mode {
  const char* name;
  gpu_sim::Config config;
};

inline const std::vector<Mode>& modes() {
  using gpu_sim::Order;
  static const std::vector<Mode> all = {
      {"forward", {Order::forward, 1, false}},     {"lazy forward", {Order::forward, 1, true}},
      {"lazy reverse", {Order::reverse, 1, true}}, {"lazy random 1", {Order::random, 1, true}},
      {"lazy random 2", {Order::random, 2, true}}, {"lazy random 3", {Order::random, 3, true}},
  };
  return all;
}

// Sets a mode for as long as it lives.
class InMode {
 public:
  explicit InMode(const Mode& mode) : before_(gpu_sim::config()) { gpu_sim::config() = mode.config; }
  ~InMode() { gpu_sim::config() = before_; }
  InMode(const InMode&) = delete;
  InMode& operator=(const InMode&) = delete;

 private:
  gpu_sim::Config before_;
};

}  // namespace sconce::test
