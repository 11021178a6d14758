// Every kernel of the GPU against the CPU's in double: awkward shapes, each dtype, six ways to run (support/gpu.h). Results lie in
// memory that was full of NaN.
#include <doctest/doctest.h>
#include <sconce/ops.h>

#include <cmath>
#include <functional>

#include "support/gpu.h"
#include "support/seeded.h"
#include "support/support.h"

using namespace sconce;
using Tensors = std::vector<Tensor>;
using Call = std::function<Tensor(const Tensors&)>;

namespace {

// Of the largest result: what one rounding of it and sums of a few hundred products may cost.
double tolerance(DType dtype) {
  switch (dtype) {
    case DType::f64: return 1e-13;
    case DType::f32: return 2e-6;
    case DType::f16: return 1e-3;
    case DType::bf16: return 8e-3;
    default: return 0;
  }
}

Tensor values(std::string_view name, const Shape& shape, double scale = 1) {
  Tensor t = empty(shape, DType::f64);
  const uint64_t hash = test::fnv1a(name);
  for (int64_t i = 0; i < t.numel(); ++i)
    t.mutable_data<double>()[i] = (2 * test::seeded_uniform(hash, static_cast<uint64_t>(i)) - 1) * scale;
  return t;
}

// Whole numbers of a small range, exact in every dtype.
Tensor whole(std::string_view name, const Shape& shape, int64_t low, int64_t high) {
  Tensor t = empty(shape, DType::i64);
  const uint64_t hash = test::fnv1a(name);
  for (int64_t i = 0; i < t.numel(); ++i)
    t.mutable_data<int64_t>()[i] =
        low + static_cast<int64_t>(test::seeded_uniform(hash, static_cast<uint64_t>(i)) *
                                   static_cast<double>(high - low));
  return t;
}

Tensor cast(const Tensor& t, DType dtype) { return is_floating_point(t.dtype()) ? t.to(dtype) : t; }

// op on the GPU in `dtype` against op on the CPU in double of the same, rounded operands. `slack` widens what one rounding may cost.
void check_floating(const char* name, const Tensors& operands, const Call& op, double slack = 1,
                    const std::vector<DType>& dtypes = {DType::f32, DType::f16, DType::bf16, DType::f64}) {
  for (const Device device : test::gpus())
    for (const DType dtype : dtypes) {
      Tensors here, there;
      for (const Tensor& t : operands) {
        here.push_back(t.defined() ? cast(cast(t, dtype), DType::f64) : t);
        there.push_back(t.defined() ? cast(t, dtype).to(device) : t);
      }
      const Tensor expected = op(here);
      const double allowed = tolerance(dtype) * slack * std::max(test::max_magnitude(expected), 1e-3);
      Tensor first;
      for (const auto& mode : test::modes()) {
        const test::InMode in_mode(mode);
        const Tensor got = op(there).to(cpu);
        CAPTURE(name);
        CAPTURE(name_of(dtype));
        CAPTURE(mode.name);
        CAPTURE(expected.shape());
        REQUIRE(got.shape() == expected.shape());
        if (!first.defined()) {
          first = got;
          CHECK(test::max_difference(got.to(DType::f64), expected.to(DType::f64)) <= allowed);
        } else {
          CHECK(test::bit_equal(got, first));
        }
      }
    }
}

// The same bits as the CPU's, for whole numbers and for elements that are only moved.
void check_exact(const char* name, const Tensors& operands, const Call& op) {
  for (const Device device : test::gpus()) {
    Tensors there;
    for (const Tensor& t : operands) there.push_back(t.defined() ? t.to(device) : t);
    const Tensor expected = op(operands);
    for (const auto& mode : test::modes()) {
      const test::InMode in_mode(mode);
      CAPTURE(name);
      CAPTURE(mode.name);
      CAPTURE(expected.shape());
      CAPTURE(name_of(expected.dtype()));
      CHECK(test::bit_equal(op(there).to(cpu), expected));
    }
  }
}

Tensor resized(const Tensor& x, const Sizes& size, const char* mode, std::optional<bool> align_corners = {},
               bool antialias = false) {
  InterpolateOptions options;
  options.size = size, options.mode = mode, options.align_corners = align_corners,
  options.antialias = antialias;
  return interpolate(x, options);
}

const std::vector<DType> numbers = {DType::i8, DType::i16, DType::i32, DType::i64, DType::u8, DType::boolean};

}  // namespace

