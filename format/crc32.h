// CRC-32 of parts put together, so that one long record can be checked by several threads.
#pragma once
#include <cstdint>

namespace sconce {

// The CRC-32 of A followed by B, from that of A, that of B, and the length of B in bytes.
uint32_t combine_crc32(uint32_t first, uint32_t second, uint64_t second_length);

}  // namespace sconce
