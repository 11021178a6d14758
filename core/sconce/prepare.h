// prepare(): a network recorded once, planned for this machine, and run many times.
#pragma once
#include <sconce/tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace sconce {

// What a plan may do to go faster. Precision never changes unless it is asked for here.
enum class Precision : uint8_t { f32 };

struct PrepareOptions {
  int threads = 0;  // at most so many per run, the caller included; 0: num_threads()
  bool winograd =
      true;  // 3x3 convolutions by Winograd's minimal filtering: 2-4 times the rounding error of direct ones
  Precision precision = Precision::f32;
  double max_pack_ratio =
      2.5;  // packed weights may take so many times the bytes of the raw ones; beyond it Winograd gives way
  bool check =
      false;  // every run also computes each node eagerly and throws, naming the first node that differs
};

// A network as a list of kernels on memory that is laid out once. Immutable: any number of threads may run one plan at a time, each
// run on an arena of its own. Copies share. Numbers are those of the eager ops up to rounding (see PrepareOptions), and have the
// same bits for any number of threads.
class Plan {
 public:
  using Function = std::function<std::vector<Tensor>(const std::vector<Tensor>&)>;
  struct Impl;

  Plan() = default;
  explicit Plan(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  // Runs it. Inputs of other shapes than the example's are planned on first use; the last few shapes are kept.
  // Throws ErrorKind::invalid_argument when number or dtypes of the inputs differ from the example's.
  Tensor operator()(const Tensor& x) const;
  std::vector<Tensor> operator()(const std::vector<Tensor>& inputs) const;
  // The same into tensors of the right dtype and shape, contiguous: after the first call with a shape, no memory is allocated, no lock
  // taken and, on one thread, no system call made.
  void run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs) const;

  // A table of the plan's steps: module, op, shapes, kernel and algorithm, bytes of weights.
  std::string describe() const;
  // Bytes of packed weights, and of the arena of one run.
  int64_t packed_bytes() const;
  int64_t arena_bytes() const;

 private:
  std::shared_ptr<Impl> impl_;
};

// Records one call of `function` on tensors of the examples' shapes and dtypes, and plans it. Throws ErrorKind::invalid_argument, with
// the op's words, when the function reads values of tensors that are being recorded (item(), data(), data-dependent branches).
Plan prepare(Plan::Function function, const std::vector<Tensor>& examples,
             const PrepareOptions& options = {});

// The same for anything that takes one tensor and gives one, as a module does: auto fast = prepare(net, images). The module must
// outlive the plan; what it holds when it is prepared is what counts.
template <class Callable>
Plan prepare(const Callable& callable, const Tensor& example, const PrepareOptions& options = {}) {
  return prepare(
      [&callable](const std::vector<Tensor>& inputs) { return std::vector<Tensor>{callable(inputs[0])}; },
      std::vector<Tensor>{example}, options);
}

}  // namespace sconce
