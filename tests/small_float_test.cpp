// The small floats against real PyTorch: every code decoded, and floats on both sides of every rounding
// boundary encoded.
#include <doctest/doctest.h>
#include <libdeflate.h>
#include <sconce/dtype.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "support/support.h"

using namespace sconce;

namespace {

// Of the numbers in little-endian order, whatever this machine's is.
template <class T>
std::vector<uint32_t> crcs(std::vector<T> values, size_t block) {
  if (std::endian::native == std::endian::big)
    for (T& value : values) {
      auto* bytes = reinterpret_cast<unsigned char*>(&value);
      std::reverse(bytes, bytes + sizeof value);
    }
  std::vector<uint32_t> out;
  for (size_t i = 0; i < values.size(); i += block)
    out.push_back(libdeflate_crc32(0, &values[i], std::min(block, values.size() - i) * sizeof(T)));
  return out;
}

template <class T>
std::vector<decltype(T::bits)> encode(const std::vector<float>& values) {
  std::vector<decltype(T::bits)> out;
  out.reserve(values.size());
  for (float v : values) out.push_back(T(v).bits);
  return out;
}

// As boundaries() of make_small_float.py.
std::vector<float> boundaries(const std::vector<float>& decoded) {
  std::vector<double> finite;
  for (float v : decoded)
    if (std::isfinite(v) && v != 0) finite.push_back(std::fabs(v));
  std::sort(finite.begin(), finite.end());
  finite.erase(std::unique(finite.begin(), finite.end()), finite.end());
  std::vector<float> out;
  const auto add = [&](double point) {
    const auto bits = std::bit_cast<uint32_t>(static_cast<float>(point));
    for (uint32_t b : {bits - 1, bits, bits + 1})
      out.push_back(std::bit_cast<float>(b)), out.push_back(-out.back());
  };
  for (size_t i = 0; i < finite.size(); ++i) {
    add(finite[i]);
    add(i + 1 < finite.size() ? (finite[i] + finite[i + 1]) / 2
                              : finite[i] + (finite[i] - finite[i - 1]) / 2);
  }
  return out;
}

template <class T>
void compare_with_pytorch() {
  const nlohmann::json all = test::json_fixture("small_float.json");
  const nlohmann::json& expected = all["formats"][name_of(dtype_of<T>)];
  const auto block = all["block"].get<size_t>();
  const std::string name = name_of(dtype_of<T>);
  CAPTURE(name);

  std::vector<float> decoded;
  std::vector<uint32_t> decoded_bits;
  for (uint32_t code = 0; code < (1u << 8 * sizeof(T)); ++code) {
    decoded.push_back(static_cast<float>(T::from_bits(static_cast<decltype(T::bits)>(code))));
    decoded_bits.push_back(std::bit_cast<uint32_t>(decoded.back()));
  }
  CHECK(crcs(decoded_bits, block) == expected["decode"].get<std::vector<uint32_t>>());

  const std::vector<float> near = boundaries(decoded);
  CHECK(near.size() == expected["near_count"].get<size_t>());
  CHECK(crcs(encode<T>(near), block) == expected["near"].get<std::vector<uint32_t>>());

  std::vector<float> scattered(1 << 17);
  for (size_t i = 0; i < scattered.size(); ++i)
    scattered[i] = std::bit_cast<float>(static_cast<uint32_t>(i * uint64_t{2654435761}));
  CHECK(crcs(encode<T>(scattered), block) == expected["scattered"].get<std::vector<uint32_t>>());

  const auto special = all["special"].get<std::vector<uint32_t>>();
  const auto outcome = expected["special"].get<std::vector<uint32_t>>();
  for (size_t i = 0; i < special.size(); ++i) {
    CAPTURE(special[i]);
    CHECK(T(std::bit_cast<float>(special[i])).bits == outcome[i]);
  }
}

}  // namespace

TEST_CASE("small floats: float16 as PyTorch") { compare_with_pytorch<Half>(); }
TEST_CASE("small floats: bfloat16 as PyTorch") { compare_with_pytorch<BFloat16>(); }
TEST_CASE("small floats: float8_e4m3fn as PyTorch") { compare_with_pytorch<Float8_e4m3fn>(); }
TEST_CASE("small floats: float8_e5m2 as PyTorch") { compare_with_pytorch<Float8_e5m2>(); }
TEST_CASE("small floats: float8_e4m3fnuz as PyTorch") { compare_with_pytorch<Float8_e4m3fnuz>(); }
TEST_CASE("small floats: float8_e5m2fnuz as PyTorch") { compare_with_pytorch<Float8_e5m2fnuz>(); }
TEST_CASE("small floats: float8_e8m0fnu as PyTorch") { compare_with_pytorch<Float8_e8m0fnu>(); }

TEST_CASE("small floats: every code but the NaNs survives the way to float and back") {
  for (uint32_t code = 0; code < 65536; ++code) {
    const Half h = Half::from_bits(static_cast<uint16_t>(code));
    const BFloat16 b = BFloat16::from_bits(static_cast<uint16_t>(code));
    if (!std::isnan(static_cast<float>(h))) REQUIRE(Half(static_cast<float>(h)).bits == code);
    if (!std::isnan(static_cast<float>(b))) REQUIRE(BFloat16(static_cast<float>(b)).bits == code);
  }
}
