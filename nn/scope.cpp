#include "scope.h"

#include <sconce/graph.h>
#include <sconce/nn/module.h>

#include <unordered_map>

namespace sconce::nn {
namespace {

// What this thread's outermost recorded call knows: the path of each module, and of the calls under way.
struct Names {
  std::unordered_map<const Module*, std::string> path;
  std::vector<std::string> calls;
};
thread_local Names* names = nullptr;

}  // namespace

ModuleScope::ModuleScope(const Module& module) {
  if (!names) {
    outermost_ = true;
    auto fresh = std::make_unique<Names>();
    for (auto& [path, m] : module.named_modules()) fresh->path.emplace(m, path);
    names = fresh.release();
  }
  const auto known = names->path.find(&module);
  const std::string path = known != names->path.end() ? known->second : module.class_name();
  // The recorder joins what is pushed, so each call gives the part of its path below the enclosing call.
  std::string relative = path;
  if (!names->calls.empty() && !names->calls.back().empty() && path.starts_with(names->calls.back() + "."))
    relative = path.substr(names->calls.back().size() + 1);
  names->calls.push_back(path);
  pushed_ = !relative.empty();
  if (pushed_) Recorder::active()->push_scope(relative);
}

ModuleScope::~ModuleScope() {
  if (pushed_ && Recorder::active()) Recorder::active()->pop_scope();
  names->calls.pop_back();
  if (outermost_) {
    delete names;
    names = nullptr;
  }
}

}  // namespace sconce::nn
