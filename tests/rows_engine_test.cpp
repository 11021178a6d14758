// The engine's elementwise operators, norms, softmax and embeddings, for every instruction set that this machine has.
#include <algorithm>
#include <functional>

#include "cpu/engine/elementwise.h"
#include "cpu/engine/embedding.h"
#include "cpu/engine/norms.h"
#include "cpu/engine/softmax.h"
#include "support/operator_case.h"

using namespace sconce;
using namespace sconce::engine;
using namespace sconce::test;
using isa::Activation;
using isa::Binary;
using isa::Unary;

namespace {

double phi(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double logistic(double x) { return 1 / (1 + std::exp(-x)); }

struct Function {
  Activation activation;
  const char* name;
  double (*truth)(double);
  double ulps;        // largest error in units of the last place of f32 ...
  double far, floor;  // ... or, where the result is tiny beside x, at most this much absolutely
};
const Function kFunctions[] = {
    {Activation::none, "none", [](double x) { return x; }, 0, 0, 0},
    {Activation::relu, "relu", [](double x) { return x > 0 ? x : 0; }, 0, 0, 0},
    {Activation::relu6, "relu6", [](double x) { return std::clamp(x, 0.0, 6.0); }, 0, 0, 0},
    {Activation::hardsigmoid, "hardsigmoid", [](double x) { return std::clamp(x + 3, 0.0, 6.0) / 6; }, 2, 0,
     4e-8},
    {Activation::hardswish, "hardswish", [](double x) { return x * std::clamp(x + 3, 0.0, 6.0) / 6; }, 3, 0,
     2e-7},
    {Activation::sigmoid, "sigmoid", logistic, 2.5, 0, 0},
    {Activation::silu, "silu", [](double x) { return x * logistic(x); }, 2.5, 0, 0},
    {Activation::tanh, "tanh", [](double x) { return std::tanh(x); }, 2, 0, 0},
    {Activation::gelu, "gelu", [](double x) { return x * phi(x); }, 4, 0, 5e-8},
    {Activation::gelu_tanh, "gelu_tanh",
     [](double x) {
       return x * logistic(2 * std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x));
     },
     3, 0, 1e-7},
    {Activation::mish, "mish", [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }, 5, 0, 0},
};

double ulp_of(double x) { return std::ldexp(1.0, std::max(std::ilogb(x == 0 ? 1e-38 : x), -126) - 23); }

// f of a few values, by an operator.
std::vector<float> applied(const std::function<std::unique_ptr<Operator>(const Image&)>& make,
                           std::vector<float> x) {
  const Image image{.w = 1, .c = static_cast<int64_t>(x.size()), .pitch = static_cast<int64_t>(x.size())};
  std::vector<float> y(x.size());
  run(*make(image), {x.data()}, {y.data()});
  return y;
}

std::vector<float> sweep(double low, double high, int count) {
  std::vector<float> x;
  for (int i = 0; i < count; ++i) x.push_back(static_cast<float>(low + (high - low) * i / (count - 1)));
  return x;
}

}  // namespace

TEST_CASE("activations: within a few roundings of the truth") {
  std::vector<float> x = sweep(-12, 12, 60001);
  for (const float v : sweep(-1e-3, 1e-3, 501)) x.push_back(v);
  for (const isa::Kernels& kernels : all_kernels())
    for (const Function& f : kFunctions) {
      CAPTURE(kernels.name);
      CAPTURE(f.name);
      const std::vector<float> y = applied(
          [&](const Image& image) { return make_activation(f.activation, image, image, kernels); }, x);
      double worst = 0;
      float where = 0;
      for (size_t i = 0; i < x.size(); ++i) {
        const double truth = f.truth(static_cast<double>(x[i])),
                     error = std::abs(static_cast<double>(y[i]) - truth);
        const double over = error <= f.floor ? 0 : error / ulp_of(truth);
        if (over > worst) worst = over, where = x[i];
      }
      CAPTURE(where);
      CHECK(worst <= f.ulps);
    }
}

