// From a graph to the steps of a plan: where each value lies, and which kernel makes it.
#pragma once
#include <sconce/prepare.h>

#include <map>
#include <optional>
#include <unordered_map>

#include "cpu/engine/image.h"
#include "cpu/plan/program.h"
#include "graph/uses.h"

namespace sconce::plan {

// Memory that an operator reads or writes, as channels-last pixels.
struct Laid {
  Slot slot;
  engine::Image image;
};

// Every value is a strided tensor on a buffer, so views cost nothing: they are the same memory under other strides. Images [N, C, H, W]
// lie channels-last, whatever their shape says; rows [.., C] lie with their channels side by side.
class Lowering {
 public:
  Lowering(const Graph& graph, const PrepareOptions& options, engine::Packs& packs);
  Program run();

  // --- for the sources that lower one family of ops each ---
  const Graph& graph() const { return graph_; }
  const PrepareOptions& options() const { return options_; }
  engine::Packs& packs() const { return packs_; }
  const Uses& uses() const { return uses_; }
  const Shape& shape(ValueId id) const { return shape_of(graph_, id); }
  DType dtype(ValueId id) const { return graph_.values[static_cast<size_t>(id)].dtype; }
  bool is_f32(ValueId id) const { return id != no_value && dtype(id) == DType::f32; }

  const Place& place(ValueId id) const;
  void set_place(ValueId id, Place place);
  Slot slot_of(const Place& place) const;
  // The value as pixels (rank 4: dimension 1 are the channels) or as rows (the last dimension are the channels); its layout is changed
  // first where it lies otherwise. Not empty, f32.
  Laid image(ValueId id);
  Laid rows(ValueId id);
  // The same without ever moving it: nullopt where it lies otherwise.
  std::optional<Laid> image_in_place(const Place& place) const;
  std::optional<Laid> rows_in_place(const Place& place) const;
  // Row-major without gaps.
  Place dense_place(ValueId id);
  // The same, never in the caller's memory.
  Place dense_inside(ValueId id);
  // Memory between the steps of one node.
  Slot temporary(int64_t floats) { return {new_buffer(floats * 4), 0}; }
  // Memory for a result: channels-last pixels, rows, or dense.
  Laid new_image(ValueId id);
  Laid new_rows(ValueId id);
  void new_dense(ValueId id);
  // A result takes the memory of an operand of its shape that nobody reads any more. False where that cannot be.
  bool reuse(ValueId result, ValueId operand);
  // That where it can be and the operand lies as wanted, else new memory.
  Laid result_image(ValueId id, ValueId operand);
  Laid result_rows(ValueId id, ValueId operand);
  // Whether the value lies in the caller's memory, which kernels must not read beyond.
  bool is_outside(ValueId id) const {
    const int32_t b = place(id).buffer;
    return b >= 0 && (program_.buffers[static_cast<size_t>(b)].memory == Buffer::Memory::input ||
                      program_.buffers[static_cast<size_t>(b)].memory == Buffer::Memory::output);
  }
  // Whether two values share memory.
  bool shares(ValueId a, ValueId b) const { return root(a) == root(b); }
  // A constant's floats where an operator may read them, with padding behind each row; its bytes as they are; and the constant itself, of
  // which nothing but its elements may be read.
  Laid constant_rows(const Tensor& constant);
  Slot constant_bytes(const Tensor& constant);
  Slot constant_in_place(const Tensor& constant);
  // Pixels or rows in whatever memory; for operators that read and write nothing else.
  std::optional<Laid> pixels_of(const Place& place) const;
  std::optional<Laid> row_pixels_of(const Place& place) const;
  // Strides of a result that are the caller's own.
  void new_strided(ValueId id, const Strides& strides, int64_t elements) {
    set_place(id, new_place(id, strides, elements));
  }
  bool in_slice(ValueId id) const { return slices_.contains(id); }
  bool goes_to_output(ValueId id) const { return direct_output_[static_cast<size_t>(id)] >= 0; }
  // The result of an op that writes into `operand`, an input of the whole that nobody reads any more, goes to the caller's memory, which
  // may then be that input's own. False where that cannot be.
  bool write_in_place(ValueId operand, ValueId result);
  // A mask of keys, and where a run finds how many of them anyone sees.
  void set_key_count(ValueId mask, Slot count) { key_counts_[mask] = count; }
  Slot key_count(ValueId mask) const {
    const auto found = key_counts_.find(mask);
    return found == key_counts_.end() ? Slot{} : found->second;
  }
  // Says that a node's work was done with another's.
  void mark_done(int32_t node) { done_[static_cast<size_t>(node)] = true; }
  size_t node_index() const { return static_cast<size_t>(node_); }
  // The tile of Winograd's that a convolution is to use: 2 or 4, 0 for none.
  int winograd_tile(size_t node) const { return winograd_.empty() ? 0 : winograd_[node]; }
  // Appends a step.
  void add(const Node& node, std::unique_ptr<engine::Operator> op, std::vector<Slot> inputs,
           std::vector<Slot> outputs);
  // Moves a value to another place.
  void copy_to(ValueId id, const Place& target);

