// prepare(), and finding the program for a call.
#include "cpu/plan/plan.h"

#include <sconce/error.h>
#include <sconce/ops/create.h>
#include <sconce/threads.h>

#include <thread>

#include "cpu/isa_choice.h"
#include "cpu/plan/check.h"
#include "cpu/plan/lower.h"
#include "cpu/plan/network_hash.h"
#include "cpu/plan/packed_file.h"
#include "graph/passes/passes.h"

namespace sconce {
namespace {

Graph record(const Plan::Function& function, const std::vector<std::pair<Shape, DType>>& inputs) {
  Recorder recorder;
  std::vector<Tensor> shadows;
  shadows.reserve(inputs.size());
  for (const auto& [shape, dtype] : inputs) shadows.push_back(recorder.input(shape, dtype));
  for (const Tensor& out : function(shadows)) recorder.output(out);
  return std::move(recorder).take();
}

void check_disjoint(const std::vector<Tensor>& inputs, const std::vector<Tensor>& outputs) {
  for (const Tensor& out : outputs)
    for (const Tensor& in : inputs) {
      const auto *a = static_cast<const char*>(out.data()), *b = static_cast<const char*>(in.data());
      check(a + out.nbytes() <= b || b + in.nbytes() <= a, "[prepare] an output shares memory with an input");
    }
}

}  // namespace

bool Compiled::fits(const std::vector<Tensor>& tensors) const {
  if (tensors.size() != inputs.size()) return false;
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].dtype() != inputs[i].second || tensors[i].shape() != inputs[i].first) return false;
  return true;
}

Plan::Impl::Impl(Plan::Function f, const std::vector<Tensor>& examples, const PrepareOptions& o)
    : options(o), function_(std::move(f)) {
  check(static_cast<bool>(function_), "[prepare] expected a function");
  check(options.threads >= 0, "[prepare] expected a number of threads, got ", options.threads);
  for (const Tensor& t : examples) {
    check(t.defined(), "[prepare] an example is not defined");
    check(!t.device().is_gpu(), "[prepare] plans for ", t.device().str(),
          " are not there yet; call the network itself");
    dtypes_.push_back(t.dtype());
  }
  example_ = compile(examples, true);
  example_slot_.program = example_.get();
}

Plan::Impl::~Impl() {
  for (Slot& slot : slots_) delete slot.program.load();
}

std::unique_ptr<Compiled> Plan::Impl::compile(const std::vector<Tensor>& inputs, bool first) const {
  auto made = std::make_unique<Compiled>();
  for (const Tensor& t : inputs) made->inputs.emplace_back(t.shape(), t.dtype());
  Graph graph = record(function_, made->inputs);
  make_writes_fresh(graph);
  if (options.check) made->recorded = graph;
  std::unique_ptr<plan::PackedFile> file;
  if (first && !options.packed_path.empty()) {
    std::string why;
    made->hash = plan::network_hash(graph, options);
    file = plan::PackedFile::open(options.packed_path, kernels().name, made->hash, why);
    if (!file)
      made->notice =
          concat("packed weights were made anew: ", options.packed_path, " was not used, because ", why);
  }
  if (options.optimize) optimize(graph);
  const auto lower = [&](std::unique_ptr<plan::PackedFile> from) {
    made->packs =
        from ? std::make_shared<plan::PackStore>(std::move(from)) : std::make_shared<plan::PackStore>();
    return plan::Lowering(graph, options, *made->packs).run();
  };
  const auto try_file = [&]() -> std::optional<plan::Program> {
    if (!file) return std::nullopt;
    try {
      plan::Program program = lower(std::move(file));
      if (made->packs->used_all()) return program;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::mismatch) throw;
    }
    made->notice = concat("packed weights were made anew: ", options.packed_path,
                          " was not used, because another version of Sconce wrote it");
    return std::nullopt;
  };
  std::optional<plan::Program> program = try_file();
  if (!program) program = lower(nullptr);
  made->executor = std::make_unique<plan::Executor>(std::move(*program),
                                                    options.threads > 0 ? options.threads : num_threads());
  return made;
}

