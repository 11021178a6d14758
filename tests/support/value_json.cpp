#include "support/value_json.h"

#include <algorithm>

namespace sconce::test {
namespace {

std::string tensor_difference(const Tensor& t, const nlohmann::json& want) {
  if (name_of(t.dtype()) != want.at("dtype").get<std::string>())
    return std::string("dtype ") + name_of(t.dtype());
  if (t.shape() != Shape(want.at("shape").get<std::vector<int64_t>>())) return "shape " + t.shape().str();
  if (t.strides() != want.at("stride").get<std::vector<int64_t>>())
    return "strides " + Shape(t.strides()).str();
  if (t.storage_offset() != want.at("offset").get<int64_t>())
    return "offset " + std::to_string(t.storage_offset());
  if (!want.contains("data")) return t.device() == meta ? "" : "device " + t.device().str();
  return bit_equal(t, tensor_from(want)) ? "" : "other bytes";
}

std::string items_difference(const Value& v, const nlohmann::json& want, const std::string& path) {
  if (v.size() != want.size()) return path + ": " + std::to_string(v.size()) + " items";
  for (size_t i = 0; i < v.size(); ++i)
    if (auto d = difference(v[i], want[i], path + "." + std::to_string(i)); !d.empty()) return d;
  return "";
}

}  // namespace

std::string difference(const Value& v, const nlohmann::json& want, const std::string& path) {
  const std::string got = path + ": got " + v.repr();
  using Kind = Value::Kind;
  if (want.is_null()) return v.is_none() ? "" : got;
  if (want.is_boolean()) return v.kind() == Kind::boolean && v.as_bool() == want.get<bool>() ? "" : got;
  if (want.is_string())
    return v.kind() == Kind::string && v.as_string() == want.get<std::string>() ? "" : got;
  if (want.is_number_integer())
    return v.kind() == Kind::integer && v.as_int() == want.get<int64_t>() ? "" : got;
  if (want.is_number_float())
    return v.kind() == Kind::floating && v.as_double() == want.get<double>() ? "" : got;
  if (want.contains("tensor")) {
    if (v.kind() != Kind::tensor) return got;
    const std::string d = tensor_difference(v.as_tensor(), want["tensor"]);
    return d.empty() ? "" : path + ": got " + d;
  }
  if (want.contains("dict")) {
    if (v.kind() != Kind::dict) return got;
    const std::string type = want["type"];
    if (v.type_name() != (type == "dict" ? type : "collections." + type))
      return path + ": got type " + v.type_name();
    if (v.size() != want["dict"].size()) return path + ": got " + std::to_string(v.size()) + " pairs";
    for (size_t i = 0; i < v.size(); ++i) {
      const auto& pair = want["dict"][i];
      const std::string below = path + "." + pair[0].dump();
      if (auto d = difference(v.pairs()[i].first, pair[0], below + " (key)"); !d.empty()) return d;
      if (auto d = difference(v.pairs()[i].second, pair[1], below); !d.empty()) return d;
    }
    return "";
  }
  if (want.contains("list")) {
    if (v.kind() != Kind::list && v.kind() != Kind::tuple) return got;
    return items_difference(v, want["list"], path);
  }
  if (want.contains("size")) return v.kind() == Kind::size ? items_difference(v, want["size"], path) : got;
  if (want.contains("set")) {
    if (v.kind() != Kind::set) return got;
    std::vector<int64_t> items;
    for (const Value& item : v.items()) items.push_back(item.as_int());
    std::sort(items.begin(), items.end());
    return items == want["set"].get<std::vector<int64_t>>() ? "" : got;
  }
  if (want.contains("bytes")) {
    if (v.kind() != Kind::bytes) return got;
    std::string raw;
    for (const int byte : want["bytes"]) raw += static_cast<char>(byte);
    return v.as_string() == raw ? "" : got;
  }
  if (want.contains("complex"))
    return v.kind() == Kind::complex && v.as_complex().real() == want["complex"][0].get<double>() &&
                   v.as_complex().imag() == want["complex"][1].get<double>()
               ? ""
               : got;
  if (want.contains("big"))
    return v.kind() == Kind::big_integer && v.as_string() == want["big"].get<std::string>() ? "" : got;
  if (want.contains("name")) {
    const std::string name = want["name"];
    if (v.kind() == Kind::dtype) return name == name_of(v.as_dtype()) ? "" : got;
    return v.kind() == Kind::device && v.as_device().str() == name ? "" : got;
  }
  return path + ": unknown expectation " + want.dump();
}

}  // namespace sconce::test
