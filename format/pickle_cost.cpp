// What values take in the tree, for the budget.
#include "pickle_cost.h"

namespace sconce {

bool is_container(const Value& v) {
  switch (v.kind()) {
    case Value::Kind::list:
    case Value::Kind::tuple:
    case Value::Kind::set:
    case Value::Kind::dict:
    case Value::Kind::object: return true;
    case Value::Kind::size:
    case Value::Kind::tensor:
    case Value::Kind::quantized:
    case Value::Kind::sparse: return !v.attributes().is_none();
    default: return false;
  }
}

uint64_t cost_of(const Value& v) {
  switch (v.kind()) {
    case Value::Kind::none:
    case Value::Kind::boolean:
    case Value::Kind::integer:
    case Value::Kind::floating:
    case Value::Kind::dtype:
    case Value::Kind::device: return 0;
    case Value::Kind::complex: return leaf_cost;
    case Value::Kind::string:
    case Value::Kind::bytes:
    case Value::Kind::big_integer:
    case Value::Kind::global: return leaf_cost + v.as_string().size();
    case Value::Kind::tensor: return tensor_cost;
    case Value::Kind::quantized:
    case Value::Kind::sparse: return 4 * tensor_cost;
    default:
      return container_cost + (v.items().size() + v.arguments().size() + 2 * v.pairs().size()) * handle_cost;
  }
}

}  // namespace sconce