TEST_CASE("activations: NaN, infinities, zeros and huge numbers as in PyTorch") {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> x = {nan, inf, -inf, 0.f, -0.f, 1e30f, -1e30f};
  const std::pair<Activation, std::vector<float>> expected[] = {
      {Activation::none, {nan, inf, -inf, 0, -0.f, 1e30f, -1e30f}},
      {Activation::relu, {nan, inf, 0, 0, -0.f, 1e30f, 0}},
      {Activation::relu6, {nan, 6, 0, 0, -0.f, 6, 0}},
      {Activation::hardsigmoid, {nan, 1, 0, 0.5f, 0.5f, 1, 0}},
      {Activation::hardswish, {nan, inf, nan, 0, -0.f, 1e30f * 6 / 6, -0.f}},
      {Activation::sigmoid, {nan, 1, 0, 0.5f, 0.5f, 1, 0}},
      {Activation::silu, {nan, inf, nan, 0, -0.f, 1e30f, -0.f}},
      {Activation::tanh, {nan, 1, -1, 0, -0.f, 1, -1}},
      {Activation::gelu, {nan, inf, nan, 0, -0.f, 1e30f, -0.f}},
      {Activation::gelu_tanh, {nan, inf, nan, 0, -0.f, 1e30f, -0.f}},
      {Activation::mish, {nan, inf, nan, 0, -0.f, 1e30f, -0.f}},
  };
  for (const isa::Kernels& kernels : all_kernels())
    for (const auto& entry : expected) {
      const Activation activation = entry.first;
      const std::vector<float>& values = entry.second;
      CAPTURE(kernels.name);
      CAPTURE(static_cast<int>(activation));
      const std::vector<float> y =
          applied([&](const Image& image) { return make_activation(activation, image, image, kernels); }, x);
      for (size_t i = 0; i < x.size(); ++i) {
        CAPTURE(x[i]);
        if (std::isnan(values[i]))
          CHECK(std::isnan(y[i]));
        else if (values[i] == 0 && x[i] != 0)
          CHECK(std::abs(y[i]) < 1e-30f);  // sigmoid and softmax's e^x flush at different sides of 1e-37
        else
          CHECK(y[i] == values[i]);
        if (x[i] == 0 && values[i] == 0) CHECK(std::signbit(y[i]) == std::signbit(values[i]));
      }
    }
}

TEST_CASE("unary operators") {
  const std::pair<Unary, double (*)(double)> ops[] = {
      {Unary::abs, [](double x) { return std::abs(x); }},
      {Unary::neg, [](double x) { return -x; }},
      {Unary::exp, [](double x) { return std::exp(x); }},
      {Unary::sqrt, [](double x) { return std::sqrt(x); }},
      {Unary::rsqrt, [](double x) { return 1 / std::sqrt(x); }},
      {Unary::square, [](double x) { return x * x; }},
      {Unary::cube, [](double x) { return x * x * x; }},
      {Unary::reciprocal, [](double x) { return 1 / x; }}};
  const float inf = std::numeric_limits<float>::infinity();
  for (const isa::Kernels& kernels : all_kernels()) {
    CAPTURE(kernels.name);
    for (const auto& entry : ops) {
      const Unary op = entry.first;
      double (*const truth)(double) = entry.second;
      CAPTURE(static_cast<int>(op));
      const bool roots = op == Unary::sqrt || op == Unary::rsqrt;
      const std::vector<float> x = sweep(roots ? 0.01 : -87, 88, 5003);
      const std::vector<float> y =
          applied([&](const Image& image) { return make_unary(op, image, image, kernels); }, x);
      double worst = 0;
      for (size_t i = 0; i < x.size(); ++i)
        worst = std::max(worst, std::abs(static_cast<double>(y[i]) - truth(static_cast<double>(x[i]))) /
                                    ulp_of(truth(static_cast<double>(x[i]))));
      CHECK(worst <= 2);
    }
    const std::vector<float> ends =
        applied([&](const Image& image) { return make_unary(Unary::exp, image, image, kernels); },
                {inf, -inf, 89.f, -104.5f, 88.7f, -100.f, std::nanf("")});
    CHECK(ends[0] == inf);
    CHECK(ends[1] == 0);
    CHECK(ends[2] == inf);
    CHECK(ends[3] == 0);
    CHECK(ends[4] == doctest::Approx(std::exp(88.7f)));
    CHECK(ends[5] == doctest::Approx(std::exp(-100.0)).epsilon(0.05));
    CHECK(std::isnan(ends[6]));
  }
}

