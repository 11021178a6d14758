// The head of a .npy array: what the bytes after it are.
#pragma once
#include "bytes.h"

#include <sconce/dtype.h>

#include <bit>
#include <cstdint>
#include <vector>

namespace sconce {

inline constexpr std::string_view npy_extension = ".npy";

struct NpyHeader {
  DType dtype = DType::f32;
  std::endian order = std::endian::little;
  bool fortran_order = false;
  std::vector<int64_t> shape;
  uint64_t data_bytes = 0;  // elements times their size, checked
};

// Reads the magic, the version and the Python dict literal, and leaves the reader at the first byte of data.
// Executes nothing. Throws ErrorKind::corrupt with the offset, unsafe for object arrays, unsupported for
// other dtypes and newer versions.
NpyHeader read_npy_header(ByteReader& in);

// The same header in version 1 for a C-ordered little-endian array, padded so that data begins at a multiple
// of 64. Throws ErrorKind::unsupported for a dtype that NumPy has not.
std::string npy_header_text(DType dtype, const std::vector<int64_t>& shape);

}  // namespace sconce
