// A zip archive as the most trusting readers see it: for finding what hides in it, never for loading.
#pragma once
#include "bytes.h"

#include <sconce/checkpoint.h>

#include <string>
#include <vector>

namespace sconce {

// A run of bytes that some reader could take for a member's content.
struct LooseMember {
  std::string name;  // from the directory, else from its own header
  Bytes stored;      // as it lies in the archive
  bool deflated = false;
  bool encrypted = false;  // says a flag, which need not be so
  uint16_t method = 0;     // when neither stored nor deflated
};

// Members as the central directories tell (all that any end record in the reach of readers points to), as the
// local headers tell where those differ, and local headers in no directory. Flags, checksums and sizes that
// disagree are passed over and described in `oddities`. Members of one place and one meaning appear once.
std::vector<LooseMember> walk_zip_loosely(Bytes archive, std::vector<std::string>& oddities);
// Is there an end-of-directory record where zip readers look for one? Python finds archives behind other content.
bool has_zip_end(Bytes bytes);

// Inflates at most `most` bytes of a deflated run; `all` says whether that was everything. A damaged stream gives
// what came before the damage.
std::string inflate_loosely(Bytes packed, uint64_t most, bool& all);

}  // namespace sconce
