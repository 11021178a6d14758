// Files inside zip archives: "models.zip!net/model.pth".
#pragma once
#include "mapped_file.h"
#include "zip.h"

#include <sconce/checkpoint.h>

#include <memory>
#include <string>

namespace sconce {

// The member that `path` names in the archive `file`; behind a further '!' one inside that, and so on, at most
// four deep. A stored member stays where it is, a deflated one is inflated, which uses up
// options.budget.materialized_bytes. Its CRC-32 is checked, unless it is a stored archive with checksums of its
// own. Throws ErrorKind::mismatch, naming the members there are, when it is absent.
std::shared_ptr<MappedFile> open_member(const std::shared_ptr<MappedFile>& file, const std::string& path,
                                        LoadOptions& options);

// For the error about an archive that is no checkpoint itself: the spellings of the members that look like one,
// '"models.zip!net/model.pth"', empty when there are none.
std::string checkpoint_members(const MappedFile& file);

}  // namespace sconce
