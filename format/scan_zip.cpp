// The loose walk over a zip archive.
#include "scan_zip.h"

#include "zip_end.h"

#include <libdeflate.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <tuple>

namespace sconce {
namespace {

constexpr uint32_t central_signature = 0x02014b50, end_signature = 0x06054b50,
                   locator64_signature = 0x07064b50;
constexpr uint64_t local_size = 30, central_size = 46, end_size = 22, end_reach = 65535 + end_size;
constexpr uint64_t most_searched = uint64_t{64} << 20;  // bytes outside members that are looked through
constexpr size_t most_ends = 16, most_oddities = 200;
constexpr uint16_t encryption_flags = 1 << 0 | 1 << 6 | 1 << 13, patched_flag = 1 << 5;

struct Header {
  std::string_view name;
  uint16_t flags = 0, method = 0;
  uint32_t crc = 0;
  uint64_t stored = 0, size = 0;
  uint64_t header_offset = 0;  // of a directory's entry
  uint64_t data_offset = 0;    // of a local header
  uint64_t length = 0;         // of the header itself
};

class LooseWalk {
 public:
  LooseWalk(Bytes bytes, std::vector<std::string>& oddities) : bytes_(bytes), oddities_(oddities) {}

  std::vector<LooseMember> walk() {
    for (const uint64_t start : directories()) read_directory(start);
    search_gaps();
    return std::move(members_);
  }

  std::vector<uint64_t> ends() const {
    std::vector<uint64_t> out;
    if (bytes_.size() < end_size) return out;
    const uint64_t last = bytes_.size() - end_size,
                   first = bytes_.size() > end_reach ? bytes_.size() - end_reach : 0;
    for (uint64_t here = last + 1; here-- > first && out.size() < most_ends;)
      if (signature_at(here, end_signature)) out.push_back(here);
    return out;
  }

 private:
  bool has(uint64_t offset, uint64_t length) const {
    return offset <= bytes_.size() && length <= bytes_.size() - offset;
  }
  template <class T>
  T at(uint64_t offset) const {
    return load_little<T>(bytes_.data() + offset);
  }
  bool signature_at(uint64_t offset, uint32_t signature) const {
    return has(offset, 4) && at<uint32_t>(offset) == signature;
  }
  template <class... Parts>
  void note(const Parts&... parts) {
    if (oddities_.size() < most_oddities) oddities_.push_back(concat(parts...));
  }

  // Where directories may begin: as each end record says, and, as Python has it, right before that record.
  std::vector<uint64_t> directories() {
    std::vector<uint64_t> out;
    const auto add = [&](uint64_t start) {
      if (signature_at(start, central_signature) && std::find(out.begin(), out.end(), start) == out.end())
        out.push_back(start);
    };
    const std::vector<uint64_t> all = ends();
    if (all.empty()) note("the archive has no end-of-directory record");
    if (all.size() > 1) note("the archive has ", all.size(), " end-of-directory records");
    for (const uint64_t end : all) {
      const uint64_t behind = bytes_.size() - end - end_size, comment = at<uint16_t>(end + 20);
      if (end == all.front() && behind != comment)
        note(behind - std::min(behind, comment), " bytes follow the archive");
      const uint64_t size = at<uint32_t>(end + 12);
      add(at<uint32_t>(end + 16));
      if (size <= end) add(end - size);
      if (end < 20 || !signature_at(end - 20, locator64_signature)) continue;
      for (const uint64_t end64 : {at<uint64_t>(end - 20 + 8), end >= 76 ? end - 76 : 0}) {
        if (!has(end64, 56) || at<uint32_t>(end64) != 0x06064b50) continue;
        add(at<uint64_t>(end64 + 48));
        if (const uint64_t size64 = at<uint64_t>(end64 + 40); size64 <= end64) add(end64 - size64);
      }
    }
    return out;
  }