TEST_CASE("cuda: copies keep every dtype, view and stride") {
  for (const DType dtype :
       {DType::f64, DType::f32, DType::f16, DType::bf16, DType::i8, DType::i32, DType::u64, DType::boolean,
        DType::complex64, DType::complex128, DType::f8_e4m3fn})
    for (const Shape& shape :
         {Shape{0, 3}, Shape{}, Shape{1}, Shape{5, 7, 3}, Shape{33, 65}, Shape{2, 31, 40}}) {
      const Tensor x = whole("x", shape, 0, 100).to(dtype);
      check_exact("round trip", {x}, [](const Tensors& t) { return t[0].clone(); });
      if (shape.dim() < 2 || shape.numel() == 0) continue;
      check_exact("transpose", {x}, [](const Tensors& t) { return t[0].transpose(-1, -2).contiguous(); });
      check_exact("flip of dimensions", {x},
                  [](const Tensors& t) { return t[0].transpose(0, -1).contiguous(); });
      check_exact("every other", {x},
                  [](const Tensors& t) { return t[0].slice(-1, 1, t[0].size(-1), 2).contiguous(); });
      check_exact("expanded", {x}, [](const Tensors& t) {
        return t[0][0].unsqueeze(0).expand(t[0].shape().extents()).contiguous();
      });
      check_exact("into a view", {x}, [](const Tensors& t) {
        Tensor out = zeros({t[0].size(0), t[0].numel() / t[0].size(0) * 2}, t[0].dtype(), t[0].device());
        out.slice(1, 1, out.size(1), 2).copy_(t[0].reshape({t[0].size(0), -1}));
        return out;
      });
    }
}

TEST_CASE("cuda: tensors move between host and device whatever their strides") {
  const Tensor x = values("x", {5, 6, 7}).to(DType::f32);
  for (const Device device : test::gpus()) {
    const Tensor back = x.transpose(0, 2).to(device).transpose(1, 2).to(cpu);
    CHECK(test::bit_equal(back, x.transpose(0, 2).transpose(1, 2).contiguous()));
    Tensor strided = zeros({7, 12}, DType::f32, device);
    strided.slice(1, 0, 12, 2).copy_(x[0].t());
    CHECK(test::bit_equal(strided.slice(1, 0, 12, 2).to(cpu), x[0].t().contiguous()));
    Tensor here = zeros({7, 12});
    here.slice(1, 1, 12, 2).copy_(x[0].t().to(device).to(DType::f64));
    CHECK(test::bit_equal(here.slice(1, 1, 12, 2).contiguous(), x[0].t().contiguous()));
    CHECK_THROWS_WITH_AS(
        add(x, x.to(device)),
        concat("[aten.add.Tensor] expected all tensors to be on the same device, but found cpu and ",
               device.str())
            .c_str(),
        Error);
    CHECK_THROWS_AS(matmul(x, x.to(device).transpose(1, 2)), Error);
    CHECK_THROWS_AS(x.to(device).data<float>(), Error);
    CHECK(concat(ones({2}, DType::f32, device)) == concat("tensor([1., 1.], device='", device.str(), "')"));
    CHECK_THROWS_WITH_AS(
        exp(ones({2}, DType::complex64, device)),
        concat("[unary] complex64 is not there on ", device.str(), " yet; call to(cpu) first").c_str(),
        Error);
  }
}

TEST_CASE("cuda: casts are the CPU's, of all that fits and does not fit") {
  const double inf = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  const Tensor x =
      tensor({0.0,  -0.0, 1.5,   -1.5,  127.9, 128.5, 255.9, 300.0, -300.0, 65504.0, 70000.0, 3e9,
              -3e9, 1e19, -1e19, 1e300, inf,   -inf,  nan,   1e-8,  6e-8,   448.0,   500.0});
  const std::vector<DType> all = {
      DType::f64,     DType::f32,       DType::f16,     DType::bf16,        DType::i8,         DType::i16,
      DType::i32,     DType::i64,       DType::u8,      DType::u16,         DType::u32,        DType::u64,
      DType::boolean, DType::f8_e4m3fn, DType::f8_e5m2, DType::f8_e4m3fnuz, DType::f8_e5m2fnuz};
  for (const DType from : all)
    for (const DType to : all) {
      CAPTURE(name_of(from));
      CAPTURE(name_of(to));
      const Tensor source = x.to(DType::f64).to(from);
      for (const Device device : test::gpus())
        CHECK(test::bit_equal(source.to(device).to(to).to(cpu), source.to(to)));
    }
}

