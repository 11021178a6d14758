// Tar archives: the members of one, in place. Nothing is ever unpacked to the disk.
//
// A member is a header of 512 bytes, then its bytes padded to a multiple of 512; two blocks of zeros end the
// archive. Numbers are octal text, or base-256 with the first bit set. A header of type 'x' (pax) or 'L' (GNU)
// carries a longer name or size for the next one.
#pragma once
#include "bytes.h"

#include <sconce/checkpoint.h>

#include <string>
#include <string_view>
#include <vector>

namespace sconce {

struct TarMember {
  std::string name;
  char type = '0';  // '0' file, '5' folder, '1' and '2' links, others as POSIX has them
  uint64_t offset = 0, size = 0;

  bool is_file() const { return type == '0' || type == '\0' || type == '7'; }
};

// The members of an archive in memory. It does not own the bytes.
class TarArchive {
 public:
  // Reads and checks every header. Throws ErrorKind::corrupt with the offset for a wrong checksum, a number
  // that is none, a member that reaches past the end, or, in Profile::strict, one name twice; unsupported for
  // a sparse member or one that goes on in another archive; out_of_budget for names past budget.tree_bytes.
  TarArchive(Bytes bytes, Profile profile, const Budget& budget);

  const std::vector<TarMember>& members() const { return members_; }
  // The last member of that name, as tarfile has it; null when absent.
  const TarMember* find(std::string_view name) const;
  Bytes bytes(const TarMember& member) const {
    return bytes_.subspan(static_cast<size_t>(member.offset), static_cast<size_t>(member.size));
  }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  Bytes bytes_;
  std::vector<TarMember> members_;
  std::vector<std::string> warnings_;
};

}  // namespace sconce
