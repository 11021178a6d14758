// Gives the recorder the dotted names of the modules that are being called.
#pragma once

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

}  // namespace sconce::nn
