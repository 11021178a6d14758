// Switching stacks: a few instructions on x86-64; elsewhere ucontext, which is ten times slower because it asks the system.
#include "sim/fiber.h"

#include <cstdint>

#if SCONCE_SIM_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if !SCONCE_SIM_PORTABLE
// Saves the registers that a call must keep on the old stack, and takes them from the new one.
extern "C" void sconce_sim_switch(void** from, void* to);
asm(".text\n"
    ".globl sconce_sim_switch\n"
    ".hidden sconce_sim_switch\n"
    ".type sconce_sim_switch,@function\n"
    "sconce_sim_switch:\n"
    "push %rbp\npush %rbx\npush %r12\npush %r13\npush %r14\npush %r15\n"
    "mov %rsp,(%rdi)\n"
    "mov %rsi,%rsp\n"
    "pop %r15\npop %r14\npop %r13\npop %r12\npop %rbx\npop %rbp\n"
    "ret\n"
    ".size sconce_sim_switch,.-sconce_sim_switch\n");
#endif

namespace sconce::gpu_sim {

void Fiber::begin(void (*entry)()) {
  entry_ = entry;
#if SCONCE_SIM_PORTABLE
  getcontext(&inside_);
  inside_.uc_stack.ss_sp = stack_;
  inside_.uc_stack.ss_size = size_;
  inside_.uc_link = nullptr;
  makecontext(&inside_, entry_, 0);
#else
  auto* top = reinterpret_cast<void**>(reinterpret_cast<uintptr_t>(stack_ + size_) & ~uintptr_t{63});
  *--top =
      nullptr;  // the return address of entry, which does not return, where the ABI wants the stack aligned
  *--top = reinterpret_cast<void*>(entry_);
  inside_ = top - 6;
#endif
#if SCONCE_SIM_ASAN
  fake_inside_ = nullptr;
  __asan_unpoison_memory_region(stack_, size_);
#endif
}

void Fiber::resume() {
#if SCONCE_SIM_ASAN
  __sanitizer_start_switch_fiber(&fake_outside_, stack_, size_);
#endif
#if SCONCE_SIM_PORTABLE
  swapcontext(&outside_, &inside_);
#else
  sconce_sim_switch(&outside_, inside_);
#endif
#if SCONCE_SIM_ASAN
  __sanitizer_finish_switch_fiber(fake_outside_, nullptr, nullptr);
#endif
}

void Fiber::entered() {
#if SCONCE_SIM_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &outside_stack_, &outside_size_);
#endif
}

void Fiber::leave([[maybe_unused]] bool for_good) {
#if SCONCE_SIM_ASAN
  __sanitizer_start_switch_fiber(for_good ? nullptr : &fake_inside_, outside_stack_, outside_size_);
#endif
#if SCONCE_SIM_PORTABLE
  swapcontext(&inside_, &outside_);
#else
  sconce_sim_switch(&inside_, outside_);
#endif
#if SCONCE_SIM_ASAN
  __sanitizer_finish_switch_fiber(fake_inside_, &outside_stack_, &outside_size_);
#endif
}

}  // namespace sconce::gpu_sim
