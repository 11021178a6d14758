#include "tree_pickle.h"

#include "pickle_text.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <vector>

namespace sconce {
namespace {

using Kind = Value::Kind;

constexpr size_t batch = 1000;          // items that CPython gives to one SETITEMS or APPENDS
constexpr size_t deepest_level = 1000;  // what Budget allows by default when the file is read

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

bool is_layout(std::string_view name) {
  constexpr std::array<std::string_view, 6> names = {"torch.strided",    "torch.sparse_coo",
                                                     "torch.sparse_csr", "torch.sparse_csc",
                                                     "torch.sparse_bsr", "torch.sparse_bsc"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_hashable(const Value& v, size_t depth = 0) {
  if (depth > deepest_level) return true;  // refused later for its depth
  switch (v.kind()) {
    case Kind::list:
    case Kind::set:
    case Kind::dict: return false;
    case Kind::tuple:
      return std::all_of(v.items().begin(), v.items().end(),
                         [&](const Value& item) { return is_hashable(item, depth + 1); });
    default: return true;
  }
}

void check_hashable(const Value& v) {
  if (!is_hashable(v))
    fail(ErrorKind::invalid_argument, "[save] a ", v.type_name(),
         " cannot be a key or the member of a set: Python cannot hash it");
}

}  // namespace

std::string TreePickler::run(const Value& root) {
  try {
    write(root);
  } catch (Error& e) {
    throw e.at_key(path());
  }
  return out_.finish();
}

std::string TreePickler::path() const {
  std::string text;
  for (const Step& step : path_) {
    if (!text.empty()) text += '.';
    if (!step.key)
      text += std::to_string(step.index);
    else
      text += step.key->kind() == Kind::string ? step.key->as_string().substr(0, 200) : step.key->repr(60);
  }
  return text;
}

void TreePickler::write(const Value& v) {
  switch (v.kind()) {
    case Kind::none: return out_.none();
    case Kind::boolean: return out_.boolean(v.as_bool());
    case Kind::integer: return out_.integer(v.as_int());
    case Kind::big_integer: return out_.big_integer(v.as_string());
    case Kind::floating: return out_.floating(v.as_double());
    case Kind::string: return out_.text(v.as_string(), v.node());
    case Kind::dtype: return out_.global("torch", name_of(v.as_dtype()));
    case Kind::object:
      fail(ErrorKind::unsupported, "[save] an instance of ", v.type_name(),
           ", a class that Sconce does not know, cannot be saved; leave it out");
    default: break;
  }
  if (out_.recall(v.node())) return;
  if (!v.attributes().is_none() && v.kind() != Kind::tensor && v.type_name() != "collections.OrderedDict" &&
      v.type_name() != "collections.defaultdict")
    fail(ErrorKind::unsupported, "[save] a ", v.type_name(),
         " with attributes cannot be saved; only tensors and an OrderedDict have some");
  if (++level_ > deepest_level)
    fail(ErrorKind::unsupported, "[save] values are nested more than ", deepest_level,
         " deep, or contain themselves in a way that cannot be saved");
  write_new(v);
  --level_;
}

// Values that are remembered, met for the first time.
void TreePickler::write_new(const Value& v) {
  switch (v.kind()) {
    case Kind::complex:
      out_.global("__builtin__", "complex");
      out_.floating(v.as_complex().real());
      out_.floating(v.as_complex().imag());
      return call(2, v);
    case Kind::bytes:
      if (v.type_name() == "bytearray")
        out_.global("__builtin__", "bytearray");
      else
        out_.global("_codecs", "encode");
      out_.text(decode_latin1(v.as_string()), nullptr);
      out_.constant("latin1");
      return call(2, v);
    case Kind::list: return write_list(v.items(), v.node());
    case Kind::tuple: return write_tuple(v);
    case Kind::set:
      for (const Value& item : v.items()) check_hashable(item);
      out_.global("__builtin__", v.type_name() == "frozenset" ? "frozenset" : "set");
      write_list(v.items(), nullptr);
      return call(1, v);
    case Kind::dict: return write_dict(v);
    case Kind::tensor: return write_tensor(v);
    case Kind::device:
      out_.global("torch", "device");
      if (v.as_device().type == Device::Type::cuda) {
        out_.text("cuda", nullptr);
        out_.integer(v.as_device().index);
        return call(2, v);
      }
      out_.text(v.as_device().str(), nullptr);
      return call(1, v);
    case Kind::size:
      out_.global("torch", "Size");
      write_ints(v.as_ints());
      return call(1, v);
    case Kind::global: return write_global(v);
    default: fail(ErrorKind::unsupported, "[save] a ", v.type_name(), " cannot be saved");
  }
}

// Calls what lies below the `count` arguments, and remembers the result as the value's.
void TreePickler::call(size_t count, const Value& v) {
  out_.tuple(count);
  out_.op(Op::reduce);
  out_.remember(v.node());
}

void TreePickler::write_list(const Value::Items& items, const void* identity) {
  out_.op(Op::empty_list);
  out_.remember(identity);
  for (size_t i = 0; i < items.size(); i += batch) {
    const size_t end = std::min(items.size(), i + batch);
    if (end - i > 1) out_.op(Op::mark);
    for (size_t k = i; k < end; ++k) step_into({nullptr, k}, items[k]);
    out_.op(end - i > 1 ? Op::appends : Op::append);
  }
}

void TreePickler::write_tuple(const Value& v) {
  const Value::Items& items = v.items();
  if (!open_tuples_.insert(v.node()).second)
    fail(ErrorKind::unsupported, "[save] a tuple that contains itself cannot be saved");
  if (items.size() > 3) out_.op(Op::mark);
  for (size_t i = 0; i < items.size(); ++i) step_into({nullptr, i}, items[i]);
  open_tuples_.erase(v.node());
  out_.tuple(items.size(), v.node());
}

void TreePickler::write_dict(const Value& v) {
  const std::string type = v.type_name();
  if (type == "dict") {
    out_.op(Op::empty_dict);
    out_.remember(v.node());
  } else if (type == "collections.defaultdict") {
    return write_default_dict(v);
  } else if (type == "collections.OrderedDict") {
    out_.global("collections", "OrderedDict");
    call(0, v);
  } else if (type == "collections.Counter") {
    out_.global("collections", "Counter");
    out_.op(Op::empty_dict);
    out_.remember();
    write_pairs(v);
    return call(1, v);
  } else {
    fail(ErrorKind::unsupported, "[save] a dictionary of class ", type,
         " cannot be saved; make it a dict or an OrderedDict");
  }
  write_pairs(v);
  if (v.attributes().is_none()) return;
  write_attributes(v);
  out_.op(Op::build);
}

// Its factory is one of Python's own types, or there is none.
void TreePickler::write_default_dict(const Value& v) {
  const Value* factory = v.attributes().find("default_factory");
  if (v.attributes().size() > (factory ? 1U : 0U))
    fail(ErrorKind::unsupported, "[save] a defaultdict with attributes cannot be saved");
  out_.global("collections", "defaultdict");
  if (factory) {
    constexpr std::string_view builtins = "builtins.";
    if (factory->kind() != Kind::global || !factory->as_string().starts_with(builtins))
      fail(ErrorKind::unsupported, "[save] a defaultdict whose values come from ", factory->repr(80),
           " cannot be saved");
    out_.global("__builtin__", std::string_view(factory->as_string()).substr(builtins.size()));
  }
  call(factory ? 1 : 0, v);
  write_pairs(v);
}

void TreePickler::write_pairs(const Value& v) {
  const Value::Pairs& pairs = v.pairs();
  for (size_t i = 0; i < pairs.size(); i += batch) {
    const size_t end = std::min(pairs.size(), i + batch);
    if (end - i > 1) out_.op(Op::mark);
    for (size_t k = i; k < end; ++k) {
      path_.push_back({&pairs[k].first, 0});
      check_hashable(pairs[k].first);
      write(pairs[k].first);
      write(pairs[k].second);
      path_.pop_back();
    }
    out_.op(end - i > 1 ? Op::setitems : Op::setitem);
  }
}

void TreePickler::write_attributes(const Value& v) {
  if (v.attributes().kind() != Kind::dict || v.attributes().type_name() != "dict")
    fail(ErrorKind::invalid_argument, "[save] expected attributes as a dict, got ",
         v.attributes().type_name());
  write(v.attributes());
}

void TreePickler::write_ints(const std::vector<int64_t>& values) {
  if (values.size() > 3) out_.op(Op::mark);
  for (const int64_t n : values) out_.integer(n);
  out_.tuple(values.size());
}

void TreePickler::write_global(const Value& v) {
  const std::string& name = v.as_string();
  if (is_layout(name)) {
    out_.global("torch.serialization", "_get_layout");
    out_.text(name, nullptr);
    return call(1, v);
  }
  if (!is_allowed_global(name))
    fail(ErrorKind::unsupported, "[save] the class or function ", name,
         " cannot be saved: torch.load(weights_only=True) would refuse it");
  const size_t dot = name.rfind('.');
  out_.global(std::string_view(name).substr(0, dot), std::string_view(name).substr(dot + 1));
}

void TreePickler::step_into(Step step, const Value& v) {
  path_.push_back(step);
  write(v);
  path_.pop_back();
}

std::string pickle_tree(const Value& root, StoragePlan& plan) {
  TreePickler(plan, true).run(root);
  plan.decide();
  return TreePickler(plan, false).run(root);
}

}  // namespace sconce
