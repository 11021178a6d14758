// What calls of Python's own classes and functions make: containers, bytes, complex numbers, bare instances.
#include "pickle_keys.h"
#include "pickle_text.h"
#include "rebuild_calls.h"

namespace sconce {
namespace {

using Kind = Value::Kind;

// A dictionary class called with the values of another dictionary, or with (key, value) sequences, at `first`.
std::optional<Value> dictionary(const RebuildCall& call, size_t first, bool takes_sequences) {
  const Value::Items& args = call.args;
  Value made = Value::dict({}, call.callable.as_string());
  if (args.size() <= first) return made;
  if (args.size() > first + 1) return std::nullopt;
  const Value& from = args[first];
  for (const auto& [key, value] : from.pairs()) call.reader.set_pair(made, key, value);
  if (from.kind() == Kind::dict) return made;
  if (!takes_sequences || !call.is_sequence(first)) return std::nullopt;
  for (const Value& pair : from.items()) {
    if ((pair.kind() != Kind::list && pair.kind() != Kind::tuple) || pair.size() != 2)
      fail(ErrorKind::corrupt, "expected a key with its value, got ", pair.type_name(), " of ", pair.size(),
           " items");
    call.reader.set_pair(made, pair[0], pair[1]);
  }
  return made;
}

std::optional<Value> ordered_dict(const RebuildCall& call) { return dictionary(call, 0, true); }
std::optional<Value> counter(const RebuildCall& call) { return dictionary(call, 0, false); }
// Its first argument makes the values of absent keys.
std::optional<Value> default_dict(const RebuildCall& call) {
  auto made = dictionary(call, 1, true);
  if (!made || call.args.empty() || call.args[0].is_none()) return made;
  return made->with_attributes(Value::dict({{"default_factory", call.args[0]}}));
}

// set([...]) or frozenset([...])
std::optional<Value> set(const RebuildCall& call) {
  const bool frozen = call.callable.as_string() == "builtins.frozenset";
  const std::string type = frozen ? "frozenset" : "set";
  if (call.args.empty()) return Value::set({}, type);
  if (call.args.size() != 1 || !call.is_sequence(0)) return std::nullopt;
  call.reader.charge(call.args[0].size() * 16);
  for (const Value& item : call.args[0].items()) check_member(item);
  return Value::set(call.args[0].items(), type);
}

bool is_latin1(const RebuildCall& call, size_t index) {
  if (!call.is(index, Kind::string)) return false;
  const std::string& encoding = call.args[index].as_string();
  return encoding == "latin-1" || encoding == "latin1";
}

std::string from_latin1(const RebuildCall& call, size_t index) {
  call.reader.charge(call.args[index].size());
  std::string raw;
  if (!encode_latin1(call.args[index].as_string(), raw))
    fail(ErrorKind::corrupt, "a text for bytes is not Latin-1");
  return raw;
}

// _codecs.encode(text, "latin1"), which protocol 2 has for bytes.
std::optional<Value> encode(const RebuildCall& call) {
  if (!call.is(0, Kind::string) || !is_latin1(call, 1)) return std::nullopt;
  return Value::bytes(from_latin1(call, 0));
}

// bytes(), bytes(b"..."), bytes(text, "latin1") or bytes([1, 2]); the same of bytearray.
std::optional<Value> bytes(const RebuildCall& call) {
  const Value::Items& args = call.args;
  const std::string type = call.callable.as_string() == "builtins.bytearray" ? "bytearray" : "bytes";
  if (args.empty()) return Value::bytes({}, type);
  if (args.size() == 1 && call.is(0, Kind::bytes)) call.reader.charge(args[0].size());
  if (args.size() == 1 && call.is(0, Kind::bytes)) return Value::bytes(args[0].as_string(), type);
  if (args.size() == 2 && call.is(0, Kind::string) && is_latin1(call, 1))
    return Value::bytes(from_latin1(call, 0), type);
  if (args.size() != 1 || !call.is_sequence(0)) return std::nullopt;
  std::string raw;
  for (const Value& item : args[0].items()) {
    if (item.kind() != Kind::integer || item.as_int() < 0 || item.as_int() > 255)
      fail(ErrorKind::corrupt, "expected bytes from 0 to 255, got ", item.repr(40));
    raw += static_cast<char>(item.as_int());
  }
  return Value::bytes(std::move(raw), type);
}

std::optional<Value> complex(const RebuildCall& call) {
  const Value::Items& args = call.args;
  for (size_t i = 0; i < args.size(); ++i)
    if (!call.is(i, Kind::floating) && !call.is(i, Kind::integer)) return std::nullopt;
  if (args.empty() || args.size() > 2) return std::nullopt;
  return std::complex<double>(args[0].as_double(), args.size() > 1 ? args[1].as_double() : 0.0);
}

// copyreg._reconstructor(class, object, None): an instance before its state.
std::optional<Value> reconstructor(const RebuildCall& call) {
  if (call.args.size() != 3 || !call.is(0, Kind::global) || !call.args[2].is_none()) return std::nullopt;
  return Value::object(call.args[0].as_string(), {}, Value());
}

// copyreg.__newobj__(class, *arguments)
std::optional<Value> new_object(const RebuildCall& call) {
  if (!call.is(0, Kind::global)) return std::nullopt;
  return Value::object(call.args[0].as_string(), Value::Items(call.args.begin() + 1, call.args.end()),
                       Value());
}

}  // namespace

std::span<const KnownCall> python_calls() {
  static constexpr KnownCall calls[] = {
      {"collections.OrderedDict", ordered_dict},
      {"collections.Counter", counter},
      {"collections.defaultdict", default_dict},
      {"builtins.set", set},
      {"builtins.frozenset", set},
      {"builtins.bytes", bytes},
      {"builtins.bytearray", bytes},
      {"builtins.complex", complex},
      {"_codecs.encode", encode},
      {"copyreg._reconstructor", reconstructor},
      {"copyreg.__newobj__", new_object},
  };
  return calls;
}

}  // namespace sconce
