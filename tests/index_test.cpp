// Joining and looking up against real PyTorch.
#include "support/named_ops.h"

using namespace sconce;
using test::Arguments;

TEST_CASE("index: cat, stack, where, masks, lookups and one_hot as PyTorch") {
  test::check_op_cases(
      "index.json",
      {
          {"cat", [](const Arguments& a) { return cat(a.tensors(0), a.integer(1, 0)); }},
          {"stack", [](const Arguments& a) { return stack(a.tensors(0), a.integer(1, 0)); }},
          {"where",
           [](const Arguments& a) {
             if (!a.is_tensor(1)) return where(a.tensor(0), a.scalar(1), a.tensor(2));
             if (!a.is_tensor(2)) return where(a.tensor(0), a.tensor(1), a.scalar(2));
             return where(a.tensor(0), a.tensor(1), a.tensor(2));
           }},
          {"masked_fill",
           [](const Arguments& a) { return masked_fill(a.tensor(0), a.tensor(1), a.scalar(2)); }},
          {"masked_select", [](const Arguments& a) { return masked_select(a.tensor(0), a.tensor(1)); }},
          {"index_select",
           [](const Arguments& a) { return index_select(a.tensor(0), a.integer(1, 0), a.tensor(2)); }},
          {"gather", [](const Arguments& a) { return gather(a.tensor(0), a.integer(1, 0), a.tensor(2)); }},
          {"index", [](const Arguments& a) { return index(a.tensor(0), a.tensor(1)); }},
          {"one_hot", [](const Arguments& a) { return one_hot(a.tensor(0), a.integer(1, -1)); }},
      });
}

TEST_CASE("index: strided operands give what contiguous ones give") {
  const Tensor x = arange(24).view({2, 3, 4}), p = x.permute({2, 0, 1}), q = p.contiguous();
  const Tensor rows = tensor<int64_t>({3, 0, 3}), wide = arange(16).view({8, 2}).select(1, 0).slice(0, 0, 2);
  CHECK(test::bit_equal(index_select(p, 0, rows), index_select(q, 0, rows)));
  CHECK(test::bit_equal(index(p, wide), index(q, tensor<int64_t>({0, 2}))));
  CHECK(test::bit_equal(cat({p, p.slice(0, 1, 3)}), cat({q, q.slice(0, 1, 3)})));
  CHECK(test::bit_equal(stack({p, p}, 1), stack({q, q}, 1)));
  CHECK(test::bit_equal(where(gt(p, 10), p, -p), where(gt(q, 10), q, -q)));
  CHECK(test::bit_equal(masked_select(p, gt(p, 10)), masked_select(q, gt(q, 10))));
}

TEST_CASE("index: what has the size of its data cannot be recorded") {
  const Tensor weight = ones({5, 2});
  Recorder recorder;
  const Tensor x = recorder.input({3}, DType::i64);
  CHECK(index(weight, x).shape() == Shape{3, 2});
  CHECK(cat({weight, weight}, 1).shape() == Shape{5, 4});
  CHECK(one_hot(x, 7).shape() == Shape{3, 7});
  CHECK_THROWS_AS(one_hot(x), Error);
  CHECK_THROWS_AS(masked_select(weight, recorder.input({5, 2}, DType::boolean)), Error);
  CHECK(recorder.graph().nodes.size() == 3);
}
