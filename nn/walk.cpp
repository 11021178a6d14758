#include <sconce/nn/module.h>
#include <sconce/nn/walk.h>

#include <algorithm>

namespace sconce::nn {
namespace {

// PyTorch's own words for names that could not be told apart from paths.
void check_name(const char* what, std::string_view name) {
  check(!name.empty(), what, " name can't be empty string \"\"");
  check(name.find('.') == std::string_view::npos, what, " name can't contain \".\", got: ", name);
}

}  // namespace

void Walk::operator()(std::string_view name, Tensor& parameter) {
  check_name("parameter", name);
  members_.parameters.push_back({std::string(name), &parameter, true});
}

void Walk::buffer(std::string_view name, Tensor& buffer, bool persistent) {
  check_name("buffer", name);
  members_.buffers.push_back({std::string(name), &buffer, persistent});
}

void Walk::add_child(std::string_view name, Module* child) {
  check_name("module", name);
  members_.children.push_back({std::string(name), child});
}

Members members_of(const Module& module) {
  Walk walk;
  // members() hands out references that may be written through, so it cannot be const; looking is.
  const_cast<Module&>(module).members(walk);
  std::vector<std::string_view> names;
  for (const auto& p : walk.members_.parameters) names.push_back(p.name);
  for (const auto& b : walk.members_.buffers) names.push_back(b.name);
  for (const auto& c : walk.members_.children) names.push_back(c.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice != names.end())
    fail(ErrorKind::invalid_argument, "[members] expected every member of ", module.class_name(),
         " to have a name of its own, got \"", *twice, "\" twice");
  return std::move(walk.members_);
}

}  // namespace sconce::nn
