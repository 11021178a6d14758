// Decoding pictures against PIL, image folders against torchvision's rules, PNG there and back.
#include <doctest/doctest.h>
#include <libdeflate.h>
#include <sconce/ops/create.h>

#include "images.h"
#include "support/support.h"

using namespace sconce;
using namespace sconce::cli;
namespace fs = std::filesystem;
namespace transforms = sconce::nn::transforms;

namespace {

void put(const std::string& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  fs::copy_file(test::fixture("images/" + from), to);
}

ErrorKind kind_of(const std::string& bytes, const ImageLimits& limits = {}) {
  try {
    decode_image_bytes(std::string_view(bytes), limits);
  } catch (const Error& e) {
    return e.kind();
  }
  FAIL("expected an error");
  return ErrorKind::io;
}

}  // namespace

TEST_CASE("pictures decode as PIL's convert('RGB')") {
  const auto expected = test::json_fixture("images.json");
  CHECK(expected.size() >= 14);
  for (const auto& item : expected.items()) {
    const std::string& name = item.key();
    const auto& tensor = item.value();
    CAPTURE(name);
    const Tensor ours = decode_image(test::fixture("images/" + name)), theirs = test::tensor_from(tensor);
    REQUIRE(ours.shape() == theirs.shape());
    // Lossless formats give the same bytes; JPEG decoders differ in how they round and smooth colour.
    const bool jpeg = name.ends_with(".jpg");
    const double allowed = !jpeg ? 0 : name == "photo_444.jpg" || name == "grey.jpg" ? 2 : 4;
    CHECK(test::max_difference(ours, theirs) <= allowed);
  }
}

TEST_CASE("PNG is written and read back") {
  for (auto [height, width] : {std::pair{1, 1}, {7, 5}, {33, 64}}) {
    Tensor picture = empty(Shape{height, width, 3}, DType::u8);
    for (int64_t i = 0; i < picture.numel(); ++i)
      picture.mutable_data<uint8_t>()[i] = static_cast<uint8_t>(i * i * 31 >> 3);
    const std::string png = encode_png(picture);
    CHECK(test::bit_equal(decode_image_bytes(std::string_view(png)), picture));
    const std::string uri = thumbnail_uri(picture, 16);
    CHECK(uri.starts_with("data:image/png;base64,iVBORw0KGgo"));
    CHECK(uri.size() % 4 == (std::string("data:image/png;base64,").size()) % 4);
  }
  CHECK_THROWS_AS(encode_png(zeros(Shape{2, 2, 3})), Error);
  CHECK_THROWS_AS(encode_png(zeros(Shape{0, 2, 3}, DType::u8)), Error);
}

TEST_CASE("what is no picture is refused by name") {
  const std::string png = test::read_file(test::fixture("images/rgb.png"));
  CHECK(kind_of("") == ErrorKind::corrupt);
  CHECK(kind_of("hello") == ErrorKind::corrupt);
  CHECK(kind_of("GIF89a......") == ErrorKind::unsupported);
  CHECK(kind_of(std::string("II*\0....", 8)) == ErrorKind::unsupported);
  CHECK(kind_of("RIFF....WEBPVP8 ") == ErrorKind::unsupported);
  CHECK(kind_of(png, {.max_pixels = 33 * 45 - 1}) == ErrorKind::out_of_budget);
  std::string bomb = png;
  for (size_t i : {16u, 20u})
    bomb[i + 1] = '\x70';  // width and height in the header: far more pixels than bytes
  const uint32_t checksum = libdeflate_crc32(0, bomb.data() + 12, 17);
  for (size_t i = 0; i < 4; ++i) bomb[29 + i] = static_cast<char>(checksum >> (24 - 8 * i) & 0xff);
  CHECK(kind_of(bomb) == ErrorKind::out_of_budget);
  for (size_t n = 0; n < 200; n += 7) CHECK(kind_of(png.substr(0, n)) == ErrorKind::corrupt);
  const fs::path file = test::scratch_folder() / "broken.png";
  test::write_file(file, "nothing");
  CHECK_THROWS_WITH_AS(decode_image(file), doctest::Contains("broken.png"), Error);
  CHECK_THROWS_WITH_AS(decode_image(file.parent_path() / "absent.png"), doctest::Contains("absent.png"),
                       Error);
}

TEST_CASE("every flipped byte of a picture gives a picture or an error") {
  for (const char* name : {"rgba.png", "grey.jpg", "palette.png", "photo_progressive.jpg"}) {
    const std::string bytes = test::read_file(test::fixture(std::string("images/") + name));
    for (size_t i = 0; i < bytes.size(); ++i) {
      std::string flipped = bytes;
      flipped[i] = static_cast<char>(flipped[i] ^ 0x55);
      try {
        const Tensor picture = decode_image_bytes(flipped, {.max_pixels = 1 << 16});
        CHECK(picture.numel() > 0);
        CHECK_FALSE(std::string(name).ends_with(".png"));  // PNG has checksums
      } catch (const Error& e) {
        CHECK((e.kind() == ErrorKind::corrupt || e.kind() == ErrorKind::out_of_budget ||
               e.kind() == ErrorKind::unsupported));
      }
    }
  }
}

TEST_CASE("a folder of folders is a data set") {
  const fs::path root = test::scratch_folder();
  put("rgb.png", root / "dogs" / "b.PNG");
  put("grey.png", root / "dogs" / "a.png");
  put("photo_444.jpg", root / "dogs" / "more" / "0.jpg");
  put("rgba.png", root / "cats" / "x.png");
  put("rgba.png", root / "Zebras" / "x.png");
  test::write_file(root / "cats" / "notes.txt", "no picture");
  test::write_file(root / "readme.txt", "no class");
  const ImageFolder data(
      root, transforms::Compose({transforms::Resize(8), transforms::CenterCrop(8), transforms::ToTensor()}));
  CHECK(data.class_names() == std::vector<std::string>{"Zebras", "cats", "dogs"});
  REQUIRE(data.size() == 5);
  const std::vector<std::string> names = {"Zebras/x.png", "cats/x.png", "dogs/a.png", "dogs/b.PNG",
                                          "dogs/more/0.jpg"};
  for (int64_t i = 0; i < 5; ++i) CHECK(data.name(i) == names[static_cast<size_t>(i)]);
  CHECK(test::bit_equal(data.labels(), tensor<int64_t>({0, 1, 2, 2, 2})));
  CHECK(data.inputs(1, 4).shape() == Shape{3, 3, 8, 8});
  CHECK(data.picture(3).shape() == Shape{33, 45, 3});
  CHECK_THROWS_AS(data.inputs(0, 6), Error);

  const ImageFolder ragged(root, transforms::ToTensor());
  CHECK_THROWS_WITH_AS(ragged.inputs(0, 5), doctest::Contains("a.png"), Error);
  CHECK_THROWS_WITH_AS(ImageFolder(root / "absent", transforms::ToTensor()), doctest::Contains("absent"),
                       Error);
  CHECK_THROWS_WITH_AS(ImageFolder(root / "cats", transforms::ToTensor()),
                       doctest::Contains("Couldn't find any class folder"), Error);
  fs::create_directory(root / "empty");
  CHECK_THROWS_WITH_AS(ImageFolder(root, transforms::ToTensor()), doctest::Contains("empty"), Error);
}
