// How a module says what it consists of: each member's name, once, in the order of the Python class.
#pragma once
#include <sconce/tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sconce::nn {

class Module;

// What a module registered, in order, by PyTorch's three kinds of state. Pointers are into the module.
struct Members {
  struct TensorMember {
    std::string name;
    Tensor* tensor;   // undefined where PyTorch registers None
    bool persistent;  // false: a buffer that state_dict() leaves out
  };
  struct ChildMember {
    std::string name;
    Module* module;  // null where PyTorch registers None
  };
  std::vector<TensorMember> parameters, buffers;
  std::vector<ChildMember> children;
};

// The argument of Module::members(). Loading, saving, counting, moving and printing are all done with what it
// collects:
//   void members(Walk& w) override {
//     w("conv1", conv1);                       // a child module
//     w("scale", scale);                       // a Tensor: a parameter
//     w.buffer("running_mean", running_mean);  // a Tensor: a buffer
//   }
// Order among the parameters, the buffers and the children is the order that PyTorch would have registered
// them in. Tensors and children may be absent (undefined, null, empty optional): PyTorch's None. One object
// may be said under two names. Every call throws ErrorKind::invalid_argument on an empty name or one that
// contains a dot.
class Walk {
 public:
  // A parameter, as self.register_parameter(name, ...).
  void operator()(std::string_view name, Tensor& parameter);
  // A buffer, as self.register_buffer(name, ..., persistent).
  void buffer(std::string_view name, Tensor& buffer, bool persistent = true);
  // A child, as self.add_module(name, ...).
  void operator()(std::string_view name, Module& child) { add_child(name, &child); }
  template <class M>
  void operator()(std::string_view name, const std::unique_ptr<M>& child) {
    add_child(name, child.get());
  }
  template <class M>
  void operator()(std::string_view name, const std::shared_ptr<M>& child) {
    add_child(name, child.get());
  }
  template <class M>
  void operator()(std::string_view name, std::optional<M>& child) {
    add_child(name, child ? &*child : nullptr);
  }
  // A child that PyTorch registers as None.
  void operator()(std::string_view name, std::nullptr_t) { add_child(name, nullptr); }

 private:
  friend Members members_of(const Module& module);
  void add_child(std::string_view name, Module* child);
  Members members_;
};

// One level: what `module` says about itself. Throws ErrorKind::invalid_argument when it uses a name twice.
Members members_of(const Module& module);

}  // namespace sconce::nn