TEST_CASE("cuda: elementwise ops") {
  const std::vector<std::pair<const char*, std::function<Tensor(const Tensor&)>>> unary = {
      {"neg", [](const Tensor& t) { return neg(t); }},
      {"abs", [](const Tensor& t) { return abs(t); }},
      {"exp", [](const Tensor& t) { return exp(t); }},
      {"log", [](const Tensor& t) { return log(add(abs(t), Scalar(0.1))); }},
      {"log1p", [](const Tensor& t) { return log1p(abs(t)); }},
      {"expm1", [](const Tensor& t) { return expm1(t); }},
      {"sqrt", [](const Tensor& t) { return sqrt(abs(t)); }},
      {"rsqrt", [](const Tensor& t) { return rsqrt(add(abs(t), Scalar(0.5))); }},
      {"sin", [](const Tensor& t) { return sin(t); }},
      {"cos", [](const Tensor& t) { return cos(t); }},
      {"tanh", [](const Tensor& t) { return tanh(t); }},
      {"sigmoid", [](const Tensor& t) { return sigmoid(t); }},
      {"erf", [](const Tensor& t) { return erf(t); }},
      {"reciprocal", [](const Tensor& t) { return reciprocal(add(abs(t), Scalar(0.5))); }},
      {"relu", [](const Tensor& t) { return relu(t); }},
      {"leaky_relu", [](const Tensor& t) { return leaky_relu(t, 0.2); }},
      {"elu", [](const Tensor& t) { return elu(t, 1.5); }},
      {"gelu", [](const Tensor& t) { return gelu(t); }},
      {"gelu tanh", [](const Tensor& t) { return gelu(t, "tanh"); }},
      {"silu", [](const Tensor& t) { return silu(t); }},
      {"mish", [](const Tensor& t) { return mish(t); }},
      {"hardswish", [](const Tensor& t) { return hardswish(t); }},
      {"hardsigmoid", [](const Tensor& t) { return hardsigmoid(t); }},
      {"clamp", [](const Tensor& t) { return clamp(t, Scalar(-0.5), Scalar(1.0)); }},
      {"softplus", [](const Tensor& t) { return softplus(t); }},
  };
  const std::vector<std::pair<const char*, std::function<Tensor(const Tensor&, const Tensor&)>>> binary = {
      {"add", [](const Tensor& a, const Tensor& b) { return add(a, b, 0.5); }},
      {"sub", [](const Tensor& a, const Tensor& b) { return sub(a, b); }},
      {"mul", [](const Tensor& a, const Tensor& b) { return mul(a, b); }},
      {"div", [](const Tensor& a, const Tensor& b) { return div(a, add(abs(b), Scalar(0.5))); }},
      {"pow", [](const Tensor& a, const Tensor& b) { return pow(add(abs(a), Scalar(0.5)), b); }},
      {"maximum", [](const Tensor& a, const Tensor& b) { return maximum(a, b); }},
      {"minimum", [](const Tensor& a, const Tensor& b) { return minimum(a, b); }},
  };
  for (const auto& [name, op] : unary) {
    check_floating(
        name, {values("x", {7, 37}, 3)}, [&op = op](const Tensors& t) { return op(t[0]); }, 2);
    check_floating(name, {values("x", {6, 9}, 3)}, [&op = op](const Tensors& t) { return op(t[0].t()); }, 2,
                   {DType::f32});
  }
  for (const auto& [name, op] : binary) {
    const Call both = [&op = op](const Tensors& t) { return op(t[0], t[1]); };
    check_floating(name, {values("a", {1031}, 2), values("b", {1031}, 2)}, both, 2);
    check_floating(name, {values("a", {3, 1, 5}, 2), values("b", {4, 1}, 2)}, both, 2,
                   {DType::f32, DType::bf16});
    check_floating(name, {values("a", {3, 5}, 2), values("b", {}, 2)}, both, 2, {DType::f32, DType::f64});
  }
}

