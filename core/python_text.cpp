#include "python_text.h"

#include <array>

namespace sconce {
namespace {

using Kind = Value::Kind;

bool is_text(const Value& v) { return v.kind() == Kind::string || v.kind() == Kind::bytes; }

// The bytes that a datetime class saves itself as.
std::optional<std::array<int, 10>> saved_bytes(const Value& object, size_t count) {
  const auto& args = object.arguments();
  if (args.empty() || args.size() > 2 || !is_text(args[0]) || args[0].size() != count) return std::nullopt;
  std::array<int, 10> out{};
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<unsigned char>(args[0].as_string()[i]);
  return out;
}

// The offset from UTC and the time within a fold, behind the numbers of a datetime or time.
std::optional<std::string> zone_text(const Value& object, int fold) {
  std::string out;
  if (object.arguments().size() == 2) {
    const Value& info = object.arguments()[1];
    const auto zone = info.type_name() == "datetime.timezone" ? python_text(info) : std::nullopt;
    if (!zone) return std::nullopt;
    out = ", tzinfo=" + *zone;
  }
  return out + (fold ? ", fold=1" : "") + ")";
}

// hour, minute, second and three bytes of microseconds; the last two only as far as they are not 0.
std::string clock_text(const int* at) {
  const int microseconds = at[3] << 16 | at[4] << 8 | at[5];
  std::string out = concat(at[0], ", ", at[1]);
  if (at[2] || microseconds) out += concat(", ", at[2]);
  if (microseconds) out += concat(", ", microseconds);
  return out;
}

std::optional<std::string> date_text(const Value& object) {
  const auto b = saved_bytes(object, 4);
  if (!b || object.arguments().size() != 1) return std::nullopt;
  return concat("datetime.date(", (*b)[0] * 256 + (*b)[1], ", ", (*b)[2], ", ", (*b)[3], ")");
}

std::optional<std::string> time_text(const Value& object) {
  auto b = saved_bytes(object, 6);
  if (!b) return std::nullopt;
  const int fold = (*b)[0] >> 7;  // the top bit of the first byte
  (*b)[0] &= 127;
  const auto zone = zone_text(object, fold);
  if (!zone) return std::nullopt;
  return "datetime.time(" + clock_text(b->data()) + *zone;
}

std::optional<std::string> datetime_text(const Value& object) {
  auto b = saved_bytes(object, 10);
  if (!b) return std::nullopt;
  const int fold = (*b)[2] >> 7;  // the top bit of the month
  (*b)[2] &= 127;
  const auto zone = zone_text(object, fold);
  if (!zone) return std::nullopt;
  return concat("datetime.datetime(", (*b)[0] * 256 + (*b)[1], ", ", (*b)[2], ", ", (*b)[3], ", ",
                clock_text(b->data() + 4), *zone);
}

std::optional<std::string> timedelta_text(const Value& object) {
  static constexpr const char* names[] = {"days=", "seconds=", "microseconds="};
  std::string out;
  for (size_t i = 0; i < object.arguments().size(); ++i) {
    const Value& v = object.arguments()[i];
    if (i > 2 || v.kind() != Kind::integer) return std::nullopt;
    if (v.as_int()) out += concat(out.empty() ? "" : ", ", names[i], v.as_int());
  }
  return "datetime.timedelta(" + (out.empty() ? "0" : out) + ")";
}

std::optional<std::string> timezone_text(const Value& object) {
  const auto& args = object.arguments();
  if (args.empty() || args.size() > 2 || args[0].type_name() != "datetime.timedelta") return std::nullopt;
  if (args.size() == 2 && args[1].kind() != Kind::string) return std::nullopt;
  const auto offset = timedelta_text(args[0]);
  if (!offset) return std::nullopt;
  if (args.size() == 1 && *offset == "datetime.timedelta(0)") return "datetime.timezone.utc";
  return "datetime.timezone(" + *offset + (args.size() == 2 ? ", " + args[1].repr(100) : "") + ")";
}

// PosixPath('/', 'home', 'x'), and, from Python 3.13 on, one text.
std::optional<std::string> path_text(const Value& object) {
  std::string path;
  for (const Value& part : object.arguments()) {
    if (part.kind() != Kind::string) return std::nullopt;
    std::string text = part.as_string();
    for (char& c : text) c = c == '\\' ? '/' : c;
    path += (path.empty() || path.ends_with('/') ? "" : "/") + text;
  }
  const std::string type = object.type_name();
  return type.substr(type.rfind('.') + 1) + "(" + Value(path.empty() ? "." : path).repr(1000) + ")";
}

// A UUID's number is a decimal of up to 128 bits.
std::optional<std::string> uuid_text(const Value& object) {
  const Value* number = object.state().find("int");
  if (!number || (number->kind() != Kind::integer && number->kind() != Kind::big_integer))
    return std::nullopt;
  const std::string digits = number->repr(50);
  std::array<uint64_t, 4> limbs{};  // of 32 bits, the highest first
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    uint64_t carry = static_cast<uint64_t>(c - '0');
    for (size_t i = 4; i-- > 0;) {
      carry += limbs[i] * 10;
      limbs[i] = carry & 0xffffffff;
      carry >>= 32;
    }
    if (carry) return std::nullopt;
  }
  std::string out;
  for (size_t i = 0; i < 32; ++i) {
    if (i == 8 || i == 12 || i == 16 || i == 20) out += '-';
    out += "0123456789abcdef"[limbs[i / 8] >> (28 - i % 8 * 4) & 15];
  }
  return "UUID('" + out + "')";
}

// numpy.dtype('f4', False, True) with the state (3, '<', ...).
std::optional<std::string> dtype_text(const Value& object) {
  const auto& args = object.arguments();
  if (args.empty() || !is_text(args[0])) return std::nullopt;
  const Value& state = object.state();
  const bool ordered = state.kind() == Kind::tuple && state.size() > 1 && is_text(state[1]);
  const std::string order = ordered && state[1].as_string() != "|" ? state[1].as_string() : "";
  return "dtype(" + Value(order + args[0].as_string()).repr(100) + ")";
}

}  // namespace

