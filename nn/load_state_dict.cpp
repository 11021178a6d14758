// Fits a state_dict onto a module: a first pass checks everything and makes a plan, a second one carries it
// out.
#include <sconce/nn/load_state_dict.h>
#include <sconce/nn/module.h>
#include <sconce/prefetch.h>

#include <algorithm>
#include <ostream>
#include <utility>

#include "copy_rules.h"
#include "key_tree.h"
#include "python_repr.h"

namespace sconce::nn {
namespace {

constexpr const char* extra_state_name = "_extra_state";

std::string quoted_list(const std::vector<std::string>& keys) {
  std::string out;
  for (const auto& key : keys) out += (out.empty() ? "\"" : ", \"") + key + "\"";
  return out;
}

// Visits modules in PyTorch's order: own parameters, own persistent buffers, extra state, strangers of this
// level, children.
class Fitting {
 public:
  Fitting(const StateDict& state, bool assign) : state_(state), keys_(state), assign_(assign) {}

  void visit(Module& module, int node, const std::string& prefix, int depth = 0) {
    check(depth < 1000,
          "[load_state_dict] the module tree is deeper than 1000: does a module contain itself?");
    const Members members = members_of(module);
    const std::optional<int64_t> version = state_.version(
        prefix.empty() ? std::string_view() : std::string_view(prefix).substr(0, prefix.size() - 1));
    std::vector<int> mine;  // nodes of its own tensors, and of its children
    for (const auto* kind : {&members.parameters, &members.buffers})
      for (const auto& m : *kind) {
        if (!m.persistent || !m.tensor->defined()) continue;
        const int at = keys_.child(node, m.name);
        mine.push_back(at);
        const int entry = entry_at(at);
        if (entry >= 0)
          fit(*m.tensor, prefix + m.name, state_.entries()[static_cast<size_t>(entry)].value);
        else if (!module.may_be_absent(m.name, version))
          missing.push_back(prefix + m.name);
      }
    visit_extra_state(module, node, prefix);
    std::vector<int> below;
    below.reserve(members.children.size());
    for (const auto& child : members.children) {
      int at = keys_.child(node, child.name);
      if (const auto former = module.former_name(child.name, version); at < 0 && !former.empty())
        at = keys_.child(node, former);
      below.push_back(at);
    }
    find_strangers(node, std::move(mine), below);
    for (size_t i = 0; i < members.children.size(); ++i)
      if (const auto& child = members.children[i]; child.module)
        visit(*child.module, below[i], prefix + child.name + ".", depth + 1);
  }

  // Everything that can fail: bytes of the file are read and verified, memory of the parameters is had.
  void prepare() {
    std::vector<Tensor> sources;  // what is only given on is not read unless it must be checked
    for (const auto& step : plan_)
      if (!assign_ || !step.source.storage().is_loaded()) sources.push_back(step.source);
    prefetch(sources);
    for (auto& step : plan_) {
      if (step.source.device() != meta && step.source.numel() > 0) step.source.data();
      if (assign_ || step.target->numel() == 0) continue;
      step.target->data();
      // A source that shares memory with the module (its own state_dict, say) is not to be read after being
      // half overwritten.
      if (step.source.storage() == step.target->storage() && !step.source.is_same_view(*step.target))
        step.source = step.source.clone();
      else if (step.source.device() != step.target->device())
        step.source = step.source.to(step.target->device());
    }
  }

  void commit() {
    if (assign_) {
      assign_all();
    } else {
      for (auto& step : plan_)
        if (!step.source.is_same_view(*step.target)) step.target->copy_(step.source);
    }
    for (auto& [module, state] : extra_states_) module->set_extra_state(*state);
  }

  std::vector<std::string> missing, unexpected, warnings;
  std::vector<LoadProblem> tensor_problems;  // in visiting order

 private:
  struct Step {
    Tensor* target;
    Tensor source;
  };

  int entry_at(int node) const { return node < 0 ? -1 : keys_.node(node).entry; }