 private:
  enum class Layout : uint8_t { image, rows, dense };

  void plan_slices();
  void plan_outputs();
  bool is_cache(ValueId id) const;
  bool is_image_concatenation(const Node& node) const;
  bool slices_join(const std::vector<ValueId>& parts, ValueId out);
  void lower(size_t index);
  void lower_view(const Node& node);
  void interpret_node(const Node& node);
  void finish_outputs();
  static ValueId main_operand(const Node& node);
  void describe_shapes(Step& step) const;
  int32_t new_buffer(int64_t bytes, Buffer::Memory memory = Buffer::Memory::arena, int32_t index = 0);
  Place new_place(ValueId id, const Strides& strides, int64_t elements, int32_t buffer = -1);
  Place image_place(ValueId id);
  Place rows_place(ValueId id);
  Place output_place(ValueId id);
  const Place& moved(ValueId id, Layout layout);
  void touch(int32_t buffer);
  ValueId root(ValueId id) const { return roots_[static_cast<size_t>(id)]; }
  bool dies_here(ValueId id) const;

  const Graph& graph_;
  const PrepareOptions& options_;
  engine::Packs& packs_;
  Uses uses_;
  Program program_;
  std::vector<Place> places_;                  // by value
  std::vector<ValueId> roots_;                 // by value: whose memory a view shows
  std::vector<int32_t> last_read_;             // by root: the last node that reads it or a view of it
  std::vector<int32_t> direct_output_;         // by value: the output that it may be written to, or -1
  std::vector<int32_t> output_buffers_;        // by output
  std::unordered_map<ValueId, Place> slices_;  // values that lie in a part of another one
  std::map<std::pair<ValueId, Layout>, Place> moved_;  // values that lie in a second place too
  std::unordered_map<ValueId, Slot> key_counts_;       // by mask
  std::vector<bool> done_;                             // by node: was made together with an earlier one
  std::vector<int> winograd_;                          // by node
  int32_t node_ = 0;
};

// Lower the node where a kernel takes it; false where none does, and nothing has happened.
bool lower_fast(Lowering& lowering, const Node& node);
bool lower_product(Lowering& lowering, const Node& node);
bool lower_winograd_or_depthwise(Lowering& lowering, const Node& node);
bool lower_matmul(Lowering& lowering, const Node& node);
bool lower_vision(Lowering& lowering, const Node& node);
bool lower_rows(Lowering& lowering, const Node& node);
bool lower_elementwise(Lowering& lowering, const Node& node);
bool lower_attention(Lowering& lowering, const Node& node);
bool lower_recurrent(Lowering& lowering, const Node& node);
bool lower_moves(Lowering& lowering, const Node& node);
bool lower_cache(Lowering& lowering, const Node& node);
// Which convolutions are worth Winograd's tile, and which tile, within the bytes that the options allow.
std::vector<int> choose_winograd(const Graph& graph, const PrepareOptions& options);
// A kernel that moves from one place to another, or null.
std::unique_ptr<engine::Operator> make_move(const Lowering& lowering, const Place& from, const Place& to);

}  // namespace sconce::plan
