// gzip files, inflated whole.
#pragma once
#include "bytes.h"

#include <string>

namespace sconce {

// Does it begin as a gzip file does?
bool is_gzip(Bytes bytes);
// The content of a gzip file of one or more members, checksums verified. Throws ErrorKind::corrupt, and
// ErrorKind::out_of_budget before allocating more than `most` bytes.
std::string gunzip(Bytes bytes, uint64_t most);

}  // namespace sconce