TEST_CASE("cuda: elementwise ops of whole numbers and truths") {
  for (const DType dtype : numbers) {
    const Tensor a = whole("a", {5, 9}, -100, 100).to(dtype), b = whole("b", {9}, 1, 50).to(dtype);
    CAPTURE(name_of(dtype));
    check_exact("add", {a, b}, [](const Tensors& t) { return add(t[0], t[1]); });
    check_exact("mul", {a, b}, [](const Tensors& t) { return mul(t[0], t[1]); });
    check_exact("eq", {a, b}, [](const Tensors& t) { return eq(t[0], t[1]); });
    check_exact("lt", {a, b}, [](const Tensors& t) { return lt(t[0], t[1]); });
    check_exact("ge", {a, b}, [](const Tensors& t) { return ge(t[0], t[1]); });
    check_exact("logical_not", {a}, [](const Tensors& t) { return logical_not(t[0]); });
    check_exact("where", {a, b}, [](const Tensors& t) { return where(gt(t[0], t[1]), t[0], t[1]); });
    if (dtype == DType::boolean) continue;
    check_exact("floor", {a, b}, [](const Tensors& t) { return div(t[0], t[1], "floor"); });
    check_exact("remainder", {a, b}, [](const Tensors& t) { return remainder(t[0], t[1]); });
    check_exact("clamp", {a}, [](const Tensors& t) { return clamp(t[0], Scalar(-3), Scalar(20)); });
    check_exact("abs", {a}, [](const Tensors& t) { return abs(t[0]); });
    for (const Device device : test::gpus())
      CHECK_THROWS_WITH_AS(div(a.to(device), zeros({9}, dtype, device), "floor"), "ZeroDivisionError", Error);
  }
}

TEST_CASE("cuda: reductions of every length, by thread, warp and block") {
  for (const Shape& shape : {Shape{1, 1, 1}, Shape{3, 5, 1}, Shape{2, 33, 3}, Shape{2, 3, 40},
                             Shape{1, 1025, 2}, Shape{3, 1031, 1}}) {
    const Tensor x = values("x", shape, 2);
    const std::vector<int64_t> middle = {1};
    check_floating(
        "sum", {x}, [&](const Tensors& t) { return sum(t[0], middle); }, 2);
    check_floating(
        "mean", {x}, [&](const Tensors& t) { return mean(t[0], middle); }, 2);
    check_floating("amax", {x}, [&](const Tensors& t) { return amax(t[0], middle); });
    check_floating(
        "logsumexp", {x}, [&](const Tensors& t) { return logsumexp(t[0], middle); }, 2);
    check_floating(
        "softmax", {x}, [&](const Tensors& t) { return softmax(t[0], 1); }, 4);
    check_floating(
        "log_softmax", {x}, [&](const Tensors& t) { return log_softmax(t[0], 1); }, 2);
    check_floating(
        "cumsum", {x}, [&](const Tensors& t) { return cumsum(t[0], 1); }, 2);
    if (shape[1] > 1)
      check_floating(
          "var", {x}, [&](const Tensors& t) { return var(t[0], middle); }, 4);
    const Tensor n = whole("n", shape, -50, 50);
    check_exact("argmax", {n}, [](const Tensors& t) { return argmax(t[0], 1); });
    check_exact("argmin", {n}, [](const Tensors& t) { return argmin(t[0], 1); });
    check_exact("sum of integers", {n}, [&](const Tensors& t) { return sum(t[0], middle); });
    check_exact("max", {n.to(DType::f32)}, [](const Tensors& t) { return max(t[0], 1).values; });
    check_exact("any", {eq(n, Scalar(49))}, [](const Tensors& t) { return any(t[0], 1); });
    check_exact("all", {ne(n, Scalar(49))}, [](const Tensors& t) { return all(t[0], 1); });
    check_exact("sort", {n}, [](const Tensors& t) { return sort(t[0], 1).values; });
    check_exact("argsort", {n.to(DType::f32)}, [](const Tensors& t) { return sort(t[0], 1, true).indices; });
    check_exact("topk", {n}, [](const Tensors& t) { return topk(t[0], (t[0].size(1) + 1) / 2, 1).indices; });
  }
  const double nan = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  const Tensor odd = tensor({1.0, nan, 3.0, inf, -inf, nan, 2.0}).to(DType::f32);
  check_exact("argmax of NaN", {odd}, [](const Tensors& t) { return argmax(t[0], 0); });
  check_exact("sort of NaN", {odd}, [](const Tensors& t) { return sort(t[0], 0).indices; });
  check_exact("amax of NaN", {odd},
              [](const Tensors& t) { return isnan(amax(t[0], std::vector<int64_t>{0})); });
}

