// Which instruction set's kernels run on this machine.
#include "cpu/isa_choice.h"

#include <sconce/error.h>

#include <cstdlib>

#include "cpu/add_pipes.h"
#include "cpu/isa/planes.h"
#include "cpu/isa/tokens.h"
#include "cpu/isa/vision.h"

namespace sconce {
namespace {

std::vector<isa::Kernels> find_kernels() {
  std::vector<isa::Kernels> found;
  // The builtins ask the operating system's masks (XGETBV) too.
#if defined(SCONCE_HAS_AVX512)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    const isa::Kernels plain{"avx512", &isa::gemm_avx512, &isa::vision_avx512, &isa::tokens_avx512,
                             &isa::planes_avx512};
    isa::Kernels inner = plain;
    inner.name = "avx512+inner";
    inner.inner = &isa::inner_avx512;
    const bool faster = has_add_pipes(inner);
    found.push_back(faster ? inner : plain);
    found.push_back(faster ? plain : inner);
  }
#endif
#if defined(SCONCE_HAS_AVX2)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    found.push_back({"avx2", &isa::gemm_avx2, &isa::vision_avx2, &isa::tokens_avx2, &isa::planes_avx2});
#endif
#if defined(SCONCE_HAS_NEON)
  found.push_back({"neon", &isa::gemm_neon, &isa::vision_neon, &isa::tokens_neon, &isa::planes_neon});
#endif
#if defined(SCONCE_HAS_SCALAR)
  found.push_back(
      {"scalar", &isa::gemm_scalar, &isa::vision_scalar, &isa::tokens_scalar, &isa::planes_scalar});
#endif
  return found;
}

const isa::Kernels& choose() {
  const char* wanted = std::getenv("SCONCE_ISA");
  if (!wanted || !*wanted) return all_kernels().front();
  const isa::Kernels* found = kernels_for(wanted);
  if (!found) {
    std::string names;
    for (const isa::Kernels& k : all_kernels()) names += concat(names.empty() ? "" : ", ", k.name);
    fail(ErrorKind::invalid_argument, "[SCONCE_ISA] expected one of ", names, " on this machine, got ",
         wanted);
  }
  return *found;
}

}  // namespace

const std::vector<isa::Kernels>& all_kernels() {
  static const std::vector<isa::Kernels> found = find_kernels();
  return found;
}

const isa::Kernels* kernels_for(std::string_view name) {
  for (const isa::Kernels& k : all_kernels())
    if (name == k.name) return &k;
  return nullptr;
}

const isa::Kernels& best_kernels() {
  static const isa::Kernels& chosen = choose();
  return chosen;
}

}  // namespace sconce
