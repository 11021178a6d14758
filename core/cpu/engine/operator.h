// One step of a plan: weights packed once, geometry fixed, run many times on different memory.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

namespace sconce::engine {

// The memory of one run, as one operator sees it: pointers to the first element of each operand, in the order in which the operator's
// header lists them; null where an optional one is absent.
struct Operands {
  const void* const* inputs;
  void* const* outputs;
  // What the scratch memory still holds from an earlier call for this step of this run, in the operator's own words; -1: nothing.
  // Null: nothing ever.
  int64_t* kept = nullptr;

  const float* in(int i) const { return static_cast<const float*>(inputs[i]); }
  float* out(int i) const { return static_cast<float*>(outputs[i]); }
};

// Immutable once built; many threads run it at once, each on memory of its own. Operators neither allocate nor lock while they run.
class Operator {
 public:
  virtual ~Operator() = default;

  // Into how many pieces the work falls. Pieces are independent: they may run in any order, on any thread, and each computes its
  // results by itself, so the bits do not depend on the number of threads. A piece is worth about 20 to 200 microseconds.
  virtual int64_t pieces() const = 0;
  // Bytes of 64-byte aligned scratch memory that a thread needs to run a piece.
  virtual int64_t scratch_bytes() const { return 0; }
  // Runs pieces [begin, end). A thread may call it several times for one step, with the same scratch memory.
  virtual void run(int64_t begin, int64_t end, const Operands& operands, void* scratch) const = 0;

  // The kernel and its algorithm in a few words, for describe(): "winograd 4x4 avx2", "gemm 6x16 avx2".
  virtual std::string algorithm() const = 0;
  // How its weights are kept; whatever that is, it computes in f32.
  virtual const char* precision() const { return "f32"; }
  // Floating-point operations of the definition (not of the algorithm: Winograd counts as direct convolution), and the bytes of weights,
  // inputs and outputs that a run touches. For describe() and profile().
  virtual double flops() const = 0;
  virtual double bytes() const = 0;
};

}  // namespace sconce::engine
