// What a Value points at.
#pragma once
#include <sconce/value.h>

#include <memory>
#include <string>
#include <variant>

namespace sconce {

// The parts that only containers, objects and attributed tensors have.
struct Value::Container {
  std::string type_name;  // empty: the kind's own name
  Items items;
  Pairs pairs;
  Items arguments;
  Value state;  // an object's state; the attributes of anything else
};

struct Value::Node {
  enum class Visit : uint8_t { none, open, done };

  Kind kind = Kind::none;
  Visit visit = Visit::none;  // used by ValueBuilder::weaken_cycles alone
  // weak_ptr: an edge that would close a cycle; the handle reads its target instead.
  std::variant<std::monostate, bool, int64_t, double, std::complex<double>, std::string, Tensor, DType,
               Device, std::shared_ptr<const QuantizedTensor>, std::shared_ptr<const SparseTensor>,
               std::weak_ptr<Node>>
      payload;
  std::unique_ptr<Container> container;

  Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node();
};

}  // namespace sconce
