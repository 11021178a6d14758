#include "tree_pickle.h"

#include "pickle_text.h"

#include <algorithm>
#include <unordered_set>
#include <vector>

namespace sconce {
namespace {

using Kind = Value::Kind;

constexpr size_t batch = 1000;          // items that CPython gives to one SETITEMS or APPENDS
constexpr size_t deepest_level = 1000;  // what Budget allows by default when the file is read

// Looks into tuples, each once: they may share what they hold many times over.
bool is_hashable(const Value& key) {
  std::vector<const Value*> open{&key};
  std::unordered_set<const Value::Node*> seen;
  while (!open.empty()) {
    const Value& v = *open.back();
    open.pop_back();
    switch (v.kind()) {
      case Kind::list:
      case Kind::dict: return false;
      case Kind::set:
        if (v.type_name() != "frozenset") return false;
        break;
      case Kind::bytes:
        if (v.type_name() == "bytearray") return false;
        break;
      case Kind::tuple:
        if (seen.insert(v.node()).second)
          for (const Value& item : v.items()) open.push_back(&item);
        break;
      default: break;
    }
  }
  return true;
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
      if (v.type_name() == "torch.nested.nested_tensor")
        fail(ErrorKind::unsupported,
             "[save] a nested tensor cannot be saved: torch.load(weights_only=True) reads none; save the list of "
             "its tensors");
      fail(ErrorKind::unsupported, "[save] an instance of ", v.type_name(),
           ", a class that Sconce does not know, cannot be saved; leave it out");
    default: break;
  }
  if (out_.recall(v.node())) return;
  const std::string type = v.type_name();
  if (!v.attributes().is_none() && type != "torch.Tensor" && type != "collections.OrderedDict" &&
      type != "collections.defaultdict")
    fail(ErrorKind::unsupported, "[save] a ", type,
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
    case Kind::bytes: return write_bytes(v);
    case Kind::list: return write_list(v.items(), v.node());
    case Kind::tuple: return write_tuple(v);
    case Kind::set:
      for (const Value& item : v.items()) check_hashable(item);
      out_.global("__builtin__", v.type_name());
      write_list(v.items(), nullptr);
      return call(1, v);
    case Kind::dict: return write_dict(v);
    case Kind::tensor:
    case Kind::quantized:
    case Kind::sparse: return write_tensor(v);
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
  } else if (type == "collections.OrderedDict") {
    out_.global("collections", "OrderedDict");
    call(0, v);
  } else if (type == "collections.defaultdict") {
    out_.global("collections", "defaultdict");
    call(write_factory(v), v);
    return write_pairs(v);
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

void TreePickler::write_bytes(const Value& v) {
  const bool is_array = v.type_name() == "bytearray";
  if (is_array) {
    out_.global("__builtin__", "bytearray");
    if (v.as_string().empty()) return call(0, v);
  }
  out_.global("_codecs", "encode");
  out_.text(decode_latin1(v.as_string()), nullptr);
  out_.constant("latin1");
  out_.tuple(2);
  out_.op(Op::reduce);
  out_.remember(is_array ? nullptr : v.node());
  if (is_array) call(1, v);
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