TEST_CASE("cuda: normalisation") {
  for (const Shape& shape : {Shape{1, 6, 1}, Shape{2, 6, 5}, Shape{3, 6, 300}}) {
    const Tensor x = add(values("x", shape, 2), Scalar(1.5)), w = values("w", {6}, 2), b = values("b", {6}),
                 m = values("m", {6}), v = add(values("v", {6}), Scalar(1.1));
    check_floating(
        "batch_norm", {x, m, v, w, b},
        [](const Tensors& t) { return batch_norm(t[0], t[1], t[2], t[3], t[4]); }, 4);
    if (shape[2] > 1)
      check_floating(
          "group_norm", {x, w, b}, [](const Tensors& t) { return group_norm(t[0], 3, t[1], t[2]); }, 8);
    const Tensor lw = values("lw", {shape[2]}, 2), lb = values("lb", {shape[2]});
    if (shape[2] > 1) {
      check_floating(
          "layer_norm", {x, lw, lb},
          [](const Tensors& t) { return layer_norm(t[0], {t[0].size(-1)}, t[1], t[2]); }, 8);
      check_floating(
          "rms_norm", {x, lw}, [](const Tensors& t) { return rms_norm(t[0], {t[0].size(-1)}, t[1]); }, 8);
    }
  }
}

TEST_CASE("cuda: products of every shape beside the tile's, any strides") {
  for (const int64_t m : {1, 7, 63, 64, 65})
    for (const int64_t n : {1, 13, 65})
      for (const int64_t k : {1, 16, 17, 67}) {
        const Tensor a = values("a", {m, k}), b = values("b", {k, n}), c = values("c", {n});
        const std::vector<DType> few = {DType::f32, DType::bf16};
        check_floating(
            "mm", {a, b}, [](const Tensors& t) { return matmul(t[0], t[1]); }, 2, few);
        check_floating("linear", {a, b.t().contiguous(), c},
                       [](const Tensors& t) { return linear(t[0], t[1], t[2]); }, 2, {DType::f32});
        check_exact("whole numbers", {whole("a", {m, k}, -9, 9).t().contiguous(), whole("b", {k, n}, -9, 9)},
                    [](const Tensors& t) { return matmul(t[0].t(), t[1]); });
      }
  const Call bmm_of = [](const Tensors& t) { return matmul(t[0], t[1].transpose(-1, -2)); };
  check_floating("batched", {values("a", {3, 1, 9, 20}), values("b", {2, 33, 20})}, bmm_of, 2);
  check_floating(
      "addmm", {values("c", {4, 1}), values("a", {4, 5}), values("b", {5, 6})},
      [](const Tensors& t) { return addmm(t[0], t[1], t[2], 0.5, 2.0); }, 2);
  check_floating("no inner extent", {values("a", {4, 0}), values("b", {0, 3})},
                 [](const Tensors& t) { return matmul(t[0], t[1]); });
}

TEST_CASE("cuda: convolutions") {
  struct Case {
    Shape x, w;
    std::vector<int64_t> stride, padding, dilation;
    int64_t groups;
  };
  for (const Case& c : {Case{{1, 1, 1, 1}, {1, 1, 1, 1}, {1}, {0}, {1}, 1},
                        Case{{2, 3, 9, 11}, {5, 3, 3, 3}, {1}, {1}, {1}, 1},
                        Case{{1, 8, 7, 5}, {70, 8, 1, 1}, {1}, {0}, {1}, 1},
                        Case{{1, 3, 17, 13}, {6, 3, 7, 5}, {2, 3}, {3, 1}, {1}, 1},
                        Case{{2, 6, 8, 8}, {9, 2, 3, 3}, {1}, {2}, {2}, 3},
                        Case{{2, 4, 9, 9}, {8, 1, 3, 3}, {2}, {1}, {1}, 4},
                        Case{{1, 5, 6, 7}, {5, 1, 5, 5}, {1}, {2}, {1}, 5}}) {
    const Tensor bias = values("bias", {c.w[0]});
    check_floating(
        "conv2d", {values("x", c.x), values("w", c.w), bias},
        [&](const Tensors& t) { return conv2d(t[0], t[1], t[2], c.stride, c.padding, c.dilation, c.groups); },
        2);
    check_exact("conv2d of whole numbers", {whole("x", c.x, -9, 9), whole("w", c.w, -9, 9)},
                [&](const Tensors& t) {
                  return conv2d(t[0], t[1], Tensor(), c.stride, c.padding, c.dilation, c.groups);
                });
  }
  const std::vector<DType> few = {DType::f32, DType::bf16};
  check_floating(
      "conv1d", {values("x", {2, 3, 19}), values("w", {4, 3, 5})},
      [](const Tensors& t) { return conv1d(t[0], t[1], Tensor(), 2, 2); }, 2, few);
  check_floating(
      "conv3d", {values("x", {1, 2, 4, 5, 6}), values("w", {3, 2, 2, 3, 3})},
      [](const Tensors& t) { return conv3d(t[0], t[1], Tensor(), 1, 1); }, 2, few);
  check_floating(
      "conv_transpose2d", {values("x", {1, 4, 5, 6}), values("w", {4, 3, 3, 3}), values("b", {3})},
      [](const Tensors& t) { return conv_transpose2d(t[0], t[1], t[2], 2, 1); }, 2, few);
}

