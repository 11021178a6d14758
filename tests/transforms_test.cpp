// Transforms against torchvision's on PIL images.
#include <doctest/doctest.h>
#include <sconce/nn/transforms.h>
#include <sconce/ops/create.h>

#include "support/support.h"

using namespace sconce;
using namespace sconce::nn::transforms;
using nlohmann::json;

namespace {

Size pair_of(const json& j) { return {j[0].get<int64_t>(), j[1].get<int64_t>()}; }

}  // namespace

TEST_CASE("resize and center_crop give torchvision's bytes") {
  const json fixture = test::json_fixture("transforms.json");
  int resized = 0, cropped = 0;
  for (const json& c : fixture["cases"]) {
    CAPTURE(c["name"].get<std::string>());
    const Tensor picture = test::tensor_from(c["picture"]);
    for (const json& r : c["resize"]) {
      CAPTURE(r["size"].dump());
      const Tensor ours = r["size"].is_array() ? resize(picture, pair_of(r["size"]))
                                               : resize(picture, r["size"].get<int64_t>());
      CHECK(test::bit_equal(ours, test::tensor_from(r["expected"])));
      ++resized;
    }
    for (const json& r : c["crop"]) {
      CAPTURE(r["size"].dump());
      const Size size = r["size"].is_array() ? pair_of(r["size"])
                                             : Size{r["size"].get<int64_t>(), r["size"].get<int64_t>()};
      CHECK(test::bit_equal(center_crop(picture, size), test::tensor_from(r["expected"])));
      ++cropped;
    }
  }
  CHECK(resized > 70);
  CHECK(cropped > 50);
  for (const json& r : fixture["rule"])
    CHECK(resized_size({r[0].get<int64_t>(), r[1].get<int64_t>()}, r[2].get<int64_t>()) ==
          Size{r[3].get<int64_t>(), r[4].get<int64_t>()});
  const Tensor floating = test::tensor_from(fixture["float_crop"]["picture"]);
  for (const json& r : fixture["float_crop"]["crops"])
    CHECK(test::bit_equal(center_crop(floating, pair_of(r[0])), test::tensor_from(r[1])));
}

TEST_CASE("whole pipelines and normalize equal torchvision's") {
  const json fixture = test::json_fixture("transforms.json");
  for (const json& c : fixture["pipelines"]) {
    CAPTURE(c["name"].get<std::string>());
    const Preset preset{c["resize"], c["crop"], c["mean"].get<std::vector<double>>(),
                        c["std"].get<std::vector<double>>()};
    const Tensor picture = test::tensor_from(c["picture"]), expected = test::tensor_from(c["expected"]);
    CHECK(test::bit_equal(pipeline(preset)(picture), expected));
    const Transform steps = Compose(
        {Resize(preset.resize), CenterCrop(preset.crop), ToTensor(), Normalize(preset.mean, preset.std)});
    CHECK(test::bit_equal(steps(picture), expected));
  }
  for (const json& c : fixture["normalize"]) {
    CAPTURE(c["input"]["dtype"].get<std::string>());
    const Tensor ours =
        normalize(test::tensor_from(c["input"]), {0.485, 0.456, 0.406}, {0.229, 0.224, 0.225});
    CHECK(test::bit_equal(ours, test::tensor_from(c["expected"])));
  }
}

TEST_CASE("transforms read any strides and leave their input alone") {
  const Tensor chw = tensor(std::vector<uint8_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, Shape{3, 2, 2});
  const Tensor hwc(chw.storage(), DType::u8, Shape{2, 2, 3}, Strides{2, 1, 4});
  CHECK(test::bit_equal(to_tensor(hwc), to_tensor(hwc.clone())));
  CHECK(test::bit_equal(resize(hwc, Size{3, 5}), resize(hwc.clone(), Size{3, 5})));
  CHECK(test::bit_equal(center_crop(hwc, {1, 3}), center_crop(hwc.clone(), {1, 3})));
  CHECK(to_tensor(hwc).data<float>()[0] == 1.0f / 255);
  const Tensor x = ones(Shape{1, 2, 2});
  normalize(x, {1}, {2});
  CHECK(x.data<float>()[0] == 1);
}

TEST_CASE("transforms refuse what they cannot take") {
  const Tensor picture = zeros(Shape{4, 4, 3}, DType::u8);
  CHECK_THROWS_AS(resize(picture, 0), Error);
  CHECK_THROWS_AS(resize(picture, Size{-1, 4}), Error);
  CHECK_THROWS_AS(resize(picture, Size{int64_t{1} << 40, 4}), Error);
  CHECK_THROWS_AS(resize(zeros(Shape{4, 4, 3}), 2), Error);
  CHECK_THROWS_AS(resize(zeros(Shape{4, 4}, DType::u8), 2), Error);
  CHECK_THROWS_AS(resize(zeros(Shape{0, 4, 3}, DType::u8), 2), Error);
  CHECK_THROWS_AS(resize(Tensor(), 2), Error);
  CHECK_THROWS_AS(center_crop(picture, {0, 1}), Error);
  CHECK_THROWS_AS(center_crop(Tensor(), {1, 1}), Error);
  CHECK_THROWS_AS(to_tensor(zeros(Shape{4, 4, 3})), Error);
  CHECK_THROWS_AS(normalize(zeros(Shape{3, 2, 2}), {1, 2}, {1, 1, 1}), Error);
  CHECK_THROWS_AS(normalize(zeros(Shape{3, 2, 2}), {1}, {0}), Error);
  CHECK_THROWS_AS(normalize(picture, {1}, {1}), Error);
  CHECK_THROWS_AS(pipeline({0, 0, {1}, {}}), Error);
}
