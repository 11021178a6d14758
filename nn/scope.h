// Gives the recorder the dotted names of the modules that are being called.
#pragma once
#include <sconce/graph.h>

#include <optional>

namespace sconce::nn {

class Module;

// For the time of one module's call while a recorder is active: the calls inside carry its path. The module
// whose call is the outermost is the root, whose tree gives the names.
class ModuleScope {
 public:
  explicit ModuleScope(const Module& module);
  ~ModuleScope();
  ModuleScope(const ModuleScope&) = delete;
  ModuleScope& operator=(const ModuleScope&) = delete;

 private:
  bool pushed_ = false, outermost_ = false;
};

// The same for calls that are not forward(x), and nothing while nobody records.
class CallScope {
 public:
  explicit CallScope(const Module& module) {
    if (Recorder::active()) scope_.emplace(module);
  }

 private:
  std::optional<ModuleScope> scope_;
};

}  // namespace sconce::nn
