// A program of its own: after the first call a plan runs on one thread without allocating, and without a single system call, which Linux'
// strict seccomp mode would answer by killing it. Prints what is wrong and exits with 1.
#include <sconce/nn/nn.h>
#include <sconce/ops.h>
#include <sconce/prepare.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <new>

#if defined(__linux__)
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace {

std::atomic<bool> counting{false};
std::atomic<long> allocations{0};

void* counted(std::size_t bytes) {
  if (counting) ++allocations;
  if (void* p = std::malloc(bytes ? bytes : 1)) return p;
  throw std::bad_alloc();
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void* operator new(std::size_t bytes, std::align_val_t align) {
  if (counting) ++allocations;
  const auto a = static_cast<std::size_t>(align);
  if (void* p = std::aligned_alloc(a, (bytes + a - 1) / a * a)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace {

using namespace sconce;

bool quiet(const char* name, const Plan& plan, const Tensor& x) {
  if (plan.interpreted_steps() != 0) {
    std::printf("%s: %d steps are interpreted\n%s", name, static_cast<int>(plan.interpreted_steps()),
                plan.describe().c_str());
    return false;
  }
  const std::vector<Tensor> inputs{x};
  std::vector<Tensor> outputs = plan(inputs);
  plan.run(inputs, outputs);
  counting = true;
  for (int i = 0; i < 3; ++i) plan.run(inputs, outputs);
  counting = false;
  if (allocations != 0) {
    std::printf("%s: %ld allocations\n", name, allocations.load());
    return false;
  }
#if defined(__linux__)
  const pid_t child = fork();
  if (child == 0) {
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) _exit(0);  // not allowed here: nothing to say
    plan.run(inputs, outputs);
    syscall(SYS_exit, 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    std::printf("%s: a system call was made (status %d)\n", name, status);
    return false;
  }
#endif
  return true;
}

}  // namespace

int main() {
  const PrepareOptions one{.threads = 1};
  const auto resnet = nn::make_model("cifar_resnet20");
  bool good = quiet("resnet20", prepare(*resnet, zeros({2, 3, 32, 32}), one), zeros({2, 3, 32, 32}));
  const auto lenet = nn::make_model("lenet");
  good &= quiet("lenet", prepare(*lenet, zeros({1, 1, 32, 32}), one), zeros({1, 1, 32, 32}));
  const auto mlp = nn::make_model("Sequential(Flatten(), Linear(784, 128), ReLU(), Linear(128, 10))");
  good &= quiet("mlp", prepare(*mlp, zeros({1, 28, 28}), one), zeros({1, 28, 28}));
  if (good) std::puts("quiet");
  return good ? 0 : 1;
}