  // Replaces each saturated number by the next of the zip64 field.
  void widen(uint64_t extra_at, uint64_t extra_length, std::initializer_list<uint64_t*> numbers) const {
    for (uint64_t here = extra_at; here + 4 <= extra_at + extra_length;) {
      const auto id = at<uint16_t>(here), length = at<uint16_t>(here + 2);
      uint64_t from = here + 4;
      const uint64_t end = std::min<uint64_t>(from + length, extra_at + extra_length);
      here = from + length;
      if (id != 1) continue;
      for (uint64_t* number : numbers) {
        if (*number != 0xffffffff || from + 8 > end) continue;
        *number = at<uint64_t>(from), from += 8;
      }
      return;
    }
  }

  std::optional<Header> central(uint64_t here) const {
    if (!has(here, central_size) || at<uint32_t>(here) != central_signature) return std::nullopt;
    Header h;
    h.flags = at<uint16_t>(here + 8), h.method = at<uint16_t>(here + 10), h.crc = at<uint32_t>(here + 16);
    h.stored = at<uint32_t>(here + 20), h.size = at<uint32_t>(here + 24),
    h.header_offset = at<uint32_t>(here + 42);
    const uint64_t name = at<uint16_t>(here + 28), extra = at<uint16_t>(here + 30),
                   comment = at<uint16_t>(here + 32);
    if (!has(here + central_size, name + extra)) return std::nullopt;
    h.name = text_of(bytes_.subspan(here + central_size, name));
    widen(here + central_size + name, extra, {&h.size, &h.stored, &h.header_offset});
    h.length = central_size + name + extra + comment;
    return h;
  }
  std::optional<Header> local(uint64_t here) const {
    if (!has(here, local_size) || at<uint32_t>(here) != zip_local_signature) return std::nullopt;
    Header h;
    h.flags = at<uint16_t>(here + 6), h.method = at<uint16_t>(here + 8), h.crc = at<uint32_t>(here + 14);
    h.stored = at<uint32_t>(here + 18), h.size = at<uint32_t>(here + 22);
    const uint64_t name = at<uint16_t>(here + 26), extra = at<uint16_t>(here + 28);
    if (!has(here + local_size, name + extra)) return std::nullopt;
    h.name = text_of(bytes_.subspan(here + local_size, name));
    widen(here + local_size + name, extra, {&h.size, &h.stored});
    h.length = local_size + name + extra;
    h.data_offset = here + h.length;
    return h;
  }

  void read_directory(uint64_t start) {
    uint64_t here = start;
    // What was put before the archive shifts all offsets; the first entry tells by how much.
    std::optional<uint64_t> shift;
    std::set<std::string_view> names;
    while (const auto entry = central(here)) {
      if (!names.insert(entry->name).second) note("two members are named '", printable(entry->name), "'");
      if (!shift) shift = shift_of(*entry, start);
      read_member(*entry, *shift);
      here += entry->length;
      if (here > bytes_.size()) break;
    }
    covered_.emplace_back(start, std::min<uint64_t>(here, bytes_.size()));
  }
  uint64_t shift_of(const Header& entry, uint64_t directory) {
    if (local(entry.header_offset)) return 0;
    for (const uint64_t end : ends()) {
      const uint64_t declared = at<uint32_t>(end + 16);
      if (declared > directory || declared == 0xffffffff) continue;
      const uint64_t shift = directory - declared;
      if (shift <= bytes_.size() && entry.header_offset <= bytes_.size() &&
          local(entry.header_offset + shift)) {
        note(shift, " bytes lie before the archive");
        return shift;
      }
    }
    return 0;
  }

  void read_member(const Header& entry, uint64_t shift) {
    const uint64_t header_at =
        entry.header_offset <= bytes_.size() ? entry.header_offset + shift : bytes_.size();
    const auto own = local(header_at);
    if (!own) {
      note("the directory places '", printable(entry.name), "' where no member begins");
      return;
    }
    const std::string name = printable(entry.name);
    if (own->name != entry.name)
      note("the directory calls a member '", name, "', its own header '", printable(own->name), "'");
    if (own->method != entry.method)
      note("member '", name, "' has method ", entry.method, " in the directory, ", own->method,
           " in its own header");
    const uint16_t odd = (entry.flags | own->flags) & (encryption_flags | patched_flag);
    if (odd)
      note("member '", name, "' carries flags ", odd,
           " (encrypted or patched), which some readers pass over");
    add(entry.name, entry, *own, entry.stored);
    // Its own header may tell another story.
    if (own->method != entry.method) add(entry.name, *own, *own, entry.stored);
    if (own->stored != entry.stored && own->stored != 0 && own->stored != 0xffffffff) {
      note("member '", name, "' has ", entry.stored, " bytes in the directory, ", own->stored,
           " in its own header");
      add(entry.name, entry, *own, own->stored);
    }
    const uint64_t end =
        own->data_offset + std::min<uint64_t>(entry.stored, bytes_.size() - own->data_offset);
    covered_.emplace_back(header_at, end);
  }

