#include <sconce/nn/sequential.h>

namespace sconce::nn {

void Container::members(Walk& w) {
  for (auto& child : children_) w(child.name, child.module);
}

const NamedModule& Container::at(size_t i) const {
  check(i < children_.size(), "[", class_name(), "] index ", i, " is out of range: it has ", children_.size(),
        " children");
  return children_[i];
}

Module* Container::find(std::string_view name) const {
  for (const auto& child : children_)
    if (child.name == name) return child.module.get();
  return nullptr;
}

Tensor Sequential::forward(const Tensor& x) const {
  Tensor y = x;
  for (size_t i = 0; i < size(); ++i) y = (*this)[i](y);
  return y;
}

Module& ModuleDict::operator[](std::string_view name) {
  if (Module* found = find(name)) return *found;
  std::string names;
  for (size_t i = 0; i < size(); ++i) names += (i ? ", \"" : "\"") + this->name(i) + "\"";
  fail(ErrorKind::invalid_argument, "[ModuleDict] no child \"", name, "\"; there are ",
       names.empty() ? "none" : names);
}

}  // namespace sconce::nn
