// The walk over a value tree for its tensors.
#include <sconce/quantized.h>
#include <sconce/sparse.h>
#include <sconce/tensors_in.h>

#include <unordered_set>

namespace sconce {
namespace {

using Kind = Value::Kind;

class Walk {
 public:
  std::vector<NamedTensor> found;

  void visit(const Value& value, const std::string& path) {
    switch (value.kind()) {
      case Kind::tensor:
      case Kind::quantized:
      case Kind::sparse: found.push_back({path, value}); return;
      case Kind::list:
      case Kind::tuple:
      case Kind::set:
      case Kind::dict:
      case Kind::object: break;
      default: return;
    }
    if (!entered_.insert(value.node()).second) return;
    for (size_t i = 0; i < value.items().size(); ++i)
      visit(value.items()[i], path + "[" + std::to_string(i) + "]");
    for (const auto& [key, item] : value.pairs()) visit(item, join_path(path, path_key(key)));
    if (value.kind() != Kind::object) return;
    for (size_t i = 0; i < value.arguments().size(); ++i)
      visit(value.arguments()[i], join_path(path, "argument " + std::to_string(i)));
    visit(value.state(), join_path(path, "state"));
  }

 private:
  std::unordered_set<const Value::Node*> entered_;
};

}  // namespace

std::vector<Tensor> NamedTensor::parts() const {
  std::vector<Tensor> out;
  const auto add = [&](const Tensor& part) {
    if (part.defined()) out.push_back(part);
  };
  if (value.kind() == Kind::quantized) {
    const QuantizedTensor& q = value.as_quantized();
    for (const Tensor* part : {&q.values, &q.scales, &q.zero_points}) add(*part);
  } else if (value.kind() == Kind::sparse) {
    const SparseTensor& s = value.as_sparse();
    for (const Tensor* part : {&s.values, &s.indices, &s.compressed, &s.plain}) add(*part);
  } else {
    add(value.as_tensor());
  }
  return out;
}

std::vector<NamedTensor> tensors_in(const Value& root) {
  Walk walk;
  walk.visit(root, "");
  return std::move(walk.found);
}

std::string join_path(const std::string& path, const std::string& key) {
  if (path.empty() || (!key.empty() && key[0] == '[')) return path + key;
  return path + "." + key;
}

std::string path_key(const Value& key) {
  return key.kind() == Kind::string ? key.as_string() : "[" + key.repr(40) + "]";
}

}  // namespace sconce
