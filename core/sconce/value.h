// A Python value as plain data: what a checkpoint holds besides tensors. Nothing in it can run.
#pragma once
#include <sconce/tensor.h>

#include <atomic>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sconce {

struct QuantizedTensor;  // <sconce/quantized.h>
struct SparseTensor;     // <sconce/sparse.h>

// A handle on an immutable node; copies share it, so that aliases in a file stay aliases. None, numbers, dtypes
// and devices lie in the handle itself and have no node. Reading accessors throw ErrorKind::mismatch ("expected
// int, got str") when the value is of another kind.
class Value {
 public:
  enum class Kind : uint8_t {
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

  // The beginning of a node; what follows depends on its kind and is the library's own.
  struct Node {
    enum class Visit : uint8_t { none, open, done };
    // Does the node only stand for another value? weak: an edge that would close a cycle.
    enum class Stands : uint8_t { itself, became, weak };

    explicit Node(Kind k) : kind(k) {}
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;

    std::atomic<uint32_t> owners{1};
    const Kind kind;
    Visit visit = Visit::none;  // used by ValueBuilder::weaken_cycles alone
    Stands stands = Stands::itself;
    bool marked = false;  // ValueBuilder::mark

   protected:
    ~Node() = default;
  };
  using Items = std::vector<Value>;
  using Pairs = std::vector<std::pair<Value, Value>>;  // in insertion order

  Value() = default;  // None
  Value(bool v) : held_(Held::boolean) { payload_.integer = v; }
  Value(int64_t v) : held_(Held::integer) { payload_.integer = v; }
  Value(int v) : Value(static_cast<int64_t>(v)) {}
  Value(double v) : held_(Held::floating) { payload_.floating = v; }
  Value(DType v) : held_(Held::dtype) { payload_.dtype = v; }
  Value(Device v) : held_(Held::device) { payload_.device = v; }
  Value(std::complex<double> v);
  Value(std::string v);
  Value(const char* v) : Value(std::string(v)) {}
  Value(Tensor v);
  Value(const Value& other) noexcept : held_(other.held_), payload_(other.payload_) {
    if (held_ == Held::node) retain();
  }
  Value(Value&& other) noexcept : held_(other.held_), payload_(other.payload_) { other.held_ = Held::none; }
  Value& operator=(const Value& other) noexcept { return *this = Value(other); }
  Value& operator=(Value&& other) noexcept {
    Value taken(std::move(other));
    std::swap(held_, taken.held_);
    std::swap(payload_, taken.payload_);
    return *this;
  }
  ~Value() {
    if (held_ == Held::node) release();
  }
  static Value quantized(QuantizedTensor v);
  static Value sparse(SparseTensor v);
  static Value bytes(std::string v, std::string_view type_name = "bytes");  // or "bytearray"
  static Value big_integer(std::string decimal);  // an integer outside int64, in decimal
  static Value list(Items items);
  static Value tuple(Items items);
  static Value set(Items items, std::string_view type_name = "set");  // or "frozenset"
  static Value size(const std::vector<int64_t>& extents);
  // `type_name` is the Python class: "dict", "collections.OrderedDict", "collections.defaultdict", ...
  static Value dict(Pairs pairs, std::string_view type_name = "dict");
  static Value global(std::string qualified_name);  // "torch.nn.modules.linear.Linear"
  // An instance that stays closed: the class, what it was called with, the state it was given, and items or
  // pairs appended.
  static Value object(std::string_view type_name, Items arguments, Value state, Items items = {},
                      Pairs pairs = {});

  Kind kind() const {
    const Value& v = self();
    switch (v.held_) {
      case Held::none: return Kind::none;
      case Held::boolean: return Kind::boolean;
      case Held::integer: return Kind::integer;
      case Held::floating: return Kind::floating;
      case Held::dtype: return Kind::dtype;
      case Held::device: return Kind::device;
      case Held::node: break;
    }
    return v.payload_.node->kind;
  }
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
  // A new node with the same content. Throws ErrorKind::mismatch for what can have no attributes: text, numbers, dtypes,
  // devices.
  Value with_attributes(Value attributes) const;

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

  // The node itself, for identity: two values alias exactly when they have the same. Null for those that lie in the handle.
  const Node* node() const;

 private:
  friend class ValueBuilder;
  friend struct ValueNodes;
  enum class Held : uint8_t { none, boolean, integer, floating, dtype, device, node };
  union Payload {
    Payload() : integer(0) {}
    int64_t integer;  // also of a boolean
    double floating;
    DType dtype;
    Device device;
    Node* node;
  };

  // Takes over a node that has counted this handle already.
  explicit Value(Node* node) : held_(Held::node) { payload_.node = node; }
  void retain() const noexcept { payload_.node->owners.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (payload_.node->owners.fetch_sub(1, std::memory_order_acq_rel) == 1) destroy(payload_.node);
  }
  static void destroy(Node* node) noexcept;
  // The value meant, behind a weak reference or one that became another.
  const Value& self() const {
    return held_ != Held::node || payload_.node->stands == Node::Stands::itself ? *this : referred();
  }
  const Value& referred() const;

  Held held_ = Held::none;
  Payload payload_;
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
  // All handles on the target, which is a container or tensor, see a copy of the source from now on.
  static void become(Value& target, const Value& source);
  // The value of a dict's pair number `index`, exchanged.
  static void replace(Value& target, size_t index, Value value);
  // How many handles share the value's node.
  static long owners(const Value& value);
  // A mark on the value's node that means nothing here: a parser notes there that its memo is one of the owners.
  static bool is_marked(const Value& value);
  static void mark(const Value& value);
  // Handles own what they refer to, so a container that reaches itself would never be freed. This walks
  // everything that `roots` reach, iteratively, and turns each edge that closes a cycle into a weak one,
  // which reads the same as long as the container lives (None after that). Only needed when a parser has put
  // an unfinished container somewhere.
  static void weaken_cycles(std::span<Value> roots);
};

}  // namespace sconce