  void fit(Tensor& target, const std::string& key, const Value& value) {
    if (is_special_tensor(value)) {
      const Shape shape = shape_of_special_tensor(value);
      if (shape != target.shape()) return size_mismatch(key, shape, target.shape());
      if (assign_)
        return copy_failed(key, shape, target.shape(),
                           "this kind of tensor cannot be assigned to a Sconce module");
      return copy_failed(key, shape, target.shape(), refusal_of_special_tensor(value, target));
    }
    if (value.kind() != Value::Kind::tensor) {
      tensor_problems.push_back(
          {LoadProblem::Kind::not_a_tensor,
           key,
           {},
           {},
           "While copying the parameter named \"" + key +
               "\", expected torch.Tensor or Tensor-like object from checkpoint but received <class '" +
               value.type_name() + "'>"});
      return;
    }
    Tensor source = value.as_tensor();
    // Files from before PyTorch 0.4 have no 0-dim tensors.
    if (target.dim() == 0 && source.dim() == 1 && source.size(0) == 1) source = source.select(0, 0);
    if (source.shape() != target.shape()) return size_mismatch(key, source.shape(), target.shape());
    if (!assign_) {
      if (target.device() == meta) {
        if (source.device() != meta)
          warnings.push_back("for " + key +
                             ": copying from a non-meta parameter in the checkpoint to a meta parameter in "
                             "the current model, "
                             "which is a no-op. (Did you mean to pass `assign=True` to assign items in the "
                             "state dictionary to "
                             "their corresponding key in the module instead of copying them in place?)");
        return;
      }
      if (const std::string refusal = copy_refusal(source, target); !refusal.empty())
        return copy_failed(key, source.shape(), target.shape(), refusal);
      if (is_complex(source.dtype()) && !is_complex(target.dtype()))
        warnings.push_back("Casting complex values to real discards the imaginary part");
    }
    plan_.push_back({&target, std::move(source)});
  }

  void size_mismatch(const std::string& key, const Shape& in_checkpoint, const Shape& in_model) {
    tensor_problems.push_back(
        {LoadProblem::Kind::size_mismatch, key, in_checkpoint, in_model,
         concat("size mismatch for ", key, ": copying a param with shape torch.Size(", in_checkpoint,
                ") from checkpoint, the shape in current model is torch.Size(", in_model, ").")});
  }

  void copy_failed(const std::string& key, const Shape& in_checkpoint, const Shape& in_model,
                   const std::string& reason) {
    tensor_problems.push_back(
        {LoadProblem::Kind::copy_failed, key, in_checkpoint, in_model,
         concat("While copying the parameter named \"", key,
                "\", whose dimensions in the model are torch.Size(", in_model,
                ") and whose dimensions in the checkpoint are torch.Size(", in_checkpoint,
                "), an exception occurred : (", python_repr(reason), ",).")});
  }

  void visit_extra_state(Module& module, int node, const std::string& prefix) {
    const int entry = entry_at(keys_.child(node, extra_state_name));
    if (module.has_extra_state()) {
      if (entry >= 0)
        extra_states_.emplace_back(&module, &state_.entries()[static_cast<size_t>(entry)].value);
      else
        missing.push_back(prefix + extra_state_name);
    } else if (entry >= 0) {
      unexpected.push_back(prefix + extra_state_name);
    }
  }

  // Keys of this level that name neither a tensor nor lie in a child, in the order of the state_dict. Keys in
  // a child that is None belong to nobody and are never reported: PyTorch's behaviour.
  void find_strangers(int node, std::vector<int> local, std::vector<int> children) {
    if (node < 0) return;
    std::sort(local.begin(), local.end());
    std::sort(children.begin(), children.end());
    const auto among = [](const std::vector<int>& nodes, int one) {
      return std::binary_search(nodes.begin(), nodes.end(), one);
    };
    std::vector<int> strangers;
    for (int below = keys_.node(node).first_child; below >= 0; below = keys_.node(below).next) {
      const int entry = entry_at(below);
      if (entry >= 0 && !among(local, below) && keys_.node(below).component != extra_state_name)
        strangers.push_back(entry);
      if (among(children, below)) continue;
      for (int deeper = keys_.node(below).first_child; deeper >= 0; deeper = keys_.node(deeper).next)
        keys_.entries_below(deeper, strangers);
    }
    std::sort(strangers.begin(), strangers.end());
    for (const int entry : strangers) unexpected.push_back(state_.entries()[static_cast<size_t>(entry)].key);
  }

