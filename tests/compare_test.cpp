// Comparisons against real PyTorch.
#include "support/named_ops.h"

using namespace sconce;
using test::Arguments;

namespace {

using Whole = Tensor (*)(const Tensor&, const Tensor&);
using Single = Tensor (*)(const Tensor&, const Scalar&);

auto both(Whole tensors, Single number) {
  return [=](const Arguments& a) {
    return a.is_tensor(1) ? tensors(a.tensor(0), a.tensor(1)) : number(a.tensor(0), a.scalar(1));
  };
}

}  // namespace

TEST_CASE("compare: as PyTorch, with its promotion") {
  test::check_op_cases(
      "compare.json",
      {
          {"eq", both(eq, eq)},
          {"ne", both(ne, ne)},
          {"lt", both(lt, lt)},
          {"le", both(le, le)},
          {"gt", both(gt, gt)},
          {"ge", both(ge, ge)},
          {"equal",
           [](const Arguments& a) { return scalar_tensor(equal(a.tensor(0), a.tensor(1)), DType::boolean); }},
          {"isclose",
           [](const Arguments& a) {
             return isclose(a.tensor(0), a.tensor(1), a.named("rtol", 1e-5), a.named("atol", 1e-8),
                            a.named("equal_nan", false));
           }},
          {"allclose",
           [](const Arguments& a) {
             return scalar_tensor(allclose(a.tensor(0), a.tensor(1), a.named("rtol", 1e-5),
                                           a.named("atol", 1e-8), a.named("equal_nan", false)),
                                  DType::boolean);
           }},
      });
}

TEST_CASE("compare: tensors without numbers, and recordings") {
  Tensor q = empty({4}, DType::qint8), p = empty({4}, DType::qint8);
  for (int i = 0; i < 4; ++i)
    static_cast<int8_t*>(q.mutable_data())[i] = static_cast<int8_t*>(p.mutable_data())[i] = int8_t(i);
  CHECK(equal(q, p));
  static_cast<int8_t*>(p.mutable_data())[3] = 9;
  CHECK_FALSE(equal(q, p));
  CHECK_THROWS_AS(eq(q, p), Error);
  CHECK_THROWS_AS(equal(q, ones({4})), Error);
  CHECK_THROWS_AS(equal(q, Tensor()), Error);
  Recorder recorder;
  const Tensor x = recorder.input({2, 1}, DType::f32);
  CHECK(lt(x, ones({3})).shape() == Shape{2, 3});
  CHECK(lt(x, 2.5).dtype() == DType::boolean);
  CHECK(recorder.graph().nodes.at(1).op == "aten.lt.Scalar");
  CHECK_THROWS_AS(equal(x, x), Error);
}
