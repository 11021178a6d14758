// prepare(): a network recorded once, planned for this machine, and run many times.
#pragma once
#include <sconce/tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace sconce {

// How a plan keeps the weights of its products: of convolutions (but depthwise ones), Linear, addmm and matmul with a constant matrix, and of
// what LSTM and GRU do to their inputs. Activations, sums, biases, norms, embeddings, depthwise and recurrent weights stay f32, whatever is
// asked for; describe() names the precision of each step.
//   f32    as they are.
//   bf16   rounded to nearest even, once, after batch norms and scales were folded in: 8 bits of fraction, all of f32's range.
//   f16    the same with 11 bits of fraction. prepare() throws ErrorKind::invalid_argument where a weight is beyond 65504.
//   int8   symmetric, by output channel: q = round(w / s) within -127..127 with s = max |w| / 127 of the channel's weights, as
//          torch.ao's PerChannelMinMaxObserver with qscheme=torch.per_channel_symmetric and quant_min=-127 has it; s is f32. A result is
//          (sum of x * q) * s, with x as it is: nothing is calibrated, and activations are not quantised.
// Fewer bytes of weights make a plan smaller, and faster where reading them is what takes the time: one token or row at a time. Where
// multiplying is, they are widened first, and it runs as f32 does; but 3x3 convolutions do without Winograd's filtering, whose
// transformed weights would be f32 and four times as many.
enum class Precision : uint8_t { f32, bf16, f16, int8 };

// "f32", "bf16", "f16", "int8".
const char* name_of(Precision precision);
// The precision of that name. Throws ErrorKind::invalid_argument.
Precision parse_precision(std::string_view name);

// What a plan may do to go faster. Precision never changes unless it is asked for here.

struct PrepareOptions {
  // At most so many threads per run, the caller included; 0: num_threads().
  int threads = 0;
  // 3x3 convolutions by Winograd's minimal filtering: 2-4 times the rounding error of direct ones.
  bool winograd = true;
  // Of weights. A network whose parameters and inputs are bf16 or f16 runs in that dtype, op by op, as PyTorch runs it, with f32 here.
  Precision precision = Precision::f32;
  // Packed weights may take so many times the bytes of the raw ones; beyond it Winograd gives way.
  double max_pack_ratio = 2.5;
  // Every run also computes each recorded node eagerly, and throws where a step of the plan differs, naming the first such node. With
  // precision f32 alone.
  bool check = false;
  // Without fusing, folding and kernels of the plan's own: every node is interpreted by the eager ops.
  bool optimize = true;
  // A file that save_packed() wrote for the same network, weights and options: its packed weights are mapped instead of made. One that
  // does not fit is not used, and the plan's notice() says so.
  std::string packed_path = {};
};

// What a run took, step by step; see Plan::profile().
struct ProfileStep {
  std::string scope, op, shapes, algorithm;
  std::string precision;    // of its weights; an interpreted step's is the dtype of its result
  double milliseconds = 0;  // the least of the repeats
  double gflops = 0;        // floating-point operations of the definition per second, in 1e9
  double of_peak =
      0;  // that, as a part of what this machine's multiply-adds can do on one thread, times the threads
  double gigabytes = 0;  // bytes of operands and weights per second, in 1e9
  bool interpreted = false;
};
struct PlanProfile {
  std::vector<ProfileStep> steps;
  double milliseconds = 0;  // of a whole run, the least of the repeats
  double peak_gflops = 0;   // of one thread, measured beside the run
  int threads = 1;

  // A table, the slowest steps marked, and the sums.
  std::string str() const;
  // The run as a file for chrome://tracing and Perfetto.
  std::string chrome_trace() const;
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
  // The same into contiguous tensors of the right dtype and shape, which share no memory with the inputs; an empty list is filled with new
  // ones. (One exception: an output that is index_copy of an input which nothing reads afterwards, as the caches of
  // GPT2LMHeadModel::step_at are, may be that very input; then the new rows alone are written.) After the first call with a shape, no memory is allocated, no lock taken and, on one thread, no system call made, unless a step
  // is interpreted (describe() says which) or an input is not contiguous. Numbers below 1.2e-38 count as zero while it runs.
  void run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs) const;

  // A table of the steps of the plan for the example's shapes: module, op, shapes, kernel and algorithm, bytes touched, and the time that
  // the machine's peak speed would allow.
  std::string describe() const;
  // Runs it `repeats` times, taking the time of each step.
  PlanProfile profile(const std::vector<Tensor>& inputs, int repeats = 10) const;
  PlanProfile profile(const Tensor& x, int repeats = 10) const {
    return profile(std::vector<Tensor>{x}, repeats);
  }
  // Of the plan for the example's shapes: bytes of packed weights, of the memory of one run, and the number of steps that are interpreted
  // by the eager ops because no kernel takes them.
  int64_t packed_bytes() const;
  int64_t arena_bytes() const;
  int64_t interpreted_steps() const;
  // Writes the packed weights of the plan for the example's shapes, for PrepareOptions::packed_path. Throws ErrorKind::io.
  void save_packed(const std::string& path) const;
  // What became of packed_path, in a sentence; empty when there was none or all went well.
  std::string notice() const;

 private:
  std::shared_ptr<Impl> impl_;
};

// Records one call of `function` on tensors of the examples' shapes and dtypes, and plans it. Throws ErrorKind::invalid_argument, with
// the op's words, when the function reads values of tensors that are being recorded (item(), data(), data-dependent branches).
// Also throws ErrorKind::unsupported on a function that writes into tensors which something else reads, or into its inputs.
Plan prepare(Plan::Function function, const std::vector<Tensor>& examples,
             const PrepareOptions& options = {});

// The same for anything that takes one tensor and gives one, as a module does: auto fast = prepare(net, images). The module must
// outlive the plan; what it holds when it is prepared is what counts.
template <class Callable>
requires std::is_invocable_r_v<Tensor, const Callable&, const Tensor&> Plan
prepare(const Callable& callable, const Tensor& example, const PrepareOptions& options = {}) {
  return prepare(
      [&callable](const std::vector<Tensor>& inputs) { return std::vector<Tensor>{callable(inputs[0])}; },
      std::vector<Tensor>{example}, options);
}

}  // namespace sconce
