// A fiber: a stack and a place in a function that can be left and come back to.
#pragma once
#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define SCONCE_SIM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SCONCE_SIM_ASAN 1
#endif
#endif
#if !defined(__x86_64__) || defined(SCONCE_SIM_UCONTEXT)
#define SCONCE_SIM_PORTABLE 1
#include <ucontext.h>
#endif

namespace sconce::gpu_sim {

// Runs on the operating system's thread that resumes it, and on no other until it has ended.
class Fiber {
 public:
  // The stack is the caller's: `size` bytes at `stack`.
  void set_stack(std::byte* stack, size_t size) { stack_ = stack, size_ = size; }
  // What the next resume() begins; entry must not return, but call leave(true) last.
  void begin(void (*entry)());
  // Runs the fiber until it calls leave().
  void resume();
  // Back to who resumed this fiber; `for_good` when it will not be resumed any more.
  void leave(bool for_good);
  // The first thing that `entry` does.
  void entered();

 private:
  std::byte* stack_ = nullptr;
  size_t size_ = 0;
  void (*entry_)() = nullptr;
#if SCONCE_SIM_PORTABLE
  ucontext_t inside_{}, outside_{};
#else
  void *inside_ = nullptr, *outside_ = nullptr;
#endif
#if SCONCE_SIM_ASAN
  void *fake_inside_ = nullptr, *fake_outside_ = nullptr;
  const void* outside_stack_ = nullptr;
  size_t outside_size_ = 0;
#endif
};

}  // namespace sconce::gpu_sim
