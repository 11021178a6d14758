// Decoding pictures.
#include "images.h"

#include <libdeflate.h>
#include <sconce/ops/create.h>

#include <climits>
#include <cstring>
#include <fstream>
#include <memory>

#include "stb_decoder.h"

namespace sconce::cli {
namespace {

// Formats that torchvision's loader takes and this one does not, by their first bytes.
const char* foreign_format(std::string_view bytes) {
  if (bytes.substr(0, 4) == std::string_view("II*\0", 4) ||
      bytes.substr(0, 4) == std::string_view("MM\0*", 4))
    return "a TIFF file";
  if (bytes.size() >= 12 && bytes.substr(0, 4) == "RIFF" && bytes.substr(8, 4) == "WEBP")
    return "a WebP file";
  if (bytes.substr(0, 4) == "GIF8") return "a GIF file";
  return nullptr;
}

uint32_t big_endian(std::string_view bytes, size_t at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

int64_t pixels_of_png(std::string_view bytes) {
  if (bytes.size() < 24) return 0;
  return int64_t{big_endian(bytes, 16) & 0x7fffffff} * int64_t{big_endian(bytes, 20) & 0x7fffffff};
}

// stb_image does not look at a PNG's checksums; PIL does, and so does this. Stops at the end chunk.
void check_png(std::string_view bytes) {
  constexpr std::string_view signature = "\x89PNG\r\n\x1a\n";
  if (!bytes.starts_with(signature)) return;
  const auto u32 = [&](size_t at) { return big_endian(bytes, at); };
  for (size_t at = signature.size();;) {
    const size_t left = bytes.size() - at;
    if (left < 12 || u32(at) > left - 12) fail(ErrorKind::corrupt, "the PNG file ends inside a chunk");
    const size_t length = u32(at);
    if (libdeflate_crc32(0, bytes.data() + at + 4, length + 4) != u32(at + 8 + length))
      fail(ErrorKind::corrupt, "a chunk of the PNG file has another checksum");
    if (bytes.substr(at + 4, 4) == "IEND") return;
    at += length + 12;
  }
}

std::string read_all(const std::filesystem::path& file) {
  std::error_code error;
  const auto size = std::filesystem::file_size(file, error);
  if (error) fail(ErrorKind::io, "cannot read the picture: ", error.message());
  check(size <= INT_MAX, "[decode_image] expected a picture of at most 2 GiB, got ", size, " bytes");
  std::string bytes(size, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!in) fail(ErrorKind::io, "cannot read the picture");
  return bytes;
}

}  // namespace

Tensor decode_image_bytes(std::string_view bytes, const ImageLimits& limits) {
  check(bytes.size() <= INT_MAX, "[decode_image] expected a picture of at most 2 GiB, got ", bytes.size(),
        " bytes");
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const int length = static_cast<int>(bytes.size());
  int width = 0, height = 0, channels = 0;
  check_png(bytes);
  if (length == 0) fail(ErrorKind::corrupt, "expected a picture, got an empty file");
  if (!stb_picture_size(data, length, width, height, channels)) {
    if (bytes.starts_with("\x89PNG") &&
        pixels_of_png(bytes) > limits.max_pixels)  // stb's own limits speak only of failure
      fail(ErrorKind::out_of_budget, "the picture has ", pixels_of_png(bytes), " pixels, more than ",
           limits.max_pixels);
    if (const char* format = foreign_format(bytes))
      fail(ErrorKind::unsupported, "expected a JPEG, PNG, BMP or PNM picture, got ", format,
           "; convert it first");
    fail(ErrorKind::corrupt, "expected a JPEG, PNG, BMP or PNM picture, got something else");
  }
  if (width < 1 || height < 1)
    fail(ErrorKind::corrupt, "expected a picture with pixels, got ", width, " x ", height);
  if (int64_t{width} * height > limits.max_pixels)
    fail(ErrorKind::out_of_budget, "the picture has ", width, " x ", height, " pixels, more than ",
         limits.max_pixels);
  // Transparency is dropped, not blended, so it must be decoded: stb would otherwise do the same, but
  // grey-alpha needs both.
  const bool has_alpha = channels == 2 || channels == 4;
  const int wanted = has_alpha ? 4 : 3;
  const std::unique_ptr<unsigned char, void (*)(unsigned char*)> pixels(
      stb_decode(data, length, width, height, channels, wanted), stb_release);
  if (!pixels) {
    const char* reason = stb_failure();
    fail(ErrorKind::corrupt, "the picture cannot be decoded: ", reason ? reason : "no reason given");
  }
  Tensor out = empty(Shape{height, width, 3}, DType::u8);
  uint8_t* to = out.mutable_data<uint8_t>();
  for (int64_t i = 0; i < int64_t{width} * height; ++i) std::memcpy(to + 3 * i, pixels.get() + wanted * i, 3);
  return out;
}

Tensor decode_image(const std::filesystem::path& file, const ImageLimits& limits) {
  try {
    return decode_image_bytes(read_all(file), limits);
  } catch (Error& e) {
    e.in_file(file.string());
    throw;
  }
}

}  // namespace sconce::cli
