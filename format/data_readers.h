// The parsers behind <sconce/npy.h> and <sconce/datasets.h>, on bytes in memory.
#pragma once
#include "bytes.h"

#include <sconce/datasets.h>

#include <string_view>

namespace sconce {

// A whole .npy file, a whole IDX file (plain or gzipped), a whole CSV file. They throw as the readers of
// files do, without naming a file.
Tensor read_npy(Bytes bytes, const Budget& budget);
Tensor read_idx(Bytes bytes, const Budget& budget);
LabeledData read_csv(std::string_view text, const CsvOptions& options);

}  // namespace sconce
