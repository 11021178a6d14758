// A plan as data: buffers, and steps that read and write them.
#pragma once
#include <sconce/graph.h>

#include <memory>
#include <vector>

#include "cpu/engine/operator.h"
#include "cpu/engine/packs.h"

namespace sconce::plan {

// Bytes in a buffer; buffer -1 is no memory at all (an operand that is absent).
struct Slot {
  int32_t buffer = -1;
  int64_t offset = 0;  // in bytes
};

struct Buffer {
  enum class Memory : uint8_t { arena, input, output, constant };
  Memory memory = Memory::arena;
  int64_t bytes = 0;
  int32_t index = 0;              // of the input or output
  const void* address = nullptr;  // of a constant
  int32_t first = -1, last = -1;  // the steps that touch it first and last
  int64_t offset = 0;             // in the arena
};

// A value's place: a strided tensor whose storage is either real (a constant) or stands for a buffer.
struct Place {
  Tensor view;
  int32_t buffer = -1;  // -1: view is a constant with its data

  bool is_constant() const { return buffer < 0; }
};

// A kernel on memory, or a node that is interpreted.
struct Step {
  Node node;                             // what it computes; for names, shapes and interpretation
  std::unique_ptr<engine::Operator> op;  // null: interpreted
  std::vector<Slot> inputs, outputs;     // of the operator
  std::vector<std::pair<ValueId, Place>> reads, writes;  // of an interpreted node
  std::string shapes;                                    // for describe()

  // What describe() and profile() call its kernel, and the precision of its weights or, where it is interpreted, results.
  std::string algorithm() const { return op ? op->algorithm() : "interpreted"; }
  std::string precision() const {
    return op ? op->precision() : writes.empty() ? "" : name_of(writes[0].second.view.dtype());
  }
};

struct Program {
  std::vector<Buffer> buffers;
  std::vector<Step> steps;
  std::vector<std::pair<Shape, DType>> inputs, outputs;
  std::vector<Tensor> kept;  // constants that operators read where they are
  // Inputs and outputs that may be one tensor, which a run then writes into.
  std::vector<std::pair<size_t, size_t>> in_place;
  int64_t arena_bytes = 0, scratch_bytes = 0;
  std::vector<std::pair<ValueId, Place>>
      values;  // where each value that a step makes lies; only for checking
};

}  // namespace sconce::plan
