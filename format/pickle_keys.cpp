// Dictionary keys, compared as Python compares them.
#include "pickle_keys.h"

#include <cstring>

namespace sconce {
namespace {

// Looks at a bounded number of values, because tuples may share parts.
class KeyText {
 public:
  explicit KeyText(const Value& key) { add(key, 0); }
  std::string text;

 private:
  void add(const Value& v, int depth) {
    if (depth > 32 || ++parts_ > 1000)
      fail(ErrorKind::out_of_budget, "a dictionary key has more than 1000 parts");
    switch (v.kind()) {
      case Value::Kind::none: text += 'n'; break;
      case Value::Kind::boolean:
      case Value::Kind::integer: text += 'i' + std::to_string(v.as_int()); break;
      case Value::Kind::floating: add_float(v.as_double()); break;
      case Value::Kind::list:
      case Value::Kind::set:
      case Value::Kind::dict: fail(ErrorKind::corrupt, "expected a dictionary key, got a ", v.type_name());
      case Value::Kind::tuple:
      case Value::Kind::size:
        text += '(';
        for (const Value& item : v.items()) add(item, depth + 1), text += ',';
        text += ')';
        break;
      case Value::Kind::string: add_text('s', v.as_string()); break;
      case Value::Kind::bytes: add_text('b', v.as_string()); break;
      case Value::Kind::big_integer: add_text('i', v.as_string()); break;
      case Value::Kind::global: add_text('g', v.as_string()); break;
      case Value::Kind::dtype: add_text('t', name_of(v.as_dtype())); break;
      case Value::Kind::device: add_text('d', v.as_device().str()); break;
      default: add_identity(v); break;
    }
  }
  void add_text(char kind, std::string_view s) {
    if (s.size() > 65536)
      fail(ErrorKind::out_of_budget, "a part of a dictionary key has ", s.size(), " bytes");
    ((text += kind) += std::to_string(s.size()) + ':') += s;
  }
  void add_float(double d) {
    if (d >= -9e18 && d <= 9e18 && d == static_cast<double>(static_cast<int64_t>(d))) {
      text += 'i' + std::to_string(static_cast<int64_t>(d));
      return;
    }
    char raw[sizeof d];
    std::memcpy(raw, &d, sizeof d);
    add_text('f', {raw, sizeof d});
  }
  void add_identity(const Value& v) { text += 'o' + std::to_string(reinterpret_cast<uintptr_t>(v.node())); }

  int parts_ = 0;
};

}  // namespace

std::string key_text(const Value& key) { return KeyText(key).text; }

void check_member(const Value& item) {
  const Value::Kind kind = item.kind();
  const bool mutable_kind = kind == Value::Kind::list || kind == Value::Kind::dict ||
                            (kind == Value::Kind::set && item.type_name() == "set") ||
                            (kind == Value::Kind::bytes && item.type_name() == "bytearray");
  if (mutable_kind) fail(ErrorKind::corrupt, "expected a member of a set, got a ", item.type_name());
}

bool same_key(const Value& a, const Value& b) {
  const bool text = a.kind() == Value::Kind::string;
  if (text != (b.kind() == Value::Kind::string)) return false;
  return text ? a.as_string() == b.as_string() : key_text(a) == key_text(b);
}

}  // namespace sconce
