#include "support/value_equal.h"

#include <sconce/error.h>
#include <sconce/quantized.h>
#include <sconce/sparse.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <map>
#include <unordered_map>
#include <vector>

#include "support/support.h"

namespace sconce::test {
namespace {

using Kind = Value::Kind;

class Comparer {
 public:
  explicit Comparer(const SameValue& how) : how_(how) {}

  std::string compare(const Value& a, const Value& b, const std::string& path) {
    const auto other = [&](const std::string& what) { return path + ": " + what; };
    if (a.kind() != b.kind() || a.type_name() != b.type_name())
      return other(a.type_name() + " against " + b.type_name() + " " + b.repr(80));
    if (keeps_identity(a)) {
      const auto [at, fresh] = partner_.emplace(a.node(), b.node());
      const auto [back, fresh_back] = partner_back_.emplace(b.node(), a.node());
      if (how_.aliases && (at->second != b.node() || back->second != a.node())) return other("another alias");
      if (!fresh && !fresh_back) return "";
    }
    switch (a.kind()) {
      case Kind::none: return "";
      case Kind::floating: return same_bits(a.as_double(), b.as_double()) ? "" : other(b.repr());
      case Kind::complex:
        return same_bits(a.as_complex().real(), b.as_complex().real()) &&
                       same_bits(a.as_complex().imag(), b.as_complex().imag())
                   ? ""
                   : other(b.repr());
      case Kind::string:
      case Kind::bytes:
      case Kind::big_integer:
      case Kind::global:
        return a.as_string() == b.as_string() ? "" : other(a.repr(60) + " against " + b.repr(60));
      case Kind::boolean:
      case Kind::integer: return a.as_int() == b.as_int() ? "" : other(b.repr());
      case Kind::dtype: return a.as_dtype() == b.as_dtype() ? "" : other(b.repr());
      case Kind::device: return a.as_device() == b.as_device() ? "" : other(b.repr());
      case Kind::set: return members(a) == members(b) ? "" : other(b.repr());
      case Kind::tensor:
        if (auto d = tensors(a.as_tensor(), b.as_tensor()); !d.empty()) return other(d);
        break;
      case Kind::quantized:
        if (auto d = quantized(a.as_quantized(), b.as_quantized()); !d.empty()) return other(d);
        break;
      case Kind::sparse:
        if (auto d = sparse(a.as_sparse(), b.as_sparse()); !d.empty()) return other(d);
        break;
      default: break;
    }
    if (a.items().size() != b.items().size()) return other(concat(b.items().size(), " items"));
    for (size_t i = 0; i < a.items().size(); ++i)
      if (auto d = compare(a.items()[i], b.items()[i], path + "." + std::to_string(i)); !d.empty()) return d;
    if (a.pairs().size() != b.pairs().size()) return other(concat(b.pairs().size(), " pairs"));
    for (size_t i = 0; i < a.pairs().size(); ++i) {
      const std::string below = path + "." + a.pairs()[i].first.repr(40);
      if (auto d = compare(a.pairs()[i].first, b.pairs()[i].first, below + " (key)"); !d.empty()) return d;
      if (auto d = compare(a.pairs()[i].second, b.pairs()[i].second, below); !d.empty()) return d;
    }
    if (auto d = compare(a.state(), b.state(), path + ".(state)"); !d.empty()) return d;
    return compare(a.attributes(), b.attributes(), path + ".(attributes)");
  }

 private:
  // Numbers, and tuples without items, are written again wherever they stand.
  static bool keeps_identity(const Value& v) {
    switch (v.kind()) {
      case Kind::none:
      case Kind::boolean:
      case Kind::integer:
      case Kind::big_integer:
      case Kind::floating:
      case Kind::dtype: return false;
      case Kind::global: return false;  // by name
      case Kind::tuple: return !v.items().empty();
      default: return true;
    }
  }

  static bool same_bits(double a, double b) {
    return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
  }

  static std::vector<std::string> members(const Value& set) {
    std::vector<std::string> out;
    for (const Value& item : set.items()) out.push_back(item.repr(10000));
    std::sort(out.begin(), out.end());
    return out;
  }

