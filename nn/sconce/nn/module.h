// The base of every network and layer.
#pragma once
#include <sconce/nn/load_state_dict.h>
#include <sconce/nn/walk.h>
#include <sconce/state_dict.h>
#include <sconce/tensor.h>

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sconce::nn {

// As torch.nn.Module, without training. Modules are values: members of their parents, no handles, no
// registration macro.
//   struct Net : nn::Module {                                // names are those of the Python class
//     nn::Conv2d conv1{3, 16, 3, {.padding = 1}};
//     nn::Linear fc{16 * 14 * 14, 10};
//     Tensor forward(const Tensor& x) const override {
//       return fc(flatten(max_pool2d(relu(conv1(x)), 2), 1));
//     }
//     void members(Walk& w) override { w("conv1", conv1), w("fc", fc); }
//   };
// Modules move but do not copy: two modules with the same parameters by accident is nothing that anybody
// wants. Parameters of the layers start as zeros (norms: weight and variance one), since Sconce never
// initialises at random.
class Module {
 public:
  using Tensor = sconce::Tensor;  // so that a network outside the namespace can write Tensor and Walk
  using Walk = nn::Walk;

  Module() = default;
  Module(Module&&) = default;
  Module& operator=(Module&&) = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module() = default;

  // What the module computes. Throws ErrorKind::unsupported for a module that takes something else than one
  // tensor.
  virtual Tensor forward(const Tensor& x) const;
  // forward(), and while a graph is being recorded the calls inside carry this module's dotted name.
  Tensor operator()(const Tensor& x) const;

  // Says each parameter, buffer and child with its name. A module without any need not override it.
  virtual void members(Walk& w);
  // What print shows between the parentheses, as Module.extra_repr().
  virtual std::string extra_repr() const;
  // The name of the Python class: by default that of the C++ class, without namespaces and template
  // arguments.
  virtual std::string class_name() const;
  // Module._version, written to `_metadata`.
  virtual int64_t version() const { return 1; }
  // Whether a checkpoint of this module's `version` (nullopt: none recorded) may lack the tensor `name`; the
  // module's own value then stays. BatchNorm's num_batches_tracked is such a one.
  virtual bool may_be_absent(std::string_view name, std::optional<int64_t> version) const;
  // The name that child `name` had in checkpoints of this module's `version`; empty: no other. Keys below it are read
  // where the present name has none.
  virtual std::string_view former_name(std::string_view name, std::optional<int64_t> version) const;
  // Values beside tensors, under the key "_extra_state", as get_extra_state() and set_extra_state().
  // set_extra_state() runs after every check has passed and must not throw.
  virtual bool has_extra_state() const { return false; }
  virtual Value get_extra_state() const;
  virtual void set_extra_state(const Value& state);

  // Sconce never trains, so a module always behaves as after PyTorch's model.eval(): the call is a visible
  // statement of that and changes nothing. Returns *this: net.eval()(x).
  Module& eval() { return *this; }

  // Copies the tensors of `state` into the parameters and persistent buffers of the whole tree, casting to
  // their dtypes. Everything is checked first (and deferred bytes of the file are read and verified), then
  // all is written or nothing. Throws LoadStateDictError with PyTorch's exact words. See
  // <sconce/nn/load_state_dict.h>.
  IncompatibleKeys load_state_dict(const StateDict& state, const LoadStateDictOptions& options = {});

  // Names and tensors of the whole tree, with `_metadata`, ordered as PyTorch does. Tensors are shared, not
  // copied.
  StateDict state_dict() const;
  // The parameters, each once even when it has several names; depth first, own before children's.
  std::vector<std::pair<std::string, Tensor>> named_parameters() const;
  std::vector<Tensor> parameters() const;
  // The same for buffers, persistent or not.
  std::vector<std::pair<std::string, Tensor>> named_buffers() const;
  // The module itself ("") and all below, each once, parents first. Pointers live as long as the tree is not
  // changed.
  std::vector<std::pair<std::string, const Module*>> named_modules() const;
  // The direct children, in order, without those that are None.
  std::vector<std::pair<std::string, const Module*>> children() const;
  // The module at a dotted path, as Module.get_submodule(). Throws ErrorKind::invalid_argument naming what is
  // missing.
  Module& submodule(std::string_view path);
  // Elements of all parameters, ties counted once.
  int64_t num_parameters() const;

  // Moves every parameter and buffer; casts the floating-point (to a floating dtype) and complex ones, as
  // Module.to(dtype). Ties stay ties. Return *this.
  Module& to(Device device);
  Module& to(DType dtype);

  // PyTorch's repr(module).
  std::string str() const;

 private:
  friend class ModuleList;
  virtual bool folds_repeats() const { return false; }  // ModuleList prints "(0-2): 3 x Block(...)"
};

// Prints module.str().
std::ostream& operator<<(std::ostream& out, const Module& module);

}  // namespace sconce::nn
