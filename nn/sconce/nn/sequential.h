// Modules that hold modules.
#pragma once
#include <sconce/nn/module.h>

#include <concepts>
#include <memory>
#include <type_traits>

namespace sconce::nn {

// A child with its name, for containers: named("conv1", Conv2d(1, 20, 5)).
struct NamedModule {
  std::string name;
  std::unique_ptr<Module> module;
};
template <class M>
requires std::derived_from<std::remove_cvref_t<M>, Module> NamedModule named(std::string name, M&& module) {
  return {std::move(name), std::make_unique<std::remove_cvref_t<M>>(std::forward<M>(module))};
}

// A list of children that it owns; the base of the containers.
class Container : public Module {
 public:
  size_t size() const { return children_.size(); }
  // Child i. Throws ErrorKind::invalid_argument past the end.
  Module& operator[](size_t i) { return *at(i).module; }
  const Module& operator[](size_t i) const { return *at(i).module; }
  // Child i as what it is: list.get<Linear>(0).weight. Throws ErrorKind::invalid_argument when it is
  // something else.
  template <class M>
  M& get(size_t i) {
    auto* module = dynamic_cast<M*>(at(i).module.get());
    check(module != nullptr, "[", class_name(), "] child ", i, " is a ", at(i).module->class_name());
    return *module;
  }
  template <class M>
  const M& get(size_t i) const {
    return const_cast<Container*>(this)->get<M>(i);
  }
  const std::string& name(size_t i) const { return at(i).name; }
  void members(Walk& w) override;

 protected:
  const NamedModule& at(size_t i) const;
  void append(std::unique_ptr<Module> module) {
    children_.push_back({std::to_string(size()), std::move(module)});
  }
  void append(NamedModule child) { children_.push_back(std::move(child)); }
  template <class M>
  requires std::derived_from<M, Module>
  void append(M&& module) { append(std::make_unique<M>(std::forward<M>(module))); }
  // Children by name; null where there is none.
  Module* find(std::string_view name) const;

 private:
  std::vector<NamedModule> children_;
};

template <class M>
concept ModuleValue = std::derived_from<M, Module> || std::same_as<M, NamedModule>;

// Children that feed each other, as torch.nn.Sequential:
//   Sequential body{Linear(784, 128), ReLU(), Linear(128, 10)};
//   Sequential named_body{named("fc", Linear(784, 10)), named("act", ReLU())};
// One Sequential given as the only child would be a move; use push_back for that.
class Sequential : public Container {
 public:
  Sequential() = default;
  template <ModuleValue... M>
  requires(sizeof...(M) > 0) explicit Sequential(M&&... modules) { (append(std::forward<M>(modules)), ...); }

  // Adds at the end, under the next number.
  template <class M>
  requires std::derived_from<M, Module> Sequential& push_back(M&& module) {
    return append(std::forward<M>(module)), *this;
  }
  Sequential& push_back(std::unique_ptr<Module> module) { return append(std::move(module)), *this; }
  Sequential& push_back(std::string name, std::unique_ptr<Module> module) {
    return append(NamedModule{std::move(name), std::move(module)}), *this;
  }
  Tensor forward(const Tensor& x) const override;
};

// Children by number, called by the module that holds them, as torch.nn.ModuleList.
class ModuleList : public Container {
 public:
  ModuleList() = default;
  template <ModuleValue... M>
  requires(sizeof...(M) > 0) explicit ModuleList(M&&... modules) { (append(std::forward<M>(modules)), ...); }

  template <class M>
  requires std::derived_from<M, Module> ModuleList& push_back(M&& module) {
    return append(std::forward<M>(module)), *this;
  }
  ModuleList& push_back(std::unique_ptr<Module> module) { return append(std::move(module)), *this; }

 private:
  bool folds_repeats() const override { return true; }
};

// Children by name, called by the module that holds them, as torch.nn.ModuleDict.
class ModuleDict : public Container {
 public:
  ModuleDict() = default;
  template <class... M>
  requires(sizeof...(M) > 0 && (std::same_as<M, NamedModule> && ...)) explicit ModuleDict(M&&... modules) {
    (append(std::forward<M>(modules)), ...);
  }

  template <class M>
  requires std::derived_from<M, Module> ModuleDict& insert(std::string name, M&& module) {
    return append(named(std::move(name), std::forward<M>(module))), *this;
  }
  ModuleDict& insert(std::string name, std::unique_ptr<Module> module) {
    return append(NamedModule{std::move(name), std::move(module)}), *this;
  }
  bool contains(std::string_view name) const { return find(name) != nullptr; }
  using Container::operator[];
  // Throws ErrorKind::invalid_argument naming the children there are when there is none of that name.
  Module& operator[](std::string_view name);
  Module& operator[](const char* name) { return (*this)[std::string_view(name)]; }
};

}  // namespace sconce::nn
