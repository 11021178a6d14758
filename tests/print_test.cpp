// Printing against PyTorch's repr, byte for byte.
#include <doctest/doctest.h>
#include <sconce/ops.h>

#include <sstream>

#include "support/support.h"

using namespace sconce;

namespace {

std::string repr(const Tensor& x) {
  std::ostringstream out;
  out << x;
  return out.str();
}

}  // namespace

TEST_CASE("print: as PyTorch's repr") {
  const nlohmann::json all = test::json_fixture("print.json");
  for (const auto& c : all["cases"])
    CHECK(repr(test::tensor_from(c["tensor"])) == c["repr"].get<std::string>());
  for (const auto& c : all["meta"]) {
    const Tensor x = empty(Shape(c["shape"].get<std::vector<int64_t>>()),
                           *parse_dtype(c["dtype"].get<std::string>()), meta);
    CHECK(repr(x) == c["repr"].get<std::string>());
  }
}

TEST_CASE("print: strided views, what PyTorch has no numbers for, and the stream's own settings") {
  CHECK(repr(arange(6).view({2, 3}).t()) == "tensor([[0, 3],\n        [1, 4],\n        [2, 5]])");
  CHECK(repr(Tensor()) == "None");
  Tensor q = empty({2}, DType::qint8);
  static_cast<int8_t*>(q.mutable_data())[0] = -3;
  static_cast<int8_t*>(q.mutable_data())[1] = 4;
  CHECK(repr(q) == "tensor([-3,  4], dtype=torch.qint8)");
  std::ostringstream out;
  out.precision(2);
  out << std::hex << tensor<float>({1.23456f}) << tensor<int32_t>({255});
  CHECK(out.str() == "tensor([1.2346])tensor([255], dtype=torch.int32)");
}
