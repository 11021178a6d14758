// Runs the steps of a program: memory for each run at once, and nothing else that changes.
#pragma once
#include <sconce/tensor.h>

#include <array>
#include <atomic>
#include <functional>

#include "cpu/plan/arena.h"
#include "cpu/plan/program.h"

namespace sconce::plan {

// The memory of one run. Many may exist; each serves one run at a time.
class Context {
 public:
  Context(const Program& program, int threads);

  // The first byte of a buffer.
  std::byte* base(int32_t buffer) const { return bases_[static_cast<size_t>(buffer)]; }
  void* const* pointers(size_t step) const { return pointers_.data() + first_[step]; }
  std::byte* scratch(int thread) const { return scratch_ + static_cast<size_t>(thread) * scratch_stride_; }
  // For Operands::kept: a number that is -1 when a thread comes to a step of a run.
  int64_t* kept(int thread, size_t step) const {
    Kept& k = kept_[static_cast<size_t>(thread)];
    if (k.run != run_ || k.step != step) k = {run_, step, -1};
    return &k.value;
  }
  // Says where inputs and outputs lie in this run.
  void bind(const std::vector<const void*>& inputs, const std::vector<void*>& outputs) {
    ++run_;
    for (const External& e : externals_) {
      const auto i = static_cast<size_t>(e.index);
      bases_[e.buffer] = static_cast<std::byte*>(e.input ? const_cast<void*>(inputs[i]) : outputs[i]);
    }
    for (const Patch& p : patches_) pointers_[p.at] = bases_[p.buffer] + p.offset;
  }
  std::vector<const void*>& inputs() { return inputs_; }
  std::vector<void*>& outputs() { return outputs_; }

 private:
  struct External {
    size_t buffer;
    int32_t index;
    bool input;
  };
  struct Patch {
    size_t at, buffer;
    int64_t offset;
  };
  struct alignas(128) Kept {
    uint64_t run = 0;
    size_t step = 0;
    int64_t value = -1;
  };
  Arena memory_;
  uint64_t run_ = 0;
  mutable std::vector<Kept> kept_;  // by thread
  std::byte* scratch_ = nullptr;
  size_t scratch_stride_ = 0;
  std::vector<std::byte*> bases_;
  std::vector<void*> pointers_;  // of all steps: inputs, then outputs
  std::vector<size_t> first_;    // by step
  std::vector<External> externals_;
  std::vector<Patch> patches_;
  std::vector<const void*> inputs_;
  std::vector<void*> outputs_;
};

// A program with the memory that its runs use. Immutable but for the pool of contexts, which takes no lock.
class Executor {
 public:
  // At most `threads` threads work on one run.
  Executor(Program program, int threads);
  ~Executor();
  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // The tensors must be contiguous and fit the program. `watch`, where given, is called after each step with its number.
  void run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs,
           const std::function<void(size_t, Context&)>* watch = nullptr) const;
  // The tensor at a place during a run.
  static Tensor tensor_at(const Place& place, const Context& context);

  const Program& program() const { return program_; }
  int threads() const { return threads_; }
  // Bytes of one run's memory.
  int64_t context_bytes() const;

 private:
  Context* acquire() const;
  void release(Context* context) const;

  Program program_;
  int threads_;
  // Contexts that nobody uses. More runs at once than places here make contexts of their own and drop them afterwards.
  mutable std::array<std::atomic<Context*>, 64> idle_{};
};

}  // namespace sconce::plan
