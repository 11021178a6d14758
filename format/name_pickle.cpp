// Names in a pickle: classes, functions and constants that a value may be.
#include "tree_pickle.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

namespace sconce {
namespace {

// Classes, functions and constants that torch.load(weights_only=True) takes by their bare name.
bool is_allowed_global(std::string_view name) {
  static const std::unordered_set<std::string_view> names = {"collections.OrderedDict",
                                                             "collections.Counter",
                                                             "torch.Size",
                                                             "torch.Tensor",
                                                             "torch.device",
                                                             "torch.nn.parameter.Parameter",
                                                             "torch.per_tensor_affine",
                                                             "torch.per_tensor_symmetric",
                                                             "torch.per_channel_affine",
                                                             "torch.per_channel_symmetric",
                                                             "torch.per_channel_affine_float_qparams"};
  return names.count(name) != 0;
}

constexpr std::array<std::string_view, 6> layouts = {"torch.strided",    "torch.sparse_coo",
                                                     "torch.sparse_csr", "torch.sparse_csc",
                                                     "torch.sparse_bsr", "torch.sparse_bsc"};

}  // namespace

// What makes the values of a defaultdict's absent keys, one of Python's own types; the number of arguments that it is.
size_t TreePickler::write_factory(const Value& v) {
  const Value* factory = v.attributes().find("default_factory");
  if (v.attributes().size() > (factory ? 1U : 0U))
    fail(ErrorKind::unsupported, "[save] a defaultdict with attributes cannot be saved");
  if (!factory) return 0;
  // With the names that protocol 2 has for them.
  static const std::unordered_map<std::string_view, std::string_view> names = {
      {"builtins.int", "long"},    {"builtins.str", "unicode"},        {"builtins.float", "float"},
      {"builtins.bool", "bool"},   {"builtins.list", "list"},          {"builtins.dict", "dict"},
      {"builtins.set", "set"},     {"builtins.tuple", "tuple"},        {"builtins.complex", "complex"},
      {"builtins.bytes", "bytes"}, {"builtins.frozenset", "frozenset"}};
  const auto known = factory->kind() == Value::Kind::global ? names.find(factory->as_string()) : names.end();
  if (known == names.end())
    fail(ErrorKind::unsupported, "[save] a defaultdict whose values come from ", factory->repr(80),
         " cannot be saved");
  out_.global("__builtin__", known->second);
  return 1;
}

void TreePickler::write_layout(std::string_view name) {
  // Python has one object for each layout.
  const auto* identity = std::find(layouts.begin(), layouts.end(), name);
  if (out_.recall(identity)) return;
  out_.global("torch.serialization", "_get_layout");
  out_.text(name, nullptr);
  out_.tuple(1);
  out_.op(Op::reduce);
  out_.remember(identity);
}

void TreePickler::write_global(const Value& v) {
  const std::string& name = v.as_string();
  if (std::find(layouts.begin(), layouts.end(), name) != layouts.end()) return write_layout(name);
  if (!is_allowed_global(name))
    fail(ErrorKind::unsupported, "[save] the class or function ", name,
         " cannot be saved: torch.load(weights_only=True) would refuse it");
  const size_t dot = name.rfind('.');
  out_.global(std::string_view(name).substr(0, dot), std::string_view(name).substr(dot + 1));
}

}  // namespace sconce
