// Type promotion against PyTorch's own tables.
#include <doctest/doctest.h>
#include <sconce/ops/create.h>
#include <sconce/ops/promotion.h>

#include "support/support.h"

using namespace sconce;
using test::json_fixture;

namespace {

DType dtype_named(const nlohmann::json& name) { return *parse_dtype(name.get<std::string>()); }

}  // namespace

TEST_CASE("promotion: promote_types and can_cast as torch's tables") {
  const auto j = json_fixture("ops_promotion.json");
  const auto& names = j["dtypes"];
  for (size_t a = 0; a < names.size(); ++a)
    for (size_t b = 0; b < names.size(); ++b) {
      CAPTURE(names[a].get<std::string>());
      CAPTURE(names[b].get<std::string>());
      const DType x = dtype_named(names[a]), y = dtype_named(names[b]);
      CHECK(can_cast(x, y) == j["can_cast"][a][b].get<bool>());
      const auto& expected = j["promote_types"][a][b];
      if (expected.is_null())
        CHECK_THROWS_AS(promote_types(x, y), Error);
      else
        CHECK(promote_types(x, y) == dtype_named(expected));
    }
}

TEST_CASE("promotion: result_type of tensors, 0-dim tensors and numbers") {
  const auto j = json_fixture("ops_promotion.json");
  const auto& operands = j["operands"];
  const auto add = [](ResultType& type, const nlohmann::json& operand) {
    const std::string kind = operand[0], name = operand[1];
    if (kind == "number") {
      if (name == "bool")
        type.add(Scalar(true));
      else if (name == "int")
        type.add(Scalar(1));
      else if (name == "float")
        type.add(Scalar(1.5));
      else
        type.add(Scalar(std::complex<double>(0, 1)));
    } else {
      type.add(empty(kind == "tensor" ? Shape{2} : Shape{}, *parse_dtype(name)));
    }
  };
  for (size_t a = 0; a < operands.size(); ++a)
    for (size_t b = 0; b < operands.size(); ++b) {
      CAPTURE(operands[a].dump());
      CAPTURE(operands[b].dump());
      const auto& expected = j["result_type"][a][b];
      const auto both = [&] {
        ResultType type;
        add(type, operands[a]);
        add(type, operands[b]);
        return type.dtype();
      };
      // bcomplex32, which PyTorch makes of bf16 and a complex number, is only stored here.
      if (expected.is_null() || expected == "bcomplex32")
        CHECK_THROWS_AS(both(), Error);
      else
        CHECK(both() == dtype_named(expected));
    }
}

TEST_CASE("promotion: what PyTorch has no answer for says why") {
  CHECK_THROWS_WITH_AS(
      promote_types(DType::f8_e4m3fn, DType::f32),
      "Promotion for Float8 Types is not supported, attempted to promote float8_e4m3fn and float32", Error);
  CHECK_THROWS_WITH_AS(
      promote_types(DType::u16, DType::i32),
      "Promotion for uint16, uint32, uint64 types is not supported, attempted to promote uint16 and int32",
      Error);
  CHECK_THROWS_AS(promote_types(DType::quint8, DType::f32), Error);
  CHECK(promote_types(DType::quint8, DType::quint8) == DType::quint8);
  CHECK_THROWS_AS(ResultType().dtype(), Error);
}