  std::string quantized(const QuantizedTensor& a, const QuantizedTensor& b) {
    if (a.scheme != b.scheme || a.axis != b.axis) return std::string("scheme ") + name_of(b.scheme);
    if (a.shape != b.shape) return "shape " + b.shape.str();
    for (const auto part :
         {&QuantizedTensor::values, &QuantizedTensor::scales, &QuantizedTensor::zero_points}) {
      // The numbers of a whole tensor stand in the pickle, not in a storage.
      if (part != &QuantizedTensor::values && !is_per_channel(a.scheme)) {
        if (!same_elements(a.*part, b.*part)) return "another scale or zero point";
      } else if (auto d = tensors(a.*part, b.*part); !d.empty()) {
        return d;
      }
    }
    return "";
  }

  std::string sparse(const SparseTensor& a, const SparseTensor& b) {
    if (a.layout != b.layout || a.is_coalesced != b.is_coalesced)
      return std::string("layout ") + name_of(b.layout);
    if (a.shape != b.shape) return "shape " + b.shape.str();
    for (const auto part :
         {&SparseTensor::indices, &SparseTensor::compressed, &SparseTensor::plain, &SparseTensor::values}) {
      if ((a.*part).defined() != (b.*part).defined()) return "other parts";
      if ((a.*part).defined())
        if (auto d = tensors(a.*part, b.*part); !d.empty()) return d;
    }
    return "";
  }

  std::string tensors(const Tensor& a, const Tensor& b) {
    if (a.dtype() != b.dtype()) return std::string("dtype ") + name_of(b.dtype());
    if (a.shape() != b.shape()) return "shape " + b.shape().str();
    if (a.device() != b.device()) return "device " + b.device().str();
    if (how_.layout && a.strides() != b.strides()) return "strides " + Shape(b.strides()).str();
    if (a.device() == meta) return "";
    if (how_.layout) {
      if (a.storage_offset() != b.storage_offset()) return concat("offset ", b.storage_offset());
      const auto [at, fresh] = storages_.emplace(a.storage().id(), b.storage().id());
      const auto [back, fresh_back] = storages_.emplace(b.storage().id(), a.storage().id());
      if (at->second != b.storage().id() || back->second != a.storage().id()) return "another storage";
      if (a.storage().nbytes() != b.storage().nbytes())
        return concat("a storage of ", b.storage().nbytes(), " bytes against ", a.storage().nbytes());
      if (a.storage().nbytes() != 0 &&
          std::memcmp(a.storage().data(), b.storage().data(), a.storage().nbytes()) != 0)
        return "other bytes in the storage";
      return "";  // the same view of the same bytes; an expanded one may have very many elements
    }
    return same_elements(a, b) ? "" : "other elements";
  }

  // Element by element, for every dtype.
  static bool same_elements(const Tensor& a, const Tensor& b) {
    const size_t item = size_of(a.dtype()), rank = a.strides().size();
    std::vector<int64_t> index(rank, 0);
    for (int64_t i = 0; i < a.numel(); ++i) {
      int64_t at_a = 0, at_b = 0;
      for (size_t d = 0; d < rank; ++d) at_a += index[d] * a.strides()[d], at_b += index[d] * b.strides()[d];
      if (std::memcmp(static_cast<const char*>(a.data()) + at_a * static_cast<int64_t>(item),
                      static_cast<const char*>(b.data()) + at_b * static_cast<int64_t>(item), item) != 0)
        return false;
      for (size_t d = rank; d-- > 0 && ++index[d] == a.shape().extents()[d];) index[d] = 0;
    }
    return true;
  }

  const SameValue how_;
  std::unordered_map<const Value::Node*, const Value::Node*> partner_, partner_back_;
  std::map<const void*, const void*> storages_;
};

}  // namespace

std::string first_difference(const Value& a, const Value& b, const SameValue& how) {
  return Comparer(how).compare(a, b, "root");
}

}  // namespace sconce::test
