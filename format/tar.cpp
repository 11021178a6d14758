#include "tar.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

namespace sconce {
namespace {

constexpr uint64_t block = 512;

// Where the fields of a header lie.
struct Field {
  size_t at, length;
};
constexpr Field name_field{0, 100}, size_field{124, 12}, checksum_field{148, 8}, magic_field{257, 8},
    prefix_field{345, 155};
constexpr size_t type_at = 156;

std::string_view text_in(Bytes header, Field f) {
  const std::string_view text = text_of(header.subspan(f.at, f.length));
  return text.substr(0, text.find('\0'));
}

// Octal digits between spaces, or a big-endian number behind the byte 0x80.
std::optional<uint64_t> number_in(Bytes header, Field f) {
  const Bytes field = header.subspan(f.at, f.length);
  if (field[0] == std::byte{0x80}) {
    uint64_t value = 0;
    for (const std::byte b : field.subspan(1)) {
      if (value >> 56) return std::nullopt;
      value = value << 8 | std::to_integer<uint64_t>(b);
    }
    return value;
  }
  std::string_view text = text_of(field);
  text = text.substr(0, text.find('\0'));
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '7' || value >> 61) return std::nullopt;
    value = value << 3 | static_cast<uint64_t>(c - '0');
  }
  return value;
}

// The sum of all bytes, the checksum itself counted as spaces; some old writers summed signed bytes.
bool checksum_fits(Bytes header) {
  uint64_t sum = 0;
  int64_t signed_sum = 0;
  for (size_t i = 0; i < block; ++i) {
    const bool own = i >= checksum_field.at && i < checksum_field.at + checksum_field.length;
    const auto byte = own ? uint8_t{' '} : std::to_integer<uint8_t>(header[i]);
    sum += byte;
    signed_sum += static_cast<int8_t>(byte);
  }
  const auto recorded = number_in(header, checksum_field);
  return recorded && (*recorded == sum || static_cast<int64_t>(*recorded) == signed_sum);
}

bool is_zero(Bytes header) {
  return std::all_of(header.begin(), header.end(), [](std::byte b) { return b == std::byte{0}; });
}

// What an extra header says about the next member.
struct Extra {
  std::optional<std::string> name;
  std::optional<uint64_t> size;
};

// Records of a pax header: "<length> <key>=<value>\n", the length counting itself.
void read_pax(Bytes content, uint64_t base, Extra& extra) {
  std::string_view text = text_of(content);
  while (!text.empty()) {
    const uint64_t at = base + content.size() - text.size();
    uint64_t length = 0;
    size_t i = 0;
    for (; i < text.size() && i < 10 && text[i] >= '0' && text[i] <= '9'; ++i)
      length = length * 10 + static_cast<uint64_t>(text[i] - '0');
    if (i == 0 || i >= text.size() || text[i] != ' ' || length <= i + 1 || length > text.size() ||
        text[length - 1] != '\n')
      ByteReader::fail_at(at, "[tar] expected a record of a pax header");
    const std::string_view record = text.substr(i + 1, length - i - 2);
    const size_t equals = record.find('=');
    if (equals == record.npos) ByteReader::fail_at(at, "[tar] expected a key with its value in a pax header");
    const std::string_view key = record.substr(0, equals), value = record.substr(equals + 1);
    if (key == "path") {
      extra.name = std::string(value);
    } else if (key == "size") {
      uint64_t size = 0;
      for (const char c : value)
        if (c < '0' || c > '9' || !checked_product(size, 10, size) ||
            !checked_sum(size, static_cast<uint64_t>(c - '0'), size))
          ByteReader::fail_at(at, "[tar] expected a size in a pax header");
      if (value.empty()) ByteReader::fail_at(at, "[tar] expected a size in a pax header");
      extra.size = size;
    } else if (key.substr(0, 10) == "GNU.sparse") {
      Error e(ErrorKind::unsupported, "[tar] a sparse member");
      throw e.at_offset(at);
    }
    text.remove_prefix(static_cast<size_t>(length));
  }
}

}  // namespace

TarArchive::TarArchive(Bytes bytes, Profile profile, const Budget& budget) : bytes_(bytes) {
  std::unordered_set<std::string> names;
  uint64_t at = 0, charged = 0;
  bool ended = false;
  Extra extra;
  while (at < bytes.size()) {
    if (bytes.size() - at < block)
      ByteReader::fail_at(at, "[tar] the archive is cut: expected a header of ", block, " bytes, got ",
                          bytes.size() - at);
    const Bytes header = bytes.subspan(static_cast<size_t>(at), block);
    if (is_zero(header)) {
      ended = true;
      break;
    }
    if (!checksum_fits(header)) ByteReader::fail_at(at, "[tar] the header is damaged: its checksum is wrong");
    const auto size = extra.size ? extra.size : number_in(header, size_field);
    if (!size) ByteReader::fail_at(at + size_field.at, "[tar] expected the size of a member");
    TarMember member;
    member.type = text_of(header)[type_at];
    member.offset = at + block;
    member.size =
        member.is_file() || std::string_view("xgLK").find(member.type) != std::string_view::npos ? *size : 0;
    if (member.size > bytes.size() - member.offset)
      ByteReader::fail_at(at, "[tar] the archive is cut: a member of ", member.size, " bytes, of which ",
                          bytes.size() - member.offset, " are there");
    const Bytes content = this->bytes(member);
    uint64_t padded = member.size + (block - member.size % block) % block;
    // The padding of the last member may be missing.
    padded = std::min<uint64_t>(padded, bytes.size() - member.offset);
    const uint64_t header_at = at;
    at = member.offset + padded;

    switch (member.type) {
      case 'x':
        extra = {};
        read_pax(content, member.offset, extra);
        continue;
      case 'g': continue;  // for all members; nothing that reading them needs
      case 'L': {
        const std::string_view name = text_of(content);
        extra.name = std::string(name.substr(0, name.find('\0')));
        continue;
      }
      case 'K': continue;  // a link's target
      case 'S':
      case 'M': {
        Error e(ErrorKind::unsupported, "[tar] a sparse member, or one that goes on in another archive");
        throw e.at_offset(header_at);
      }
      default: break;
    }
    const std::string_view magic = text_of(header.subspan(magic_field.at, magic_field.length));
    const std::string_view prefix =
        magic == std::string_view("ustar\00000", 8) ? text_in(header, prefix_field) : std::string_view();
    member.name =
        extra.name ? *extra.name : concat(prefix, prefix.empty() ? "" : "/", text_in(header, name_field));
    extra = {};
    charged += 300 + 2 * member.name.size();
    if (charged > budget.tree_bytes)
      fail(ErrorKind::out_of_budget, "the archive's members pass the limit of ", budget.tree_bytes, " bytes");
    if (!names.insert(member.name).second) {
      if (profile == Profile::strict)
        ByteReader::fail_at(header_at, "[tar] the name ", Value(member.name).repr(80), " stands twice");
      warnings_.push_back(
          concat("the member ", Value(member.name).repr(80), " stands twice; the last one counts"));
    }
    members_.push_back(std::move(member));
  }
  if (extra.name || extra.size)
    ByteReader::fail_at(at, "[tar] the archive is cut behind a header for the next member");
  if (!ended) warnings_.push_back("the tar archive has no end mark; it may have been cut");
}

const TarMember* TarArchive::find(std::string_view name) const {
  for (size_t i = members_.size(); i-- > 0;)
    if (members_[i].name == name) return &members_[i];
  return nullptr;
}

}  // namespace sconce