TEST_CASE("binary operators broadcast channels, images, pixels and numbers, exactly") {
  for (const isa::Kernels& kernels : all_kernels())
    for (const int64_t c : {1, 3, 8, 21, 40})
      for (int form = 0; form < 7; ++form) {
        CAPTURE(kernels.name);
        CAPTURE(c);
        CAPTURE(form);
        const Image y{.n = 3, .h = 2, .w = 5, .c = c, .pitch = form == 6 ? c : c + 5},
            other{.n = 3, .h = 2, .w = 5, .c = c, .pitch = form == 6 ? c : c + 2};
        const Spread spreads[] = {Spread::of(other),        Spread::of_channels(), Spread::of_images(c + 1),
                                  Spread::of_pixels(other), Spread::of_one(),      Spread::of_number(3),
                                  Spread::of(other)};
        const Spread b = spreads[form];
        Rows x(numbers("x", y.rows() * c), y.rows(), c, y.pitch), out(y.rows(), c, y.pitch);
        std::vector<float> z = numbers("z", y.rows() * (c + 5));
        // Whole numbers, so that every order of operations gives the same.
        const auto whole = [](float v) { return std::round(v * 8) == 0 ? 1.f : std::round(v * 8); };
        for (int64_t r = 0; r < y.rows(); ++r)
          for (int64_t i = 0; i < c; ++i) x.at(r, i) = whole(x.at(r, i));
        for (float& v : z) v = whole(v);
        for (const Binary op : {Binary::add, Binary::sub, Binary::mul, Binary::div, Binary::max, Binary::min})
          for (const bool reversed : {false, true}) {
            CAPTURE(static_cast<int>(op));
            CAPTURE(reversed);
            const float alpha = op == Binary::sub && c == 3 ? 2.f : 1.f;
            const Spread of_x = Spread::of(y);
            const auto made = make_binary(op, reversed ? b : of_x, reversed ? of_x : b, alpha, y,
                                          c == 8 ? Activation::relu : Activation::none, kernels);
            const float* second = b.is_number ? nullptr : z.data();
            const std::vector<const void*> inputs = {reversed ? second : x.data(),
                                                     reversed ? x.data() : second};
            run(*made, inputs, {out.data()});
            CHECK(out.guarded());
            int64_t wrong = 0;
            for (int64_t r = 0; r < y.rows(); ++r)
              for (int64_t i = 0; i < c; ++i) {
                const int64_t image = r / 10, line = r / 5 % 2, pixel = r % 5;
                const float v = b.is_number ? 3.f
                                            : z[static_cast<size_t>(image * b.image + line * b.line +
                                                                    pixel * b.pixel + (b.channels ? i : 0))];
                const float p = reversed ? v : x.at(r, i), q = reversed ? x.at(r, i) : v;
                float expected = op == Binary::add   ? p + q
                                 : op == Binary::sub ? p - alpha * q
                                 : op == Binary::mul ? p * q
                                 : op == Binary::div ? p / q
                                 : op == Binary::max ? std::max(p, q)
                                                     : std::min(p, q);
                if (c == 8) expected = std::max(expected, 0.f);
                wrong += out.at(r, i) != expected;
              }
            CHECK(wrong == 0);
          }
      }
}

TEST_CASE("binary operators: pieces, in place, NaN in max and min") {
  for (const isa::Kernels& kernels : all_kernels()) {
    CAPTURE(kernels.name);
    for (const int64_t slack : {0, 4}) {
      const Image y{.n = 2, .h = 1, .w = 700, .c = 100, .pitch = 100 + slack};
      const std::vector<float> a = numbers("a", y.rows() * 100), b = numbers("b", y.rows() * 100);
      Rows x(a, y.rows(), 100, y.pitch), z(b, y.rows(), 100, y.pitch), out(y.rows(), 100, y.pitch);
      const auto op = make_binary(Binary::add, Spread::of(y), Spread::of(y), 1, y, Activation::gelu, kernels);
      CHECK(op->pieces() > 1);
      run(*op, {x.data(), z.data()}, {out.data()}, true);
      run(*op, {x.data(), z.data()}, {x.data()});
      CHECK(out.values() == x.values());
    }
    const float nan = std::nanf("");
    const Image y{.w = 1, .c = 4, .pitch = 4};
    const std::vector<float> a = {nan, 1, 2, -1}, b = {1, nan, -2, 3};
    for (const Binary op : {Binary::max, Binary::min}) {
      std::vector<float> out(4);
      run(*make_binary(op, Spread::of(y), Spread::of(y), 1, y, Activation::none, kernels),
          {a.data(), b.data()}, {out.data()});
      CHECK(std::isnan(out[0]));
      CHECK(std::isnan(out[1]));
      CHECK(out[2] == (op == Binary::max ? 2.f : -2.f));
      CHECK(out[3] == (op == Binary::max ? 3.f : -1.f));
    }
  }
}

