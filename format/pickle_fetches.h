// Which memo entries a pickle program ever fetches.
#pragma once
#include "bytes.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace sconce {

// A bit for each memo index up to the last one that a GET of the program names. torch.save remembers every
// value and fetches few: what is never fetched need not be kept, and most of a pickle's values are free again
// as soon as they were used. Looks at the operations' lengths alone; nothing when it loses its way before
// STOP, or when there are more than `most_operations`.
std::optional<std::vector<bool>> fetched_memo_indexes(Bytes program, uint64_t most_operations);

}  // namespace sconce