  void add(std::string_view name, const Header& meaning, const Header& own, uint64_t stored) {
    const uint64_t length = std::min<uint64_t>(stored, bytes_.size() - own.data_offset);
    if (length < stored) note("member '", printable(name), "' reaches past the end of the file");
    if (length == 0 || !seen_.insert({own.data_offset, length, meaning.method}).second) return;
    LooseMember member;
    member.name = std::string(name);
    member.stored = bytes_.subspan(own.data_offset, length);
    member.deflated = meaning.method == 8;
    member.method = meaning.method == 0 || meaning.method == 8 ? uint16_t{0} : meaning.method;
    member.encrypted = ((meaning.flags | own.flags) & encryption_flags) != 0;
    members_.push_back(std::move(member));
  }

  // Local headers between the members that the directories list.
  void search_gaps() {
    std::sort(covered_.begin(), covered_.end());
    covered_.emplace_back(bytes_.size(), bytes_.size());
    uint64_t reached = 0, searched = 0;
    for (const auto& [begin, end] : covered_) {
      if (begin > reached) {
        const uint64_t length = std::min(begin - reached, most_searched - searched);
        if (length < begin - reached)
          note(begin - reached - length, " bytes that belong to no member were not searched");
        searched += length;
        search(reached, reached + length);
      }
      reached = std::max(reached, end);
    }
  }
  void search(uint64_t begin, uint64_t end) {
    const std::string_view text = text_of(bytes_.subspan(begin, end - begin));
    using namespace std::string_view_literals;
    for (size_t found = text.find("PK\x03\x04"sv); found != text.npos;) {
      const auto own = local(begin + found);
      const size_t next = text.find("PK\x03\x04"sv, found + 4);
      if (own) {
        note("a member '", printable(own->name), "' stands in no directory");
        const uint64_t limit = next == text.npos ? end : begin + next;
        const uint64_t most = own->data_offset < limit ? limit - own->data_offset : 0;
        const bool told = own->stored != 0 && own->data_offset < end && own->stored <= end - own->data_offset;
        add(own->name, *own, *own, told ? own->stored : most);
      }
      found = next;
    }
  }

  Bytes bytes_;
  std::vector<std::string>& oddities_;
  std::vector<LooseMember> members_;
  std::set<std::tuple<uint64_t, uint64_t, uint16_t>> seen_;  // data offset, length, method
  std::vector<std::pair<uint64_t, uint64_t>> covered_;       // by members and directories
};

struct FreeDecompressor {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

}  // namespace

std::vector<LooseMember> walk_zip_loosely(Bytes archive, std::vector<std::string>& oddities) {
  return LooseWalk(archive, oddities).walk();
}

bool has_zip_end(Bytes bytes) {
  std::vector<std::string> ignored;
  return !LooseWalk(bytes, ignored).ends().empty();
}

std::string inflate_loosely(Bytes packed, uint64_t most, bool& all) {
  all = false;
  const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> inflater(libdeflate_alloc_decompressor());
  if (!inflater) return {};
  std::string out;
  for (uint64_t room = std::min<uint64_t>(most, std::max<uint64_t>(4096, packed.size() * 4));;) {
    out.assign(static_cast<size_t>(room), '\0');
    size_t used = 0, made = 0;
    const auto result = libdeflate_deflate_decompress_ex(inflater.get(), packed.data(), packed.size(),
                                                         out.data(), out.size(), &used, &made);
    if (result == LIBDEFLATE_SUCCESS) {
      out.resize(made);
      all = true;
      return out;
    }
    if (result != LIBDEFLATE_INSUFFICIENT_SPACE || room >= most) return out;
    room = std::min(most, room * 4);
  }
}

}  // namespace sconce