Plan::Impl::Lease Plan::Impl::find(const std::vector<Tensor>& inputs) {
  if (example_->fits(inputs)) {
    example_slot_.users.fetch_add(1);
    return {&example_slot_, example_.get()};
  }
  for (Slot& slot : slots_) {
    slot.users.fetch_add(1);
    Compiled* program = slot.program.load();
    if (program && program->fits(inputs)) {
      slot.used.store(clock_.fetch_add(1) + 1, std::memory_order_relaxed);
      return {&slot, program};
    }
    slot.users.fetch_sub(1);
  }
  return {nullptr, nullptr};
}

Plan::Impl::Lease Plan::Impl::make(const std::vector<Tensor>& inputs) {
  const std::lock_guard lock(planning_);
  if (const Lease found = find(inputs); found.program) return found;  // another thread was faster
  std::unique_ptr<Compiled> made = compile(inputs, false);
  Slot* oldest = &slots_[0];
  for (Slot& slot : slots_)
    if (slot.used.load() < oldest->used.load()) oldest = &slot;
  const std::unique_ptr<Compiled> dropped(oldest->program.exchange(nullptr));
  while (oldest->users.load() != 0) std::this_thread::yield();
  oldest->used.store(clock_.fetch_add(1) + 1);
  oldest->users.fetch_add(1);
  Compiled* program = made.release();
  oldest->program.store(program);
  return {oldest, program};
}

void Plan::Impl::check_inputs(const std::vector<Tensor>& inputs) const {
  check(inputs.size() == dtypes_.size(), "[prepare] expected ", dtypes_.size(), " inputs, got ",
        inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    check(inputs[i].defined(), "[prepare] input ", i, " is not defined");
    check(inputs[i].dtype() == dtypes_[i], "[prepare] expected input ", i, " of dtype ", name_of(dtypes_[i]),
          ", got ", name_of(inputs[i].dtype()));
    check(inputs[i].device() == cpu, "[prepare] expected input ", i, " on the CPU");
  }
}

void Plan::Impl::run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs) {
  check_inputs(inputs);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].is_contiguous()) {
      std::vector<Tensor> dense = inputs;
      for (Tensor& t : dense) t = t.contiguous();
      return run(dense, outputs);
    }
  with(inputs, [&](const Compiled& compiled) {
    const plan::Program& program = compiled.executor->program();
    if (outputs.empty())
      for (const auto& [shape, dtype] : program.outputs) outputs.push_back(empty(shape, dtype));
    check(outputs.size() == program.outputs.size(), "[prepare] expected ", program.outputs.size(),
          " outputs, got ", outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i)
      check(outputs[i].defined() && outputs[i].dtype() == program.outputs[i].second &&
                outputs[i].shape() == program.outputs[i].first && outputs[i].is_contiguous(),
            "[prepare] expected output ", i, " to be a contiguous tensor of ",
            name_of(program.outputs[i].second), " ", program.outputs[i].first);
    check_disjoint(inputs, outputs);
    if (options.check)
      plan::run_checked(*compiled.executor, compiled.recorded, inputs, outputs);
    else
      compiled.executor->run(inputs, outputs);
  });
}

void Plan::Impl::save_packed(const std::string& path) const {
  // The hash takes a while, so a plan that nobody saves has none.
  Graph graph = record(function_, example_->inputs);
  make_writes_fresh(graph);
  plan::PackedFile::write(path, kernels().name, plan::network_hash(graph, options),
                          example_->packs->records());
}

Plan prepare(Plan::Function function, const std::vector<Tensor>& examples, const PrepareOptions& options) {
  return Plan(std::make_shared<Plan::Impl>(std::move(function), examples, options));
}

void Plan::run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs) const {
  check(impl_ != nullptr, "[prepare] this plan is empty");
  impl_->run(inputs, outputs);
}

std::vector<Tensor> Plan::operator()(const std::vector<Tensor>& inputs) const {
  std::vector<Tensor> outputs;
  run(inputs, outputs);
  return outputs;
}

void Plan::save_packed(const std::string& path) const {
  check(impl_ != nullptr, "[prepare] this plan is empty");
  impl_->save_packed(path);
}

Tensor Plan::operator()(const Tensor& x) const { return (*this)(std::vector<Tensor>{x}).at(0); }

}  // namespace sconce
