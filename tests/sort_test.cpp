// Sorting and topk against PyTorch.
#include <doctest/doctest.h>
#include <sconce/ops.h>

#include "support/ops_by_name.h"

using namespace sconce;
using namespace sconce::test;

TEST_CASE("sort: ties, NaN, infinities, ranks 0 and 2") {
  for (const auto& c : json_fixture("ops_sort.json")) {
    const Tensor x = tensor_from(c["x"]);
    const bool descending = c["descending"];
    CAPTURE(c.dump().substr(0, 300));
    if (c["op"] == "sort") {
      CHECK(judge_several(c, [&] {
              const auto [values, indices] = sort(x, -1, descending);
              return std::vector<Tensor>{values, indices};
            }) == "");
      continue;
    }
    const int64_t k = c["k"];
    // Which of equal elements topk takes is not defined: compare values, and what the indices point at. (A
    // fixture row with both zeros takes at most one.)
    CHECK(judge_several(c, [&] { return std::vector<Tensor>{topk(x, k, -1, descending).values}; }) == "");
    if (c.contains("error") || x.dim() != 1) continue;
    const auto top = topk(x, k, -1, descending);
    for (int64_t i = 0; i < k; ++i)
      CHECK(same_values(x[top.indices.data<int64_t>()[i]].clone(), top.values[i].clone()));
  }
}

TEST_CASE("sort: topk's range, and argsort along another dimension") {
  CHECK_THROWS_WITH_AS(topk(ones({2, 3}), 5), "selected index k out of range", Error);
  CHECK_THROWS_WITH_AS(topk(ones({2, 3}), -1), "selected index k out of range", Error);
  CHECK_THROWS_WITH_AS(topk(ones({2}, DType::boolean), 1), "[topk] is not implemented for dtype bool", Error);
  CHECK_THROWS_WITH_AS(sort(ones({2}), 1),
                       "Dimension out of range (expected to be in range of [-1, 0], but got 1)", Error);
  const Tensor x = tensor<int32_t>({3, 1, 2, 1, 2, 3}).reshape({2, 3});
  CHECK(bit_equal(argsort(x, 0), tensor<int64_t>({1, 0, 0, 0, 1, 1}).reshape({2, 3})));
  CHECK(bit_equal(argsort(x, 1, true), tensor<int64_t>({0, 2, 1, 2, 1, 0}).reshape({2, 3})));
}