  // Gives members the checkpoint's tensors. Members that were one tensor before get one tensor again.
  void assign_all() {
    constexpr size_t none = HashIndex::npos;
    HashIndex by_storage;  // to a step, the last one of those that share the storage
    std::vector<size_t> taken(plan_.size()), other(plan_.size(), none);  // further steps that share it
    by_storage.reserve(plan_.size());
    for (size_t i = plan_.size(); i-- > 0;) {
      const Tensor& before = *plan_[i].target;
      const auto same = [&](size_t j) { return plan_[j].target->storage() == before.storage(); };
      const uint64_t hash = HashIndex::hash(before.storage().id());
      const size_t first = by_storage.find(hash, same);
      taken[i] = i;
      for (size_t j = first; j != none; j = other[j])
        if (plan_[j].target->is_same_view(before)) taken[i] = j;
      if (taken[i] != i) continue;
      if (first == none)
        by_storage.insert(hash, i);
      else
        other[i] = std::exchange(other[first], i);
    }
    for (size_t i = 0; i < plan_.size(); ++i) *plan_[i].target = plan_[taken[i]].source;
  }

  const StateDict& state_;
  KeyTree keys_;
  bool assign_;
  std::vector<Step> plan_;
  std::vector<std::pair<Module*, const Value*>> extra_states_;
};

}  // namespace

IncompatibleKeys Module::load_state_dict(const StateDict& state, const LoadStateDictOptions& options) {
  Fitting fitting(state, options.assign);
  fitting.visit(*this, 0, "");

  std::vector<std::string> lines;
  std::vector<LoadProblem> problems;
  const auto report = [&](LoadProblem::Kind kind, const char* title, const std::vector<std::string>& keys) {
    if (keys.empty() || !options.strict) return;
    lines.push_back(title + quoted_list(keys) + ". ");
    for (const auto& key : keys) problems.push_back({kind, key, {}, {}, {}});
  };
  report(LoadProblem::Kind::missing, "Missing key(s) in state_dict: ", fitting.missing);
  report(LoadProblem::Kind::unexpected, "Unexpected key(s) in state_dict: ", fitting.unexpected);
  for (auto& problem : fitting.tensor_problems) {
    lines.push_back(problem.text);
    problems.push_back(std::move(problem));
  }
  if (!lines.empty()) {
    std::string message = "Error(s) in loading state_dict for " + class_name() + ":";
    for (const auto& line : lines) message += "\n\t" + line;
    throw LoadStateDictError(std::move(message), std::move(problems), suggest(*this, state));
  }
  fitting.prepare();
  fitting.commit();
  return {std::move(fitting.missing), std::move(fitting.unexpected), std::move(fitting.warnings)};
}

LoadStateDictError::LoadStateDictError(std::string message, std::vector<LoadProblem> problems, LoadHint hint)
    : Error(ErrorKind::mismatch, std::move(message)),
      problems_(std::move(problems)),
      hint_(std::move(hint)) {}

std::vector<std::string> LoadStateDictError::keys(LoadProblem::Kind kind) const {
  std::vector<std::string> out;
  for (const auto& problem : problems_)
    if (problem.kind == kind) out.push_back(problem.key);
  return out;
}

std::ostream& operator<<(std::ostream& out, const IncompatibleKeys& keys) {
  if (keys.missing_keys.empty() && keys.unexpected_keys.empty())
    return out << "<All keys matched successfully>";
  return out << "_IncompatibleKeys(missing_keys=" << python_repr(keys.missing_keys)
             << ", unexpected_keys=" << python_repr(keys.unexpected_keys) << ")";
}

}  // namespace sconce::nn
