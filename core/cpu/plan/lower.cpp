#include "cpu/plan/lower.h"

#include <sconce/error.h>

#include <algorithm>

#include "cpu/plan/memory.h"
#include "graph/interpret.h"
#include "graph/node_arguments.h"
#include "ops/view_shape.h"

namespace sconce::plan {
namespace {

bool is_view(const Node& node) { return node.aliasing == Aliasing::view; }

bool reshapes(const Node& node) {
  return node.op == "aten.view.default" || node.op == "aten.reshape.default" ||
         node.op == "aten.flatten.using_ints" || node.op == "aten.unflatten.int";
}

}  // namespace

Lowering::Lowering(const Graph& graph, const PrepareOptions& options, engine::Packs& packs)
    : graph_(graph), options_(options), packs_(packs), uses_(graph) {}

Program Lowering::run() {
  const size_t count = graph_.values.size();
  places_.resize(count);
  roots_.resize(count);
  last_read_.assign(count, -1);
  for (size_t i = 0; i < count; ++i) {
    roots_[i] = static_cast<ValueId>(i);
    if (graph_.values[i].constant.defined()) places_[i].view = graph_.values[i].constant;
  }
  for (size_t i = 0; i < graph_.inputs.size(); ++i) {
    const ValueId id = graph_.inputs[i];
    const Graph::ValueInfo& info = graph_.values[static_cast<size_t>(id)];
    program_.inputs.emplace_back(info.shape, info.dtype);
    const int64_t bytes = info.shape.numel() * static_cast<int64_t>(size_of(info.dtype));
    places_[static_cast<size_t>(id)] = {
        Tensor(Storage::allocate(static_cast<size_t>(bytes), meta), info.dtype, info.shape),
        new_buffer(bytes, Buffer::Memory::input, static_cast<int32_t>(i))};
  }
  for (size_t n = 0; n < graph_.nodes.size(); ++n) {
    const Node& node = graph_.nodes[n];
    if (is_view(node))
      for (ValueId out : node.outputs) roots_[static_cast<size_t>(out)] = root(main_operand(node));
    for_each_input(node,
                   [&](ValueId id) { last_read_[static_cast<size_t>(root(id))] = static_cast<int32_t>(n); });
  }
  for (ValueId id : graph_.outputs)
    last_read_[static_cast<size_t>(root(id))] = static_cast<int32_t>(graph_.nodes.size());
  done_.assign(graph_.nodes.size(), false);
  if (options_.optimize) winograd_ = choose_winograd(graph_, options_);
  plan_outputs();
  if (options_.optimize) plan_slices();
  for (size_t n = 0; n < graph_.nodes.size(); ++n) lower(n);
  finish_outputs();
  for (size_t i = 0; i < count; ++i)
    if (places_[i].buffer >= 0) program_.values.emplace_back(static_cast<ValueId>(i), places_[i]);
  for (const Step& step : program_.steps)
    if (step.op) program_.scratch_bytes = std::max(program_.scratch_bytes, step.op->scratch_bytes());
  program_.arena_bytes = assign_offsets(program_.buffers, !options_.check);
  return std::move(program_);
}

ValueId Lowering::main_operand(const Node& node) {
  ValueId first = no_value;
  for_each_input(node, [&](ValueId id) { first = first == no_value ? id : first; });
  return first;
}

int32_t Lowering::new_buffer(int64_t bytes, Buffer::Memory memory, int32_t index) {
  Buffer buffer;
  buffer.memory = memory;
  buffer.bytes = bytes;
  buffer.index = index;
  program_.buffers.push_back(buffer);
  return static_cast<int32_t>(program_.buffers.size() - 1);
}

Place Lowering::new_place(ValueId id, const Strides& strides, int64_t elements, int32_t buffer) {
  const int64_t bytes = elements * static_cast<int64_t>(size_of(dtype(id)));
  if (buffer < 0) buffer = new_buffer(bytes);
  return {Tensor(Storage::allocate(static_cast<size_t>(bytes), meta), dtype(id), shape(id), strides), buffer};
}

const Place& Lowering::place(ValueId id) const {
  const Place& p = places_[static_cast<size_t>(id)];
  check(p.view.defined(), "[prepare] value %", id, " is read before it is made");
  return p;
}

void Lowering::set_place(ValueId id, Place place) { places_[static_cast<size_t>(id)] = std::move(place); }

void Lowering::touch(int32_t buffer) {
  if (buffer < 0) return;
  Buffer& b = program_.buffers[static_cast<size_t>(buffer)];
  const auto step = static_cast<int32_t>(program_.steps.size());
  if (b.first < 0) b.first = step;
  b.last = step;
}

void Lowering::add(const Node& node, std::unique_ptr<engine::Operator> op, std::vector<Slot> inputs,
                   std::vector<Slot> outputs) {
  for (const Slot& s : inputs) touch(s.buffer);
  for (const Slot& s : outputs) touch(s.buffer);
  Step step;
  step.node = node;
  step.op = std::move(op);
  step.inputs = std::move(inputs);
  step.outputs = std::move(outputs);
  describe_shapes(step);
  program_.steps.push_back(std::move(step));
}

void Lowering::describe_shapes(Step& step) const {
  std::string text;
  for_each_input(step.node, [&](ValueId id) {
    if (constant_of(graph_, id).defined() || static_cast<size_t>(id) >= graph_.values.size()) return;
    text += (text.empty() ? "" : ", ") + shape(id).str();
  });
  for (size_t i = 0; i < step.node.outputs.size(); ++i)
    text += (i ? ", " : " -> ") + shape(step.node.outputs[i]).str();
  step.shapes = std::move(text);
}

bool Lowering::dies_here(ValueId id) const {
  const ValueId r = root(id);
  return last_read_[static_cast<size_t>(r)] == node_ && uses_.producer(r) >= 0 && !slices_.contains(r);
}

void Lowering::lower(size_t index) {
  node_ = static_cast<int32_t>(index);
  const Node& node = graph_.nodes[index];
  if (done_[index]) return;
  if (is_view(node)) return lower_view(node);
  if (!options_.optimize || !lower_fast(*this, node)) interpret_node(node);
}

// A view is its operand's memory under other strides. Only a reshape may need a copy first.
void Lowering::lower_view(const Node& node) {
  const ValueId operand = main_operand(node);
  Place from = place(operand);
  if (node.op == "aten.as_strided.default") {
    if (root(operand) != operand)
      fail(ErrorKind::unsupported, "[prepare] as_strided of a view cannot be planned");
    if (!from.view.is_contiguous()) from = dense_place(operand);
  }
  if (reshapes(node)) {
    const Shape& wanted = shape(node.outputs[0]);
    auto strides = view_strides(from.view, wanted);
    if (!strides) from = dense_place(operand), strides = wanted.contiguous_strides();
    set_place(node.outputs[0],
              {Tensor(from.view.storage(), from.view.dtype(), wanted, *strides, from.view.storage_offset()),
               from.buffer});
    return;
  }
  const std::vector<Tensor> views = interpret(node, [&](ValueId) { return from.view; });
  for (size_t i = 0; i < views.size(); ++i) set_place(node.outputs[i], {views[i], from.buffer});
}

void Lowering::interpret_node(const Node& node) {
  if (!can_interpret(node.op))
    fail(ErrorKind::unsupported, "[prepare] the op ", node.op, node.scope.empty() ? "" : " of ", node.scope,
         " is not known");
  Step step;
  step.node = node;
  for_each_input(node, [&](ValueId id) {
    step.reads.emplace_back(id, place(id));
    touch(place(id).buffer);
  });
  for (ValueId id : node.outputs) {
    new_dense(id);
    step.writes.emplace_back(id, place(id));
    touch(place(id).buffer);
  }
  describe_shapes(step);
  program_.steps.push_back(std::move(step));
}

// --- slices and outputs ---

// A result that is an output of the whole, as it is or reshaped, may be written to the caller's memory, unless a kernel reads it, which
// might read a little behind it.
void Lowering::plan_outputs() {
  direct_output_.assign(graph_.values.size(), -1);
  for (size_t i = 0; i < graph_.outputs.size(); ++i) {
    const ValueId id = graph_.outputs[i];
    const Graph::ValueInfo& info = graph_.values[static_cast<size_t>(id)];
    program_.outputs.emplace_back(info.shape, info.dtype);
    output_buffers_.push_back(new_buffer(info.shape.numel() * static_cast<int64_t>(size_of(info.dtype)),
                                         Buffer::Memory::output, static_cast<int32_t>(i)));
    ValueId at = id;
    if (direct_output_[static_cast<size_t>(id)] < 0 && is_cache(id)) {
      direct_output_[static_cast<size_t>(id)] = static_cast<int32_t>(i);
      continue;
    }
    while (uses_.producer(at) >= 0 && uses_.readers(at).empty() == (at == id)) {
      const Node& node = graph_.nodes[static_cast<size_t>(uses_.producer(at))];
      if (!is_view(node)) {
        if (direct_output_[static_cast<size_t>(at)] < 0)
          direct_output_[static_cast<size_t>(at)] = static_cast<int32_t>(i);
        break;
      }
      if (!reshapes(node) || uses_.readers(main_operand(node)).size() != 1 ||
          uses_.is_output(main_operand(node)))
        break;
      at = main_operand(node);
    }
  }
}

// Rows of a cache with new ones among them, which attention alone reads: it reads nothing behind them.
bool Lowering::is_cache(ValueId id) const {
  const int32_t maker = uses_.producer(id);
  if (maker < 0 || graph_.nodes[static_cast<size_t>(maker)].op != "aten.index_copy.default") return false;
  for (int32_t reader : uses_.readers(id))
    if (graph_.nodes[static_cast<size_t>(reader)].op != "aten.scaled_dot_product_attention.default")
      return false;
  return true;
}

bool Lowering::write_in_place(ValueId operand, ValueId result) {
  const int32_t output = direct_output_[static_cast<size_t>(result)];
  const auto input = std::find(graph_.inputs.begin(), graph_.inputs.end(), operand);
  if (output < 0 || input == graph_.inputs.end() || last_read_[static_cast<size_t>(operand)] != node_ ||
      shape(result) != program_.outputs[static_cast<size_t>(output)].first)
    return false;
  set_place(result, output_place(result));
  program_.in_place.emplace_back(input - graph_.inputs.begin(), output);
  return true;
}

// Parts of a concatenation of images are written where they belong in the whole. The last concatenation goes first, so that those of a
// dense block, each of which begins with the one before, all become parts of the longest.
void Lowering::plan_slices() {
  for (size_t n = graph_.nodes.size(); n-- > 0;) {
    const Node& node = graph_.nodes[n];
    if (!is_image_concatenation(node)) continue;
    const ValueId out = node.outputs[0];
    const std::vector<ValueId> parts = NodeArguments(node).values("tensors");
    if (!slices_.contains(out) && !slices_join(parts, out)) slices_[out] = image_place(out);
    const Place& whole = slices_.at(out);
    int64_t channel = 0;
    for (ValueId part : parts) {
      const int64_t c = shape(part)[1];
      const bool free = !slices_.contains(part) && uses_.producer(part) >= 0 && root(part) == part &&
                        !uses_.is_output(part);
      if (free) slices_[part] = {whole.view.slice(1, channel, channel + c), whole.buffer};
      channel += c;
    }
  }
}

bool Lowering::is_image_concatenation(const Node& node) const {
  if (node.op != "aten.cat.default") return false;
  const ValueId out = node.outputs[0];
  const NodeArguments a(node);
  if (dtype(out) != DType::f32 || shape(out).dim() != 4 || shape(out).wrap(a.integer("dim")) != 1 ||
      shape(out).numel() == 0 || direct_output_[static_cast<size_t>(out)] >= 0)
    return false;
  for (ValueId part : a.values("tensors"))
    if (dtype(part) != DType::f32 || shape(part).dim() != 4) return false;
  return true;
}

// Whether the parts lie one after the other already; then the whole is a view of them.
bool Lowering::slices_join(const std::vector<ValueId>& parts, ValueId out) {
  const auto first = slices_.find(parts[0]);
  if (first == slices_.end()) return false;
  const Tensor& head = first->second.view;
  int64_t offset = head.storage_offset();
  for (ValueId part : parts) {
    const auto found = slices_.find(part);
    if (found == slices_.end() || found->second.buffer != first->second.buffer ||
        found->second.view.storage_offset() != offset || found->second.view.strides() != head.strides())
      return false;
    offset += shape(part)[1];
  }
  slices_[out] = {Tensor(head.storage(), head.dtype(), shape(out), head.strides(), head.storage_offset()),
                  first->second.buffer};
  return true;
}

void Lowering::finish_outputs() {
  node_ = static_cast<int32_t>(graph_.nodes.size());
  for (size_t i = 0; i < graph_.outputs.size(); ++i) {
    const ValueId id = graph_.outputs[i];
    if (place(id).buffer == output_buffers_[i] && place(id).view.is_contiguous()) continue;
    const Place target = new_place(id, shape(id).contiguous_strides(), shape(id).numel(), output_buffers_[i]);
    copy_to(id, target);
  }
}

}  // namespace sconce::plan
