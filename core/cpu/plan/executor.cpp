#include "cpu/plan/executor.h"

#include "cpu/engine/team.h"
#include "graph/interpret.h"

namespace sconce::plan {
namespace {

size_t aligned(int64_t bytes) { return (static_cast<size_t>(bytes) + 127) / 128 * 128; }

// Interpreted nodes are the slow path: they allocate.
void interpret_step(const Step& step, const Context& context) {
  const std::vector<Tensor> results = interpret(step.node, [&](ValueId id) {
    for (const auto& [value, place] : step.reads)
      if (value == id) return Executor::tensor_at(place, context);
    return Tensor();
  });
  for (size_t i = 0; i < results.size(); ++i) {
    Tensor target = Executor::tensor_at(step.writes[i].second, context);
    target.copy_(results[i]);
  }
}

}  // namespace

Context::Context(const Program& program, int threads) : kept_(static_cast<size_t>(threads)) {
  const size_t arena = aligned(program.arena_bytes);
  scratch_stride_ = aligned(program.scratch_bytes);
  memory_ = Arena(arena + scratch_stride_ * static_cast<size_t>(threads) + 128);
  scratch_ = memory_.data() + arena;
  for (size_t i = 0; i < program.buffers.size(); ++i) {
    const Buffer& b = program.buffers[i];
    std::byte* base = nullptr;
    if (b.memory == Buffer::Memory::arena)
      base = memory_.data() + b.offset;
    else if (b.memory == Buffer::Memory::constant)
      base = static_cast<std::byte*>(const_cast<void*>(b.address));
    else
      externals_.push_back({i, b.index, b.memory == Buffer::Memory::input});
    bases_.push_back(base);
  }
  for (const Step& step : program.steps) {
    first_.push_back(pointers_.size());
    for (const auto* slots : {&step.inputs, &step.outputs})
      for (const Slot& s : *slots) {
        std::byte* base = s.buffer < 0 ? nullptr : bases_[static_cast<size_t>(s.buffer)];
        if (s.buffer >= 0 && !base)
          patches_.push_back({pointers_.size(), static_cast<size_t>(s.buffer), s.offset});
        pointers_.push_back(base ? base + s.offset : nullptr);
      }
  }
  inputs_.resize(program.inputs.size());
  outputs_.resize(program.outputs.size());
}

Executor::Executor(Program program, int threads) : program_(std::move(program)), threads_(threads) {
  release(acquire());  // the first run finds its memory ready
}

Executor::~Executor() {
  for (auto& place : idle_) delete place.load();
}

Context* Executor::acquire() const {
  for (auto& place : idle_)
    if (place.load(std::memory_order_relaxed))
      if (Context* context = place.exchange(nullptr, std::memory_order_acquire)) return context;
  return new Context(program_, threads_);
}

void Executor::release(Context* context) const {
  for (auto& place : idle_) {
    Context* none = nullptr;
    if (place.compare_exchange_strong(none, context, std::memory_order_release, std::memory_order_relaxed))
      return;
  }
  delete context;
}

int64_t Executor::context_bytes() const {
  return static_cast<int64_t>(aligned(program_.arena_bytes) +
                              aligned(program_.scratch_bytes) * static_cast<size_t>(threads_));
}

Tensor Executor::tensor_at(const Place& place, const Context& context) {
  if (place.is_constant()) return place.view;
  const Tensor& v = place.view;
  return Tensor(Storage::borrow(context.base(place.buffer), v.storage().nbytes(), nullptr), v.dtype(),
                v.shape(), v.strides(), v.storage_offset());
}

namespace {

// Steps [first, first + count) of a program on one context's memory.
class Span final : public engine::StepList {
 public:
  Span(const Program& program, const Context& context, size_t first, size_t count)
      : program_(program), context_(context), first_(first), count_(count) {}

  int64_t steps() const override { return static_cast<int64_t>(count_); }
  int64_t pieces(int64_t step) const override { return at(step).op ? at(step).op->pieces() : 1; }
  void run(int64_t step, int64_t begin, int64_t end, int member) const override {
    const Step& s = at(step);
    if (!s.op) return interpret_step(s, context_);
    const size_t number = first_ + static_cast<size_t>(step);
    void* const* pointers = context_.pointers(number);
    s.op->run(begin, end, {pointers, pointers + s.inputs.size(), context_.kept(member, number)},
              context_.scratch(member));
  }

 private:
  const Step& at(int64_t step) const { return program_.steps[first_ + static_cast<size_t>(step)]; }
  const Program& program_;
  const Context& context_;
  size_t first_, count_;
};

}  // namespace

void Executor::run(const std::vector<Tensor>& inputs, std::vector<Tensor>& outputs,
                   const std::function<void(size_t, Context&)>* watch) const {
  struct Lease {
    const Executor& executor;
    Context* context;
    ~Lease() { executor.release(context); }
  } lease{*this, acquire()};
  Context& context = *lease.context;
  for (size_t i = 0; i < inputs.size(); ++i) context.inputs()[i] = inputs[i].data();
  for (size_t i = 0; i < outputs.size(); ++i) context.outputs()[i] = outputs[i].mutable_data();
  context.bind(context.inputs(), context.outputs());
  if (!watch) return engine::run_steps(Span(program_, context, 0, program_.steps.size()), threads_);
  for (size_t i = 0; i < program_.steps.size(); ++i) {
    engine::run_steps(Span(program_, context, i, 1), threads_);
    (*watch)(i, context);
  }
}

}  // namespace sconce::plan