TEST_CASE("layer norm and rms norm beside PyTorch's error") {
  for (const isa::Kernels& kernels : all_kernels())
    for (const int64_t c : {1, 7, 48, 96, 768, 1000}) {
      CAPTURE(kernels.name);
      CAPTURE(c);
      const std::string name = "norm" + std::to_string(c);
      const std::vector<float> values = numbers(name + ".x", 5 * c), w = numbers(name + ".weight", c),
                               b = numbers(name + ".bias", c);
      const auto truth = [&](bool centred, double eps, bool weighted, bool biased) {
        std::vector<double> y;
        for (int64_t r = 0; r < 5; ++r) {
          std::vector<double> s;
          double mean = 0, square = 0;
          for (int64_t i = 0; i < c; ++i) {
            const auto at = static_cast<size_t>(r * c + i);
            s.push_back(static_cast<double>(values[at]));
            mean += s.back() / static_cast<double>(c);
          }
          if (!centred) mean = 0;
          for (const double v : s) square += (v - mean) * (v - mean) / static_cast<double>(c);
          for (size_t i = 0; i < s.size(); ++i)
            y.push_back((s[i] - mean) / std::sqrt(square + eps) *
                            (weighted ? static_cast<double>(w[i]) : 1.0) +
                        (biased ? static_cast<double>(b[i]) : 0.0));
        }
        return y;
      };
      const Image x{.w = 5, .c = c, .pitch = c + 3}, y{.w = 5, .c = c, .pitch = c + 1};
      Rows in(values, 5, c, x.pitch);
      VectorPacks packs;
      Rows out(5, c, y.pitch);
      if (c > 1) {
        run(*make_layer_norm(x, y, {w.data(), b.data()}, 1e-5, kernels, packs), {in.data()}, {out.data()});
        CHECK(out.guarded());
        check_beside_torch("layer_norm" + std::to_string(c), out.values(), truth(true, 1e-5, true, true));
      }
      run(*make_rms_norm(x, y, {w.data(), nullptr}, 1e-6, kernels, packs), {in.data()}, {out.data()});
      check_beside_torch("rms_norm" + std::to_string(c), out.values(), truth(false, 1e-6, true, false));
    }
}

TEST_CASE("norms, softmax and activations: every tail of channels") {
  for (const isa::Kernels& kernels : all_kernels())
    for (int64_t c = 1; c <= 70; ++c) {
      CAPTURE(kernels.name);
      CAPTURE(c);
      const std::vector<float> values = numbers("tails", 2 * c);
      const Image x{.w = 2, .c = c, .pitch = c + 2};
      Rows in(values, 2, c, c + 2), norm(2, c, c + 2), soft(2, c, c + 2), relu(2, c, c + 2);
      VectorPacks packs;
      run(*make_layer_norm(x, x, {}, 1e-3, kernels, packs), {in.data()}, {norm.data()});
      run(*make_softmax(x, x, false, kernels), {in.data()}, {soft.data()});
      run(*make_activation(Activation::relu, x, x, kernels), {in.data()}, {relu.data()});
      std::vector<double> norms, softs;
      std::vector<float> relus;
      for (int64_t r = 0; r < 2; ++r) {
        const float* row = values.data() + r * c;
        const auto n = static_cast<double>(c);
        double mean = 0, square = 0, sum = 0;
        for (int64_t i = 0; i < c; ++i)
          mean += static_cast<double>(row[i]) / n, sum += std::exp(static_cast<double>(row[i]));
        for (int64_t i = 0; i < c; ++i) square += std::pow(static_cast<double>(row[i]) - mean, 2) / n;
        for (int64_t i = 0; i < c; ++i) {
          norms.push_back((static_cast<double>(row[i]) - mean) / std::sqrt(square + 1e-3));
          softs.push_back(std::exp(static_cast<double>(row[i])) / sum);
          relus.push_back(std::max(row[i], 0.f));
        }
      }
      CHECK((norm.guarded() && soft.guarded() && relu.guarded()));
      if (c > 1) CHECK(relative_error(norm.values(), norms) < 3e-7);
      if (c == 1) CHECK(norm.at(0, 0) == 0);
      CHECK(relative_error(soft.values(), softs) < 3e-7);
      CHECK(relu.values() == relus);
    }
}

