// What a checkpoint gives and a module takes: names in order, each with its tensor.
#pragma once
#include <sconce/hash_index.h>
#include <sconce/value.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sconce {

// An ordered map as PyTorch's state_dict: dotted names to tensors, sometimes to other values (extra state, a
// stray number), with the `_metadata` of module versions that PyTorch keeps beside it. A value; tensors
// inside are shared.
class StateDict {
 public:
  struct Entry {
    std::string key;
    Value value;
    // The tensor. Throws ErrorKind::mismatch when the value is none.
    const Tensor& tensor() const { return value.as_tensor(); }
    bool is_tensor() const { return value.kind() == Value::Kind::tensor; }
  };

  StateDict() = default;
  StateDict(std::initializer_list<std::pair<std::string, Value>> entries);

  // From a dict of the value tree. Keys that are not strings, and values that are no dict, throw
  // ErrorKind::mismatch with PyTorch's words ("Expected state_dict to be dict-like, got <class 'list'>.").
  static StateDict from(const Value& dict);
  // Back to a collections.OrderedDict with `_metadata` as its attribute.
  Value to_value() const;

  size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  std::span<const Entry> entries() const { return entries_; }

  bool contains(std::string_view key) const { return find(key) != nullptr; }
  const Value* find(std::string_view key) const;  // or null
  // The tensor under `key`. Throws ErrorKind::mismatch, with the nearest keys there are, when it is absent or
  // no tensor.
  const Tensor& operator[](std::string_view key) const;
  // Adds at the end, or replaces in place.
  void insert(std::string key, Value value);
  void erase(std::string_view key);

  // `_metadata`: a dict from module path to {"version": n, ...}, or None when the file had none.
  const Value& metadata() const { return metadata_; }
  void set_metadata(Value metadata);
  // metadata()[path]["version"], when it is there. Module paths have no trailing dot; "" is the root.
  std::optional<int64_t> version(std::string_view module_path) const;

 private:
  size_t place_of(std::string_view key, uint64_t hash) const;

  std::vector<Entry> entries_;
  HashIndex index_;  // key to place in entries_
  Value metadata_;
  HashIndex versions_;  // module path to place in the pairs of metadata_
};

// Key surgery, each giving a new StateDict in the old order; metadata follows the keys where that has a
// meaning. Removes `prefix` from the keys that have it, as
// torch.nn.modules.utils.consume_prefix_in_state_dict_if_present: strip_prefix(state, "module."). Throws
// ErrorKind::invalid_argument when two keys become one.
StateDict strip_prefix(const StateDict& state, std::string_view prefix);
StateDict add_prefix(const StateDict& state, std::string_view prefix);
// Replaces every match of an ECMAScript regular expression in each key; metadata stays as it is. Throws
// ErrorKind::invalid_argument on a bad expression or when two keys become one.
StateDict rename(const StateDict& state, const std::string& pattern, const std::string& replacement);
// The entries whose whole key matches the expression.
StateDict select(const StateDict& state, const std::string& pattern);

// Groups of keys that name the same view of the same storage (tied weights), each in order of appearance;
// only groups of 2 and more.
std::vector<std::vector<std::string>> tied_keys(const StateDict& state);

}  // namespace sconce
