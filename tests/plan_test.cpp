// What a plan says of itself, its memory, and its packed weights on disk.
#include <doctest/doctest.h>
#include <sconce/nn/nn.h>
#include <sconce/ops.h>
#include <sconce/prepare.h>

#include <nlohmann/json.hpp>

#include "cpu/plan/memory.h"
#include "cpu/plan/packed_file.h"
#include "cpu/plan/strided_copy.h"
#include "support/seeded.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::test;

namespace {

std::unique_ptr<nn::Module> small_net() {
  auto model = nn::make_model(
      "Sequential(Conv2d(3, 8, 3, padding=1), BatchNorm2d(8), ReLU(), MaxPool2d(2), Flatten(), Linear(128, "
      "5))");
  fill(*model);
  return model;
}

plan::Buffer buffer(int64_t bytes, int32_t first, int32_t last) {
  plan::Buffer b;
  b.bytes = bytes, b.first = first, b.last = last;
  return b;
}

}  // namespace

TEST_CASE("plan: buffers share memory when they do not live together") {
  std::vector<plan::Buffer> buffers{buffer(1000, 0, 1), buffer(1000, 1, 2), buffer(1000, 2, 3),
                                    buffer(100, 0, 3), buffer(10, 5, 9)};
  const int64_t total = plan::assign_offsets(buffers);
  for (size_t i = 0; i < buffers.size(); ++i) {
    CHECK(buffers[i].offset % 64 == 0);
    for (size_t j = 0; j < i; ++j) {
      const auto &a = buffers[i], &b = buffers[j];
      const bool together = a.first <= b.last && b.first <= a.last;
      const bool apart = a.offset + a.bytes + 64 <= b.offset || b.offset + b.bytes + 64 <= a.offset;
      CHECK((!together || apart));
    }
  }
  CHECK(buffers[0].offset == buffers[2].offset);
  CHECK(total < 2600);
  CHECK(plan::assign_offsets(buffers, false) > 3100);
}

TEST_CASE("plan: elements move between any strides") {
  Tensor from = empty({3, 4, 5, 2});
  for (int64_t i = 0; i < from.numel(); ++i) from.mutable_data<float>()[i] = static_cast<float>(i);
  const auto move = [](const Tensor& a, Tensor& b) {
    const auto op = plan::make_strided_copy(a, b);
    const void* in = a.data();
    void* out = b.mutable_data();
    for (int64_t i = op->pieces(); i-- > 0;) op->run(i, i + 1, {&in, &out}, nullptr);
  };
  for (const Tensor& a : {from, from.permute({3, 1, 0, 2}), from.slice(1, 1, 3), from.slice(2, 0, 5, 2),
                          from.select(0, 1).expand({2, 4, 5, 2})}) {
    Tensor b = zeros(a.shape());
    move(a, b);
    CHECK(bit_equal(b, a));
    Tensor turned = zeros({a.size(1), a.size(0), a.size(2), a.size(3)});
    Tensor view = turned.transpose(0, 1);
    move(a, view);
    CHECK(bit_equal(view.contiguous(), a.contiguous()));
  }
  for (DType dtype : {DType::u8, DType::f16, DType::i64, DType::complex128}) {
    const Tensor a = from.to(dtype).permute({1, 3, 2, 0});
    Tensor b = zeros(a.shape(), dtype);
    move(a, b);
    CHECK(bit_equal(b, a.contiguous()));
  }
}

TEST_CASE("plan: it describes its steps and measures them") {
  const auto model = small_net();
  const Tensor x = seeded("input", {2, 3, 8, 8});
  const Plan plan = prepare(*model, x, {.threads = 1});
  CHECK(plan.interpreted_steps() == 0);
  CHECK(plan.packed_bytes() > 128 * 5 * 4);
  CHECK(plan.arena_bytes() > 0);
  const std::string text = plan.describe();
  for (const char* part : {"aten.conv2d.default", "aten.linear.default", "[2, 3, 8, 8]", "-> [2, 5]",
                           "MB of packed weights", "(0 interpreted)"})
    CHECK(text.find(part) != std::string::npos);
  const PlanProfile profile = plan.profile(x, 2);
  CHECK(profile.milliseconds > 0);
  CHECK(profile.peak_gflops > 0.1);
  double sum = 0;
  for (const ProfileStep& step : profile.steps) {
    CHECK(step.of_peak < 4);
    sum += step.milliseconds;
  }
  CHECK(sum > 0);
  CHECK(profile.str().find("GFLOP/s each") != std::string::npos);
  const auto trace = nlohmann::json::parse(profile.chrome_trace());
  CHECK(trace.at("traceEvents").size() == profile.steps.size());
  CHECK(trace.at("traceEvents")[0].at("ph") == "X");
}

TEST_CASE("plan: packed weights are written, mapped back, and made anew where they do not fit") {
  auto model = small_net();
  const Tensor x = seeded("input", {2, 3, 8, 8});
  const std::string path = (scratch_folder() / "net.packed").string();
  const Plan plan = prepare(*model, x);
  plan.save_packed(path);
  const Tensor expected = plan(x);
  const auto notice = [&](const PrepareOptions& options = {}) {
    PrepareOptions with = options;
    with.packed_path = path;
    const Plan again = prepare(*model, x, with);
    CHECK(max_difference(again(x), expected) <= 1e-5 * max_magnitude(expected));
    return again.notice();
  };
  const auto says = [&](const std::string& text, const char* part) {
    CAPTURE(text);
    return text.starts_with("packed weights were made anew") && text.find(part) != std::string::npos;
  };
  CHECK(notice() == "");
  CHECK(bit_equal(prepare(*model, x, {.packed_path = path})(x), expected));
  CHECK(says(notice({.winograd = false}), "another network"));
  const std::string bytes = read_file(path);
  std::string damaged = bytes;
  damaged[bytes.size() / 2] ^= 1;
  write_file(path, damaged);
  CHECK(says(notice(), "damaged"));
  write_file(path, bytes.substr(0, bytes.size() - 64));
  CHECK(says(notice(), "damaged"));
  for (size_t length : {size_t{0}, size_t{40}, size_t{79}}) {
    write_file(path, bytes.substr(0, length));
    CHECK(says(notice(), "no file of packed weights"));
  }
  std::string other = bytes;
  other[16] = 'Z';
  write_file(path, other);
  CHECK(says(notice(), "it was made for Z"));
  other = bytes;
  other[8] = 9;
  write_file(path, other);
  CHECK(says(notice(), "version 9"));
  write_file(path, bytes);
  CHECK(notice() == "");
  // Other weights.
  for (auto& [name, parameter] : model->named_parameters()) {
    Tensor t = parameter;
    mul_(t, 1.0);
    if (name.ends_with("bias")) add_(t, 1e-7);
  }
  CHECK(says(notice(), "another network"));
  CHECK(says(
      [&] { return prepare(*model, x, {.packed_path = (scratch_folder() / "none").string()}).notice(); }(),
      "cannot be opened"));
  CHECK_THROWS_AS(plan.save_packed((scratch_folder() / "no" / "where").string()), Error);
}