TEST_CASE("cuda: pooling, resampling and padding") {
  const Tensor x = values("x", {2, 3, 11, 9}, 2);
  check_floating("max_pool2d", {x}, [](const Tensors& t) { return max_pool2d(t[0], 3, 2, 1); });
  check_floating("max_pool2d dilated", {x},
                 [](const Tensors& t) { return max_pool2d(t[0], 2, 1, 1, 3, true); });
  check_exact("max_pool2d of integers", {whole("n", {1, 2, 7, 5}, -9, 9)},
              [](const Tensors& t) { return max_pool2d(t[0], 2, 2); });
  check_floating("avg_pool2d", {x}, [](const Tensors& t) { return avg_pool2d(t[0], 3, 2, 1, true); });
  check_floating("avg_pool2d inside", {x},
                 [](const Tensors& t) { return avg_pool2d(t[0], 3, 2, 1, false, false); });
  check_floating("adaptive_avg_pool2d", {x}, [](const Tensors& t) {
    return adaptive_avg_pool2d(t[0], {4, 5});
  });
  check_floating("adaptive_max_pool2d", {x}, [](const Tensors& t) {
    return adaptive_max_pool2d(t[0], {4, 5});
  });
  for (const char* mode : {"nearest", "nearest-exact", "bilinear"})
    check_floating(
        mode, {x},
        [&](const Tensors& t) {
          return resized(t[0], {7, 20}, mode);
        },
        2);
  check_floating(
      "aligned", {x},
      [](const Tensors& t) {
        return resized(t[0], {5, 14}, "bilinear", true);
      },
      2);
  check_floating("antialias", {x},
                 [](const Tensors& t) {
                   return resized(t[0], {4, 4}, "bilinear", {}, true);
                 },
                 2, {DType::f32, DType::f64});
  check_exact("u8", {whole("u", {1, 3, 12, 10}, 0, 256).to(DType::u8)}, [](const Tensors& t) {
    return resized(t[0], {5, 23}, "bilinear", {}, true);
  });
  for (const char* mode : {"constant", "reflect", "replicate", "circular"})
    check_exact(mode, {x.to(DType::f32)}, [&](const Tensors& t) { return pad(t[0], {1, 2, 3, 0}, mode); });
}

TEST_CASE("cuda: lookups") {
  const Tensor table = values("t", {13, 6}).to(DType::f16), at = whole("at", {4, 5}, 0, 13);
  check_exact("embedding", {table, at}, [](const Tensors& t) { return embedding(t[0], t[1]); });
  check_exact("index_select", {table, whole("k", {9}, 0, 6)},
              [](const Tensors& t) { return index_select(t[0], 1, t[1]); });
  check_exact("gather", {table, whole("g", {5, 6}, 0, 13)},
              [](const Tensors& t) { return gather(t[0], 0, t[1]); });
  check_exact("index", {table, whole("i", {3, 2}, -13, 13)},
              [](const Tensors& t) { return index(t[0], t[1]); });
  check_exact("cat", {table, table}, [](const Tensors& t) { return cat({t[0], t[1].slice(1, 0, 4)}, 1); });
  check_exact("tril", {whole("m", {7, 9}, 1, 9)}, [](const Tensors& t) { return tril(t[0], 1); });
  check_exact("one_hot", {at}, [](const Tensors& t) { return one_hot(t[0], 13); });
}

TEST_CASE("cuda: attention and recurrent layers") {
  const Tensor q = values("q", {2, 3, 9, 16}), k = values("k", {2, 3, 13, 16}),
               v = values("v", {2, 3, 13, 8});
  const std::vector<DType> few = {DType::f32, DType::bf16};
  check_floating(
      "attention", {q, k, v}, [](const Tensors& t) { return scaled_dot_product_attention(t[0], t[1], t[2]); },
      8, few);
  check_floating(
      "causal attention", {q, k, v},
      [](const Tensors& t) { return scaled_dot_product_attention(t[0], t[1], t[2], {.is_causal = true}); }, 8,
      few);
}
