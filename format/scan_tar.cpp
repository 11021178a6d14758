// The members of a tar archive under a scan, and the records of PyTorch 0.1 in them.
#include "scanner.h"

#include <algorithm>

namespace sconce {
namespace {

// Octal digits, or base 256 behind a set top bit.
uint64_t tar_number(std::string_view field) {
  uint64_t value = 0;
  if (static_cast<unsigned char>(field[0]) & 0x80) {
    for (const char c : field.substr(4)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  for (const char c : field)
    if (c >= '0' && c <= '7') value = value << 3 | static_cast<uint64_t>(c - '0');
  return value;
}

}  // namespace

void Scanner::look_into_tar(Bytes bytes, const std::string& where, int depth) {
  if (depth >= deepest_archive) return unseen(where, ": archives inside archives, too deep to follow");
  constexpr uint64_t block = 512;
  for (uint64_t at = 0; bytes.size() - at >= block;) {
    const std::string_view header = text_of(bytes.subspan(at, block));
    if (header[0] == '\0') {
      at += block;
      continue;
    }
    const uint64_t size = tar_number(header.substr(124, 12));
    std::string name(header.substr(0, 100).substr(0, header.substr(0, 100).find('\0')));
    at += block;
    const uint64_t length = std::min<uint64_t>(size, bytes.size() - at);
    if (length < size) unseen(where + "/" + name, ": the member reaches past the end of the file");
    const Bytes content = bytes.subspan(at, length);
    const std::string inside = where + "/" + name;
    while (name.substr(0, 2) == "./") name.erase(0, 2);
    if (name == "storages" || name == "tensors")
      follow_tar_records(content, inside, name == "storages");
    else if (!content.empty())
      look(content, inside, depth + 1);
    const uint64_t padded = (length + block - 1) / block * block;
    at += std::min<uint64_t>(padded, bytes.size() - at);
  }
}

// PyTorch 0.1: a count, then for each storage a pickle, its number of elements and its bytes; for each tensor a
// pickle, its rank, extents, strides and offset. After the storages a pickle of views.
void Scanner::follow_tar_records(Bytes bytes, const std::string& where, bool storages) {
  uint64_t at = 0;
  for (size_t count = 0; at < bytes.size(); ++count) {
    PickleOutcome outcome = follow(bytes.subspan(at));
    if (count > 0 && !convincing(outcome) && !outcome.stopped) break;
    const bool stopped = outcome.stopped;
    const std::vector<std::string> texts = std::move(outcome.texts);
    const uint64_t begin = at;
    at += outcome.pickle.length;
    if (!report_pickle(outcome, where, begin)) return;
    if (!stopped) break;
    if (count == 0) continue;  // the count
    const uint64_t left = bytes.size() - at;
    if (storages) {
      // The last pickle, of the views, has nothing behind it.
      if (left < 8) break;
      const std::string cls = texts.size() > 2 ? texts[2] : "";
      uint64_t length = 0;
      if (!checked_product(load_little<uint64_t>(bytes.data() + at), storage_element_size(cls), length) ||
          length > left - 8)
        break;
      at += 8 + length;
    } else {
      if (left < 8) break;
      const uint64_t rank = load_little<uint32_t>(bytes.data() + at), length = 8 + rank * 16 + 8;
      if (length > left) break;
      at += length;
    }
  }
  if (at < bytes.size()) {
    oddity(where, concat(": ", bytes.size() - at, " bytes that are not as PyTorch 0.1 wrote them"));
    carve(bytes.subspan(at), where, at);
  }
}

}  // namespace sconce
