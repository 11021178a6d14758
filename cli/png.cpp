// Writing PNG: one IDAT chunk, each row filtered by the difference to its left neighbour, compressed by
// libdeflate.
#include <libdeflate.h>
#include <sconce/ops/create.h>

#include <algorithm>
#include <memory>

#include "images.h"

namespace sconce::cli {
namespace {

void append_u32(std::string& out, uint32_t v) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(v >> shift & 0xff);
}

void append_chunk(std::string& out, const std::string& type, const std::string& data) {
  append_u32(out, static_cast<uint32_t>(data.size()));
  const std::string body = type + data;
  out += body;
  append_u32(out, libdeflate_crc32(0, body.data(), body.size()));
}

std::string base64(const std::string& bytes) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < n ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (size_t k = 0; k < 4; ++k) out += k <= n ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace

std::string encode_png(const Tensor& picture) {
  check(picture.defined() && picture.dtype() == DType::u8 && picture.dim() == 3 && picture.size(2) == 3 &&
            picture.numel() > 0 && picture.size(0) <= 1 << 16 && picture.size(1) <= 1 << 16,
        "[encode_png] expected a u8 picture of shape (height, width, 3) with sides up to 65536, got ",
        picture.shape());
  const Tensor dense = picture.contiguous();
  const int64_t height = dense.size(0), width = dense.size(1);
  std::string raw;
  raw.reserve(static_cast<size_t>(height * (3 * width + 1)));
  for (int64_t y = 0; y < height; ++y) {
    const uint8_t* row = dense.data<uint8_t>() + y * width * 3;
    raw += '\1';
    for (int64_t x = 0; x < 3 * width; ++x) raw += static_cast<char>(row[x] - (x >= 3 ? row[x - 3] : 0));
  }
  const std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)> compressor(
      libdeflate_alloc_compressor(9), libdeflate_free_compressor);
  if (!compressor) fail(ErrorKind::out_of_budget, "[encode_png] no memory to compress");
  std::string packed(libdeflate_zlib_compress_bound(compressor.get(), raw.size()), '\0');
  packed.resize(
      libdeflate_zlib_compress(compressor.get(), raw.data(), raw.size(), packed.data(), packed.size()));

  std::string header;
  append_u32(header, static_cast<uint32_t>(width));
  append_u32(header, static_cast<uint32_t>(height));
  header += std::string("\x08\x02\0\0\0", 5);  // 8 bits, RGB, deflate, adaptive filters, not interlaced
  std::string out = "\x89PNG\r\n\x1a\n";
  append_chunk(out, "IHDR", header);
  append_chunk(out, "IDAT", packed);
  append_chunk(out, "IEND", "");
  return out;
}

std::string thumbnail_uri(const Tensor& picture, int64_t side) {
  check(picture.defined() && picture.dim() == 3 && picture.numel() > 0 && side >= 1,
        "[thumbnail] expected a picture and a side of at least 1");
  const int64_t height = picture.size(0), width = picture.size(1), longest = std::max(height, width);
  Tensor small = picture;
  if (longest > side)
    small =
        nn::transforms::resize(picture, nn::transforms::Size{std::max<int64_t>(1, height * side / longest),
                                                             std::max<int64_t>(1, width * side / longest)});
  return "data:image/png;base64," + base64(encode_png(small));
}

}  // namespace sconce::cli
