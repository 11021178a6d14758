// What a Value points at: one type of node a family of kinds, each no larger than it needs to be.
#pragma once
#include <sconce/value.h>

#include <memory>
#include <string>

namespace sconce {

// A class's name; null for the kind's own.
using TypeName = std::shared_ptr<const std::string>;

struct ValueNodes {
  using Node = Value::Node;
  using Kind = Value::Kind;

  struct Text : Node {  // string, big_integer, global
    Text(Kind kind, std::string t) : Node(kind), text(std::move(t)) {}
    std::string text;
  };
  struct Bytes : Text {
    Bytes(std::string t, TypeName name) : Text(Kind::bytes, std::move(t)), type_name(std::move(name)) {}
    TypeName type_name;
  };
  struct Complex : Node {
    explicit Complex(std::complex<double> n) : Node(Kind::complex), number(n) {}
    std::complex<double> number;
  };

  // What weak edges to a node share: they own this, and the node clears it when it goes.
  struct Link {
    explicit Link(Node* node) : target(node) {}
    // The target's handle must not count.
    ~Link() { forget(); }
    void forget() noexcept { target.held_ = Value::Held::none; }
    std::atomic<uint32_t> owners{1};
    Value target;
  };
  struct Weak : Node {
    explicit Weak(Link* l) : Node(Kind::none), link(l) { stands = Stands::weak; }
    Link* link;
  };

  // Nodes that refer to other values. `state` is an object's state, the attributes of any other kind, or what the node
  // became.
  struct Branch : Node {
    using Node::Node;
    union {
      Link* link = nullptr;  // of weak edges to this node
      Branch* next;          // in the list of those to be freed
    };
    Value state;
  };
  struct Dense : Branch {
    explicit Dense(Tensor t) : Branch(Kind::tensor), tensor(std::move(t)) {}
    Tensor tensor;
  };
  struct Quantized : Branch {
    explicit Quantized(std::shared_ptr<const QuantizedTensor> t)
        : Branch(Kind::quantized), tensor(std::move(t)) {}
    std::shared_ptr<const QuantizedTensor> tensor;
  };
  struct Sparse : Branch {
    explicit Sparse(std::shared_ptr<const SparseTensor> t) : Branch(Kind::sparse), tensor(std::move(t)) {}
    std::shared_ptr<const SparseTensor> tensor;
  };
  struct Sequence : Branch {  // list, tuple, size
    Sequence(Kind kind, Value::Items i) : Branch(kind), items(std::move(i)) {}
    Value::Items items;
  };
  struct Set : Sequence {
    Set(Value::Items i, TypeName name) : Sequence(Kind::set, std::move(i)), type_name(std::move(name)) {}
    TypeName type_name;
  };
  struct Dict : Branch {
    Dict(Value::Pairs p, TypeName name)
        : Branch(Kind::dict), pairs(std::move(p)), type_name(std::move(name)) {}
    Value::Pairs pairs;
    TypeName type_name;
  };
  struct Object : Branch {
    explicit Object(TypeName name) : Branch(Kind::object), type_name(std::move(name)) {}
    TypeName type_name;
    Value::Items items, arguments;
    Value::Pairs pairs;
  };

  static bool is_branch(const Node& node);
  // The node of a value that is not behind a reference; null when it lies in the handle.
  static Node* of(const Value& value) {
    return value.held_ == Value::Held::node ? value.payload_.node : nullptr;
  }
  // The same of the value meant.
  static Node* meant(const Value& value) { return of(value.self()); }
  // The value's node where it may refer to others; null otherwise.
  static Branch* branch(const Value& value);
  static Value handle(Node* node) { return Value(node); }
  static Value weak(const Value& target);
  // A branch with the same content; anything else as it is.
  static Value copy(const Value& value);
  // Parts of any node; null when it has none.
  static Value::Items* items(Node* node);
  static Value::Pairs* pairs(Node* node);
  static TypeName* type_name(Node* node);
  // The last owner has gone.
  static void destroy(Node* node) noexcept;

 private:
  static void free(Node* node) noexcept;
};

}  // namespace sconce