std::optional<std::string> python_text(const Value& object) {
  const std::string type = object.type_name();
  if (type == "datetime.date") return date_text(object);
  if (type == "datetime.time") return time_text(object);
  if (type == "datetime.datetime") return datetime_text(object);
  if (type == "datetime.timedelta") return timedelta_text(object);
  if (type == "datetime.timezone") return timezone_text(object);
  if (type.starts_with("pathlib.") && type.ends_with("Path")) return path_text(object);
  if (type == "uuid.UUID") return uuid_text(object);
  if (type == "numpy.dtype") return dtype_text(object);
  return std::nullopt;
}

std::optional<PythonCall> python_call(const Value& object) {
  const std::string type = object.type_name();
  const auto& args = object.arguments();
  const Value& state = object.state();
  PythonCall call;
  if (type == "collections.deque") {
    call = {"deque", {Value::list(object.items())}, {}};
    if (args.size() == 2) call.keywords.emplace_back("maxlen", args[1]);
  } else if ((type == "argparse.Namespace" || type == "types.SimpleNamespace") && args.empty() &&
             state.kind() == Kind::dict) {
    call = {type == "argparse.Namespace" ? "Namespace" : "namespace", {}, state.pairs()};
  } else if (type == "functools.partial" && state.kind() == Kind::tuple && state.size() == 4 &&
             state[1].kind() == Kind::tuple && state[2].kind() == Kind::dict) {
    call = {type, {state[0]}, state[2].pairs()};
    call.positional.insert(call.positional.end(), state[1].items().begin(), state[1].items().end());
  } else if (type == "builtins.slice" || type == "builtins.range") {
    call = {type.substr(9), args, {}};
    if (type == "builtins.range" && args.size() == 3 && args[2].kind() == Kind::integer &&
        args[2].as_int() == 1)
      call.positional.pop_back();
  } else if (type == "torch.nested.nested_tensor") {
    call = {"nested_tensor", {Value::list(object.items())}, {}};
  } else if (type == "numpy.ndarray" && state.kind() == Kind::tuple && state.size() == 5 &&
             state[4].kind() == Kind::list) {
    call = {"array", {state[4]}, {{"shape", state[1]}, {"dtype", state[2]}}};
  } else {
    return std::nullopt;
  }
  for (const auto& [name, value] : call.keywords)
    if (name.kind() != Kind::string) return std::nullopt;
  return call;
}

}  // namespace sconce