TEST_CASE("layer norm: a strong mean, a constant row, NaN") {
  for (const isa::Kernels& kernels : all_kernels()) {
    CAPTURE(kernels.name);
    VectorPacks packs;
    const Image x{.w = 3, .c = 50, .pitch = 50};
    std::vector<float> values = numbers("strong", 150), y(150);
    for (int i = 0; i < 50; ++i) values[static_cast<size_t>(i)] += 1000;
    for (int i = 50; i < 100; ++i) values[static_cast<size_t>(i)] = 7;
    values[120] = std::nanf("");
    run(*make_layer_norm(x, x, {}, 1e-5, kernels, packs), {values.data()}, {y.data()});
    double mean = 0, square = 0;
    for (size_t i = 0; i < 50; ++i) mean += static_cast<double>(values[i]) / 50;
    for (size_t i = 0; i < 50; ++i) square += std::pow(static_cast<double>(values[i]) - mean, 2) / 50;
    for (size_t i = 0; i < 50; ++i)
      CHECK(std::abs(static_cast<double>(y[i]) -
                     (static_cast<double>(values[i]) - mean) / std::sqrt(square + 1e-5)) < 2e-4);
    for (size_t i = 50; i < 100; ++i) CHECK(y[i] == 0);
    for (size_t i = 100; i < 150; ++i) CHECK(std::isnan(y[i]));
  }
}

TEST_CASE("group norm beside PyTorch's error") {
  struct Case {
    int64_t channels, groups, pixels;
  };
  for (const isa::Kernels& kernels : all_kernels())
    for (const Case c : {Case{32, 8, 49}, Case{6, 2, 9}, Case{20, 20, 30}, Case{64, 1, 196}}) {
      CAPTURE(kernels.name);
      const std::string name = "group" + std::to_string(c.channels);
      const std::vector<float> values = numbers(name + ".x", 2 * c.pixels * c.channels),
                               w = numbers(name + ".weight", c.channels),
                               b = numbers(name + ".bias", c.channels);
      std::vector<double> truth(values.size());
      const int64_t width = c.channels / c.groups;
      for (int64_t image = 0; image < 2; ++image)
        for (int64_t g = 0; g < c.groups; ++g) {
          double mean = 0, square = 0;
          const auto each = [&](auto&& f) {
            for (int64_t p = 0; p < c.pixels; ++p)
              for (int64_t i = g * width; i < (g + 1) * width; ++i)
                f(static_cast<size_t>((image * c.pixels + p) * c.channels + i), static_cast<size_t>(i));
          };
          const auto count = static_cast<double>(width * c.pixels);
          each([&](size_t at, size_t) { mean += static_cast<double>(values[at]) / count; });
          each([&](size_t at, size_t) {
            square += std::pow(static_cast<double>(values[at]) - mean, 2) / count;
          });
          each([&](size_t at, size_t i) {
            truth[at] = (static_cast<double>(values[at]) - mean) / std::sqrt(square + 1e-5) *
                            static_cast<double>(w[i]) +
                        static_cast<double>(b[i]);
          });
        }
      const Image x{.n = 2, .w = c.pixels, .c = c.channels, .pitch = c.channels + 3},
          y{.n = 2, .w = c.pixels, .c = c.channels, .pitch = c.channels + 1};
      Rows in(values, x.rows(), x.c, x.pitch), out(y.rows(), y.c, y.pitch);
      VectorPacks packs;
      run(*make_group_norm(x, y, c.groups, {w.data(), b.data()}, 1e-5, Activation::none, kernels, packs),
          {in.data()}, {out.data()}, true);
      CHECK(out.guarded());
      check_beside_torch("group_norm" + std::to_string(c.channels), out.values(), truth);
      const std::vector<float> plain = out.values();
      run(*make_group_norm(x, x, c.groups, {w.data(), b.data()}, 1e-5, Activation::relu, kernels, packs),
          {in.data()}, {in.data()});
      const std::vector<float> clamped = in.values();
      for (size_t i = 0; i < plain.size(); ++i) REQUIRE(clamped[i] == std::max(plain[i], 0.f));
    }
}

