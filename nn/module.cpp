#include <cxxabi.h>
#include <sconce/graph.h>
#include <sconce/nn/module.h>

#include <cstdlib>
#include <ostream>
#include <typeinfo>
#include <unordered_map>
#include <unordered_set>

#include "scope.h"

namespace sconce::nn {
namespace {

// A tree deeper than this is a module that contains itself.
constexpr int max_depth = 1000;

void check_depth(int depth) {
  check(depth < max_depth, "[Module] the tree is deeper than ", max_depth, ": does a module contain itself?");
}

std::string joined(const std::string& prefix, const std::string& name) {
  return prefix.empty() ? name : prefix + "." + name;
}

// Calls f(path, module) for every module, parents first; a shared module once.
template <class F>
void each_module(const Module& module, const std::string& path, std::unordered_set<const Module*>& seen,
                 int depth, F& f) {
  check_depth(depth);
  if (!seen.insert(&module).second) return;
  f(path, module);
  for (const auto& child : members_of(module).children)
    if (child.module) each_module(*child.module, joined(path, child.name), seen, depth + 1, f);
}

template <class F>
void each_module(const Module& module, F f) {
  std::unordered_set<const Module*> seen;
  each_module(module, "", seen, 0, f);
}

// The tensors met so far, to give each view its place once.
class ViewSet {
 public:
  // The value stored for this view, or null.
  Tensor* find(const Tensor& t) {
    for (auto& [view, value] : views_[t.storage().id()])
      if (view.is_same_view(t)) return &value;
    return nullptr;
  }
  void insert(const Tensor& t, Tensor value) { views_[t.storage().id()].emplace_back(t, std::move(value)); }

 private:
  std::unordered_map<const void*, std::vector<std::pair<Tensor, Tensor>>> views_;
};

std::vector<std::pair<std::string, Tensor>> named_tensors(const Module& root,
                                                          std::vector<Members::TensorMember> Members::*kind) {
  std::vector<std::pair<std::string, Tensor>> out;
  ViewSet seen;
  each_module(root, [&](const std::string& path, const Module& module) {
    const Members members = members_of(module);
    for (const auto& m : members.*kind) {
      if (!m.tensor->defined() || seen.find(*m.tensor)) continue;
      seen.insert(*m.tensor, {});
      out.emplace_back(joined(path, m.name), *m.tensor);
    }
  });
  return out;
}

// Replaces every parameter and buffer by change(tensor), ties staying ties. All changes are made before the
// first replacement.
template <class F>
void change_tensors(const Module& root, F change) {
  std::vector<std::pair<Tensor*, Tensor>> plan;
  ViewSet done;
  each_module(root, [&](const std::string&, const Module& module) {
    const Members members = members_of(module);
    for (const auto* kind : {&members.parameters, &members.buffers})
      for (const auto& m : *kind) {
        if (!m.tensor->defined()) continue;
        if (!done.find(*m.tensor)) done.insert(*m.tensor, change(*m.tensor));
        plan.emplace_back(m.tensor, *done.find(*m.tensor));
      }
  });
  for (auto& [target, tensor] : plan) *target = std::move(tensor);
}

void save(const Module& module, const std::string& prefix, StateDict& state, Value::Pairs& versions,
          int depth) {
  check_depth(depth);
  versions.emplace_back(prefix.empty() ? std::string() : prefix.substr(0, prefix.size() - 1),
                        Value::dict({{Value("version"), Value(module.version())}}));
  const Members members = members_of(module);
  for (const auto* kind : {&members.parameters, &members.buffers})
    for (const auto& m : *kind)
      if (m.tensor->defined() && m.persistent) state.insert(prefix + m.name, *m.tensor);
  if (module.has_extra_state()) state.insert(prefix + "_extra_state", module.get_extra_state());
  for (const auto& child : members.children)
    if (child.module) save(*child.module, prefix + child.name + ".", state, versions, depth + 1);
}

}  // namespace

Tensor Module::forward(const Tensor&) const {
  fail(ErrorKind::unsupported, "forward with one tensor is not defined for ", class_name());
}

Tensor Module::operator()(const Tensor& x) const {
  if (!Recorder::active()) return forward(x);
  const ModuleScope scope(*this);
  return forward(x);
}

void Module::members(Walk&) {}
std::string Module::extra_repr() const { return ""; }
bool Module::may_be_absent(std::string_view, std::optional<int64_t>) const { return false; }
std::string_view Module::former_name(std::string_view, std::optional<int64_t>) const { return {}; }
Value Module::get_extra_state() const { return {}; }
void Module::set_extra_state(const Value&) {}

std::string Module::class_name() const {
  int status = 0;
  char* demangled = abi::__cxa_demangle(typeid(*this).name(), nullptr, nullptr, &status);
  std::string name = status == 0 && demangled ? demangled : typeid(*this).name();
  std::free(demangled);
  // The last component outside of template arguments.
  size_t start = 0, end = name.size();
  int depth = 0;
  for (size_t i = 0; i < name.size(); ++i) {
    const char c = name[i];
    if (c == '<' || c == '(') {
      if (depth++ == 0 && c == '<') end = i;
    } else if (c == '>' || c == ')') {
      --depth;
    } else if (depth == 0 && c == ':' && i + 1 < name.size() && name[i + 1] == ':') {
      start = i + 2, end = name.size(), ++i;
    }
  }
  return name.substr(start, end - start);
}

StateDict Module::state_dict() const {
  StateDict state;
  Value::Pairs versions;
  save(*this, "", state, versions, 0);
  state.set_metadata(Value::dict(std::move(versions), "collections.OrderedDict"));
  return state;
}

std::vector<std::pair<std::string, Tensor>> Module::named_parameters() const {
  return named_tensors(*this, &Members::parameters);
}
std::vector<std::pair<std::string, Tensor>> Module::named_buffers() const {
  return named_tensors(*this, &Members::buffers);
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> out;
  for (auto& [name, tensor] : named_parameters()) out.push_back(tensor);
  return out;
}

std::vector<std::pair<std::string, const Module*>> Module::named_modules() const {
  std::vector<std::pair<std::string, const Module*>> out;
  each_module(*this, [&](const std::string& path, const Module& module) { out.emplace_back(path, &module); });
  return out;
}

std::vector<std::pair<std::string, const Module*>> Module::children() const {
  std::vector<std::pair<std::string, const Module*>> out;
  for (const auto& child : members_of(*this).children)
    if (child.module) out.emplace_back(child.name, child.module);
  return out;
}

Module& Module::submodule(std::string_view path) {
  Module* at = this;
  while (!path.empty()) {
    const std::string_view name = path.substr(0, path.find('.'));
    Module* next = nullptr;
    for (const auto& child : members_of(*at).children)
      if (child.name == name) next = child.module;
    check(next != nullptr, at->class_name(), " has no attribute `", name, "`");
    at = next;
    path.remove_prefix(std::min(path.size(), name.size() + 1));
  }
  return *at;
}

int64_t Module::num_parameters() const {
  int64_t count = 0;
  for (const auto& p : parameters()) count += p.numel();
  return count;
}

Module& Module::to(Device device) {
  change_tensors(*this, [&](const Tensor& t) { return t.device() == device ? t : t.to(device); });
  return *this;
}

Module& Module::to(DType dtype) {
  check(is_floating_point(dtype) || is_complex(dtype),
        "nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.",
        name_of(dtype));
  change_tensors(*this, [&](const Tensor& t) {
    return t.dtype() != dtype && (is_floating_point(t.dtype()) || is_complex(t.dtype())) ? t.to(dtype) : t;
  });
  return *this;
}

}  // namespace sconce::nn
