// The arguments of calls in a checkpoint, checked as they are taken.
#include "rebuild_arguments.h"

namespace sconce {

using Kind = Value::Kind;

const std::string& text_of(const Value& v, const char* what) {
  if (v.kind() != Kind::string && v.kind() != Kind::bytes)
    fail(ErrorKind::corrupt, "expected ", what, " as text, got ", v.type_name());
  return v.as_string();
}

int64_t count_of(const Value& v, const char* what) {
  if (v.kind() != Kind::integer)
    fail(ErrorKind::corrupt, "expected ", what, " as an int, got ", v.type_name());
  if (v.as_int() < 0) fail(ErrorKind::corrupt, "expected ", what, " of at least 0, got ", v.as_int());
  return v.as_int();
}

std::vector<int64_t> counts_of(const Value& v, const char* what) {
  if (v.kind() != Kind::tuple && v.kind() != Kind::size && v.kind() != Kind::list)
    fail(ErrorKind::corrupt, "expected ", what, " as a tuple, got ", v.type_name());
  std::vector<int64_t> out;
  out.reserve(v.items().size());
  for (const Value& item : v.items()) out.push_back(count_of(item, what));
  return out;
}

void expect_count(const char* what, const Value::Items& arguments, size_t least, size_t most) {
  if (arguments.size() < least || arguments.size() > most)
    fail(ErrorKind::corrupt, "[", what, "] expected ", least, least == most ? "" : " or more",
         " arguments, got ", arguments.size());
}

bool flag(const Value& dict, std::string_view name) {
  const Value* v = dict.find(name);
  return v && v->kind() == Kind::boolean && v->as_bool();
}

bool is_any_tensor(const Value& v) {
  return v.kind() == Kind::tensor || v.kind() == Kind::quantized || v.kind() == Kind::sparse;
}

Value attributes_of(const Value& state) {
  if (state.kind() == Kind::dict) return state;
  return state.kind() == Kind::tuple && state.size() == 2 && state[0].kind() == Kind::dict ? state[0]
                                                                                           : Value();
}

int64_t reach_of(const std::vector<int64_t>& size, const std::vector<int64_t>& stride, int64_t offset) {
  if (size.size() != stride.size())
    fail(ErrorKind::corrupt, "a tensor with ", size.size(), " extents and ", stride.size(), " strides");
  int64_t numel = 1, last = offset;
  bool overflow = false;
  for (size_t d = 0; d < size.size(); ++d) {
    if (size[d] == 0) return 0;
    int64_t step = 0;
    overflow |= !checked_multiply(numel, size[d], numel) || !checked_multiply(size[d] - 1, stride[d], step) ||
                !checked_add(last, step, last);
  }
  if (overflow || !checked_add(last, 1, last))
    fail(ErrorKind::corrupt, "a tensor of shape ", Shape(size), " and strides ", Shape(stride),
         " does not fit 64 bits");
  return last;
}

}  // namespace sconce
