#include "gzip.h"

#include <libdeflate.h>

#include <algorithm>
#include <memory>

namespace sconce {
namespace {

constexpr uint64_t greatest_ratio = 1032;  // what deflate can reach

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

}  // namespace

bool is_gzip(Bytes bytes) { return bytes.size() >= 2 && text_of(bytes.first(2)) == "\x1f\x8b"; }

std::string gunzip(Bytes bytes, uint64_t most) {
  if (bytes.size() < 18)
    ByteReader::fail_at(0, "[gunzip] expected a gzip file of at least 18 bytes, got ", bytes.size());
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> inflater(libdeflate_alloc_decompressor());
  if (!inflater) fail(ErrorKind::out_of_budget, "[gunzip] no memory to inflate the file");
  std::string out;
  ByteReader in(bytes);
  while (!in.at_end()) {
    const Bytes packed = in.rest();
    // A member's length stands only at its end, modulo 2^32; with one member that is the end of the file. So
    // it is a first guess, which doubles up to what deflate can make of these bytes.
    const uint64_t limit = std::min<uint64_t>(most - out.size(), greatest_ratio * packed.size());
    const auto guess = load_little<uint32_t>(bytes.data() + bytes.size() - 4);
    uint64_t room = std::min<uint64_t>(limit, std::max<uint64_t>(guess, 1024));
    const size_t begin = out.size();
    size_t used = 0, made = 0;
    for (;;) {
      out.resize(begin + static_cast<size_t>(room));
      const auto result =
          libdeflate_gzip_decompress_ex(inflater.get(), packed.data(), packed.size(), out.data() + begin,
                                        static_cast<size_t>(room), &used, &made);
      if (result == LIBDEFLATE_SUCCESS) break;
      if (result != LIBDEFLATE_INSUFFICIENT_SPACE)
        ByteReader::fail_at(in.position(), "[gunzip] the gzip stream is damaged or cut short");
      if (room == limit && limit < greatest_ratio * packed.size())
        fail(ErrorKind::out_of_budget, "[gunzip] the file inflates to more than the budget's ", most,
             " bytes");
      if (room == limit) ByteReader::fail_at(in.position(), "[gunzip] the gzip stream is damaged");
      room = std::min(limit, room * 2);
    }
    out.resize(begin + made);
    in.skip(used);
  }
  return out;
}

}  // namespace sconce