TEST_CASE("softmax and log softmax over channels beside PyTorch's error") {
  for (const isa::Kernels& kernels : all_kernels()) {
    CAPTURE(kernels.name);
    for (const int64_t c : {7, 48, 96, 768, 1000}) {
      std::vector<float> values = numbers("norm" + std::to_string(c) + ".x", 5 * c);
      for (float& v : values) v *= 4;
      std::vector<double> soft, logarithm;
      for (int64_t r = 0; r < 5; ++r) {
        double sum = 0;
        for (int64_t i = 0; i < c; ++i)
          sum += std::exp(static_cast<double>(values[static_cast<size_t>(r * c + i)]));
        for (int64_t i = 0; i < c; ++i) {
          logarithm.push_back(static_cast<double>(values[static_cast<size_t>(r * c + i)]) - std::log(sum));
          soft.push_back(std::exp(logarithm.back()));
        }
      }
      const Image x{.w = 5, .c = c, .pitch = c + 3}, y{.w = 5, .c = c, .pitch = c + 1};
      Rows in(values, 5, c, x.pitch), out(5, c, y.pitch);
      run(*make_softmax(x, y, false, kernels), {in.data()}, {out.data()});
      CHECK(out.guarded());
      check_beside_torch("softmax" + std::to_string(c), out.values(), soft);
      run(*make_softmax(x, y, true, kernels), {in.data()}, {out.data()});
      check_beside_torch("log_softmax" + std::to_string(c), out.values(), logarithm);
    }
    // Whole rows of -inf, an infinity, a NaN: NaN. A row with some -inf: 0 there.
    const float inf = std::numeric_limits<float>::infinity();
    std::vector<float> rows(5 * 21, -inf);
    for (int i = 21; i < 105; ++i) rows[static_cast<size_t>(i)] = 1;
    rows[30] = inf, rows[50] = std::nanf(""), rows[70] = -inf, rows[71] = -200;
    const Image x{.w = 5, .c = 21, .pitch = 21};
    run(*make_softmax(x, x, false, kernels), {rows.data()}, {rows.data()});
    for (size_t i = 0; i < 63; ++i) CHECK((std::isnan(rows[i]) || (i > 20 && i < 42 && rows[i] == 0)));
    CHECK(std::isnan(rows[30]));
    CHECK(std::isnan(rows[42]));
    CHECK(rows[70] == 0);
    CHECK(rows[71] == 0);
    CHECK(rows[72] == doctest::Approx(1.0 / 19));
  }
}

TEST_CASE("embeddings, and an index out of range is an error") {
  const Image y{.n = 2, .w = 3, .c = 19, .pitch = 24};
  const std::vector<float> table = numbers("table", 10 * 19);
  Rows out(6, 19, 24);
  const std::vector<int64_t> ids = {0, 9, 3, 4, 4, 1};
  run(*make_embedding(table.data(), 10, y), {ids.data()}, {out.data()}, true);
  CHECK(out.guarded());
  for (int64_t r = 0; r < 6; ++r)
    for (int64_t i = 0; i < 19; ++i)
      CHECK(out.at(r, i) == table[static_cast<size_t>(ids[static_cast<size_t>(r)] * 19 + i)]);
  for (const int64_t bad : {int64_t{10}, int64_t{-1}}) {
    std::vector<int64_t> wrong = ids;
    wrong[4] = bad;
    CHECK_THROWS_WITH_AS(run(*make_embedding(table.data(), 10, y), {wrong.data()}, {out.data()}),
                         "index out of range in self", Error);
  }
}
