// A recorded function and the programs that were planned for the shapes it has seen.
#pragma once
#include <sconce/graph.h>
#include <sconce/prepare.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "cpu/plan/executor.h"
#include "cpu/plan/pack_store.h"

namespace sconce {

// What is planned for inputs of one set of shapes.
struct Compiled {
  std::vector<std::pair<Shape, DType>> inputs;
  std::shared_ptr<plan::PackStore> packs;
  std::unique_ptr<plan::Executor> executor;
  Graph recorded;  // only for checking
  std::string notice;
  uint64_t hash = 0;  // where packed_path asked for it

  bool fits(const std::vector<Tensor>& tensors) const;
};

struct Plan::Impl {
  Impl(Plan::Function f, const std::vector<Tensor>& examples, const PrepareOptions& o);
  ~Impl();

  // Calls use(compiled) with the program for these inputs, which stays alive meanwhile. Plans them where they are new.
  template <class F>
  void with(const std::vector<Tensor>& inputs, F&& use);
  Compiled& example() const { return *example_; }
  void run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs);
  void save_packed(const std::string& path) const;

  PrepareOptions options;

 private:
  // A kept program, and how many threads may be looking at it. Readers announce themselves before they look; who removes one takes the
  // pointer away first and then waits until nobody is left.
  struct Slot {
    std::atomic<Compiled*> program{nullptr};
    std::atomic<int> users{0};
    std::atomic<uint64_t> used{0};
  };
  struct Lease {
    Slot* slot;
    Compiled* program;
  };
  Lease find(const std::vector<Tensor>& inputs);
  Lease make(const std::vector<Tensor>& inputs);
  std::unique_ptr<Compiled> compile(const std::vector<Tensor>& inputs, bool first) const;
  void check_inputs(const std::vector<Tensor>& inputs) const;

  Plan::Function function_;
  std::vector<DType> dtypes_;
  std::unique_ptr<Compiled> example_;  // always kept
  Slot example_slot_;
  std::array<Slot, 8> slots_;
  std::atomic<uint64_t> clock_{0};
  std::mutex planning_;
};

template <class F>
void Plan::Impl::with(const std::vector<Tensor>& inputs, F&& use) {
  Lease lease = find(inputs);
  if (!lease.program) lease = make(inputs);
  struct Release {
    Slot* slot;
    ~Release() { slot->users.fetch_sub(1); }
  } release{lease.slot};
  use(*lease.program);
}

}  // namespace sconce
