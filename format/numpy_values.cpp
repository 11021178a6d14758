// NumPy's dtype, scalars and arrays, as they lie pickled in checkpoints.
#include "numpy_values.h"

#include "bytes.h"
#include "pickle_text.h"

#include <cstring>
#include <string_view>

namespace sconce {
namespace {

struct NumpyType {
  DType dtype;
  bool swapped;
};

// A pickled dtype is numpy.dtype('f8', False, True) with the state (3, '<', ...): the byte order is in the
// state alone.
std::optional<NumpyType> numpy_type(const Value& v) {
  if (v.kind() != Value::Kind::object || v.type_name() != "numpy.dtype" || v.arguments().empty())
    return std::nullopt;
  const Value& code = v.arguments()[0];
  if (code.kind() != Value::Kind::string && code.kind() != Value::Kind::bytes) return std::nullopt;
  std::string_view name = code.as_string();
  std::string_view order = "=";
  if (v.state().kind() == Value::Kind::tuple && v.state().size() > 1 &&
      (v.state()[1].kind() == Value::Kind::string || v.state()[1].kind() == Value::Kind::bytes))
    order = v.state()[1].as_string();
  if (!name.empty() && std::string_view("<>|=").find(name[0]) != std::string_view::npos) {
    order = name.substr(0, 1);
    name.remove_prefix(1);
  }
  constexpr std::pair<std::string_view, DType> codes[] = {
      {"f8", DType::f64},       {"f4", DType::f32},        {"f2", DType::f16}, {"i1", DType::i8},
      {"i2", DType::i16},       {"i4", DType::i32},        {"i8", DType::i64}, {"u1", DType::u8},
      {"u2", DType::u16},       {"u4", DType::u32},        {"u8", DType::u64}, {"b1", DType::boolean},
      {"c8", DType::complex64}, {"c16", DType::complex128}};
  // "=" is the order of the machine that wrote the file, which in practice is little-endian.
  const bool big = order == ">";
  for (const auto& [text, dtype] : codes)
    if (name == text) return NumpyType{dtype, big != (std::endian::native == std::endian::big)};
  return std::nullopt;
}

std::string_view code_of(const Value& dtype) {
  if (dtype.kind() != Value::Kind::object || dtype.type_name() != "numpy.dtype" || dtype.arguments().empty())
    return {};
  const Value& code = dtype.arguments()[0];
  return code.kind() == Value::Kind::string || code.kind() == Value::Kind::bytes ? code.as_string()
                                                                                 : std::string_view();
}

// numpy.str_ has four bytes for each character, numpy.bytes_ one, both padded with zeros.
std::optional<Value> numpy_text(const Value& dtype, const Value& bytes) {
  const std::string_view code = code_of(dtype);
  if (bytes.kind() != Value::Kind::bytes || code.empty()) return std::nullopt;
  std::string raw = bytes.as_string();
  if (code[0] == 'S') {
    raw.erase(raw.find_last_not_of('\0') + 1);
    return Value::bytes(std::move(raw));
  }
  if (code[0] != 'U' || raw.size() % 4) return std::nullopt;
  const Value& state = dtype.state();
  const bool big = state.kind() == Value::Kind::tuple && state.size() > 1 &&
                   state[1].kind() == Value::Kind::string && state[1].as_string() == ">";
  std::string text;
  for (size_t i = 0; i < raw.size(); i += 4) {
    const std::byte* at = bytes_of(raw).data() + i;
    const uint32_t c = big ? load_big<uint32_t>(at) : load_little<uint32_t>(at);
    if (c == 0 || c > 0x10ffff) break;
    append_utf8(text, c);
  }
  return Value(std::move(text));
}

}  // namespace

std::optional<Value> numpy_scalar(const Value& dtype, const Value& bytes) {
  if (auto text = numpy_text(dtype, bytes)) return text;
  const auto type = numpy_type(dtype);
  if (!type || (bytes.kind() != Value::Kind::bytes && bytes.kind() != Value::Kind::string))
    return std::nullopt;
  const std::string& raw = bytes.as_string();
  if (raw.size() != size_of(type->dtype))
    fail(ErrorKind::corrupt, "a numpy scalar of dtype ", name_of(type->dtype), " has ", raw.size(), " bytes");
  alignas(16) char copy[16];
  std::memcpy(copy, raw.data(), raw.size());
  if (type->swapped) swap_bytes(copy, raw.size(), number_size(type->dtype));
  return with_type("numpy scalar", type->dtype, [&]<class T>() -> Value {
    if constexpr (std::is_same_v<T, bool>) return copy[0] != 0;
    T number;
    std::memcpy(&number, copy, sizeof number);
    if constexpr (std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>)
      return std::complex<double>(number);
    else if constexpr (std::is_same_v<T, Complex32>)
      return std::complex<double>(std::complex<float>(number));
    else if constexpr (std::is_same_v<T, uint64_t>)
      return number > uint64_t{INT64_MAX} ? Value::big_integer(std::to_string(number))
                                          : Value(static_cast<int64_t>(number));
    else if constexpr (std::is_integral_v<T>)
      return static_cast<int64_t>(number);
    else if constexpr (std::is_floating_point_v<T>)
      return static_cast<double>(number);
    else
      return static_cast<double>(static_cast<float>(number));
  });
}

std::optional<Tensor> numpy_array(const Value& shape, const Value& dtype, bool fortran_order,
                                  const Value& bytes, MaterializedBytes& materialized) {
  const auto type = numpy_type(dtype);
  if (!type || (bytes.kind() != Value::Kind::bytes && bytes.kind() != Value::Kind::string))
    return std::nullopt;
  if (shape.kind() != Value::Kind::tuple) return std::nullopt;
  std::vector<int64_t> extents;
  int64_t numel = 1, nbytes = 0;
  for (const Value& item : shape.items()) {
    if (item.kind() != Value::Kind::integer || item.as_int() < 0)
      fail(ErrorKind::corrupt, "expected extents of a numpy array, got ", item.repr(40));
    extents.push_back(item.as_int());
  }
  const Shape size(extents);
  Strides strides(extents.size());
  for (size_t i = 0; i < extents.size(); ++i) {
    const size_t d = fortran_order ? i : extents.size() - 1 - i;
    strides[d] = numel;
    if (extents[d] != 0 && !checked_multiply(numel, extents[d], numel))
      fail(ErrorKind::corrupt, "a numpy array of shape ", size, " does not fit 64 bits");
  }
  for (const int64_t n : extents)
    if (n == 0) numel = 0;
  const std::string& raw = bytes.as_string();
  if (!checked_multiply(numel, static_cast<int64_t>(size_of(type->dtype)), nbytes) ||
      static_cast<uint64_t>(nbytes) != raw.size())
    fail(ErrorKind::corrupt, "a numpy array of shape ", size, " and dtype ", name_of(type->dtype), " has ",
         raw.size(), " bytes");
  if (type->dtype == DType::boolean) check_bools(raw.data(), raw.size());
  materialized.charge(raw.size());
  const Storage storage = Storage::allocate(raw.size());
  if (!raw.empty()) std::memcpy(storage.data(), raw.data(), raw.size());
  if (type->swapped) swap_bytes(storage.data(), raw.size(), number_size(type->dtype));
  return Tensor(storage, type->dtype, size, strides);
}

}  // namespace sconce
