// The kernels of one instruction set, a table for each family.
#pragma once

#include "cpu/isa/gemm.h"
#include "cpu/isa/inner.h"

namespace sconce::isa {

struct VisionKernels;  // vision.h
struct TokensKernels;  // tokens.h
struct PlanesKernels;  // planes.h

struct Kernels {
  const char* name;  // "scalar", "avx2", "avx512", "avx512+inner", "neon": as in SCONCE_ISA
  const GemmKernels* gemm;
  const VisionKernels* vision = nullptr;
  const TokensKernels* tokens = nullptr;
  const PlanesKernels* planes = nullptr;
  const InnerKernels* inner = nullptr;  // or null: products by plain multiply-adds
};

}  // namespace sconce::isa
