// A Python value as plain data: what a checkpoint holds besides tensors. Nothing in it can run.
#pragma once
#include <sconce/tensor.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sconce {

struct QuantizedTensor;  // <sconce/quantized.h>
struct SparseTensor;     // <sconce/sparse.h>

// A handle on an immutable node; copies share it, so that aliases in a file stay aliases. Reading accessors
// throw ErrorKind::mismatch ("expected int, got str") when the value is of another kind.
class Value {
 public:
  enum class Kind {
    none,
    boolean,
    integer,
    big_integer,
    floating,
    complex,
    string,
    bytes,
    list,
    tuple,
    set,
    dict,
    tensor,
    dtype,
    device,
    size,       // torch.Tensor or Parameter, torch.dtype, torch.device, torch.Size
    global,     // a class or function, by name only
    object,     // a call or instance of a class Sconce does not know: name, arguments, state
    quantized,  // torch.Tensor of integers that stand for numbers
    sparse,     // torch.Tensor that stores only some of its elements
  };

  struct Node;
  struct Container;
  using Items = std::vector<Value>;
  using Pairs = std::vector<std::pair<Value, Value>>;  // in insertion order

  Value();  // None
  Value(bool v);
  Value(int64_t v);
  Value(int v) : Value(static_cast<int64_t>(v)) {}
  Value(double v);
  Value(std::complex<double> v);
  Value(std::string v);
  Value(const char* v) : Value(std::string(v)) {}
  Value(Tensor v);
  Value(DType v);
  Value(Device v);
  static Value quantized(QuantizedTensor v);
  static Value sparse(SparseTensor v);
  static Value bytes(std::string v, std::string type_name = "bytes");  // or "bytearray"
  static Value big_integer(std::string decimal);                       // an integer outside int64, in decimal
  static Value list(Items items);
  static Value tuple(Items items);
  static Value set(Items items, std::string type_name = "set");  // or "frozenset"
  static Value size(const std::vector<int64_t>& extents);
  // `type_name` is the Python class: "dict", "collections.OrderedDict", "collections.defaultdict", ...
  static Value dict(Pairs pairs, std::string type_name = "dict");
  static Value global(std::string qualified_name);  // "torch.nn.modules.linear.Linear"
  // An instance that stays closed: the class, what it was called with, the state it was given, and items or
  // pairs appended.
  static Value object(std::string type_name, Items arguments, Value state, Items items = {},
                      Pairs pairs = {});

  Kind kind() const;
  bool is_none() const { return kind() == Kind::none; }
  // The Python type as `type(x)` prints it between quotes: "str", "int", "collections.OrderedDict",
  // "torch.Tensor".
  std::string type_name() const;

  bool as_bool() const;
  int64_t as_int() const;                   // also of a bool
  double as_double() const;                 // also of an int or bool
  std::complex<double> as_complex() const;  // also of any real number
  const std::string& as_string()
      const;                        // string, bytes, the digits of a big_integer, or the name of a global
  const Tensor& as_tensor() const;  // of kind tensor: strided numbers
  const QuantizedTensor& as_quantized() const;
  const SparseTensor& as_sparse() const;
  DType as_dtype() const;
  Device as_device() const;
  std::vector<int64_t> as_ints() const;  // a size, or a list or tuple of ints

  // Items of a list, tuple, set, size (as ints) or object; empty for others.
  const Items& items() const;
  // Pairs of a dict or object; empty for others.
  const Pairs& pairs() const;
  // Of an object: what it was called with, and the state that BUILD gave it (None without).
  const Items& arguments() const;
  const Value& state() const;
  // Attributes set on a dict by BUILD (an OrderedDict's `_metadata`), or on a tensor; a defaultdict's `default_factory`.
  // None without.
  const Value& attributes() const;
  Value with_attributes(Value attributes) const;  // a new node with the same content

  // Element count: items of a sequence, pairs of a dict, bytes of a string; 0 for others.
  size_t size() const;
  // The value under a string key of a dict, or null.
  const Value* find(std::string_view key) const;
  // The same; throws ErrorKind::mismatch, naming the keys there are, when it is absent.
  // ckpt["epoch"].as_int().
  const Value& operator[](std::string_view key) const;
  const Value& operator[](const char* key) const { return (*this)[std::string_view(key)]; }
  // Item of a sequence; throws ErrorKind::mismatch out of range.
  const Value& operator[](size_t index) const;
  const Value& operator[](int index) const { return (*this)[static_cast<size_t>(index)]; }

  // Like Python's repr, cut at `max_length` bytes; tensors print as "tensor(shape=[2, 3], dtype=float32)".
  std::string repr(size_t max_length = 200) const;

  // The node itself, for identity: two values alias exactly when their nodes are the same.
  const Node* node() const { return &get(); }

 private:
  friend class ValueBuilder;
  explicit Value(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  const Node& get() const;  // the node, behind a weak reference too
  Node& resolved();         // the same, for those who fill it
  std::shared_ptr<Node> node_;
};

// Fills containers after they were handed out, which a pickle needs (a list may contain itself).
// Only a parser uses it; once it is done the tree is read-only.
class ValueBuilder {
 public:
  static void append(Value& target, Value item);  // list, set, object
  static void insert(Value& target, Value key,
                     Value value);                    // dict, object; a key that is there keeps its place
  static void set_state(Value& target, Value state);  // object
  static void set_attributes(Value& target, Value attributes);  // dict, tensor
  static void become(Value& target,
                     const Value& source);  // target's node takes source's content; its handles see it
  // The value of a dict's pair number `index`, exchanged.
  static void replace(Value& target, size_t index, Value value);
  // How many handles share the value's node.
  static long owners(const Value& value) { return value.node_.use_count(); }
  // Handles own what they refer to, so a container that reaches itself would never be freed. This walks
  // everything that `roots` reach, iteratively, and turns each edge that closes a cycle into a weak one,
  // which reads the same as long as the container lives (None after that). Only needed when a parser has put
  // an unfinished container somewhere.
  static void weaken_cycles(std::span<Value> roots);
};

}  // namespace sconce
