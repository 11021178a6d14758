// IDX: two zero bytes, a type code, the number of dimensions, a big-endian u32 extent for each; then
// big-endian elements.
#include <sconce/datasets.h>
#include <sconce/ops/create.h>

#include "data_readers.h"
#include "gzip.h"
#include "mapped_file.h"
#include "number_copy.h"

#include <optional>

namespace sconce {
namespace {

std::optional<DType> dtype_of_code(uint8_t code) {
  switch (code) {
    case 0x08: return DType::u8;
    case 0x09: return DType::i8;
    case 0x0b: return DType::i16;
    case 0x0c: return DType::i32;
    case 0x0d: return DType::f32;
    case 0x0e: return DType::f64;
    default: return std::nullopt;
  }
}

Tensor read_plain(Bytes bytes, const Budget& budget) {
  ByteReader in(bytes);
  const auto zeros = in.big<uint16_t>();
  const uint8_t code = in.u8(), dims = in.u8();
  const auto dtype = dtype_of_code(code);
  if (zeros != 0 || !dtype)
    ByteReader::fail_at(0, "[load_idx] expected an IDX file: 0, 0 and a type code, got ", zeros, " and ",
                        int{code});
  std::vector<int64_t> extents;
  int64_t count = static_cast<int64_t>(size_of(*dtype)), nonzero = count;
  for (int d = 0; d < dims; ++d) {
    extents.push_back(in.big<uint32_t>());
    // Extents of 0 count as 1 once, because the strides must fit too.
    if (!checked_multiply(nonzero, std::max<int64_t>(extents.back(), 1), nonzero))
      ByteReader::fail_at(in.position() - 4, "[load_idx] the shape does not fit 64 bits");
    count *= extents.back() == 0 ? 0 : 1;
  }
  const uint64_t needed = count == 0 ? 0 : static_cast<uint64_t>(nonzero);
  if (in.remaining() != needed)
    ByteReader::fail_at(in.position(), "[load_idx] expected ", needed, " bytes of elements for shape ",
                        Shape(extents), ", got ", in.remaining());
  check_budget("load_idx", needed, budget);
  Tensor out = empty(Shape(extents), *dtype);
  copy_numbers(*dtype, in.rest(), std::endian::big, out.mutable_data());
  return out;
}

}  // namespace

Tensor read_idx(Bytes bytes, const Budget& budget) {
  if (!is_gzip(bytes)) return read_plain(bytes, budget);
  const std::string content = gunzip(bytes, budget.materialized_bytes);
  return read_plain(bytes_of(content), budget);
}

Tensor load_idx(const std::string& path, const Budget& budget) {
  try {
    return read_idx(MappedFile::open(path)->bytes(), budget);
  } catch (Error& e) {
    e.in_file(path);
    throw;
  }
}

LabeledData load_idx(const std::string& inputs_path, const std::string& labels_path, const Budget& budget) {
  LabeledData out{load_idx(inputs_path, budget), load_idx(labels_path, budget), {}, {}};
  if (out.labels.dim() != 1 || !is_integral(out.labels.dtype())) {
    Error error(ErrorKind::corrupt,
                concat("[load_idx] expected a list of integer labels, got shape ", out.labels.shape(), " of ",
                       name_of(out.labels.dtype()), "; are the two files exchanged?"));
    throw error.in_file(labels_path);
  }
  if (out.inputs.dim() == 0 || out.inputs.size(0) != out.labels.size(0)) {
    Error error(ErrorKind::corrupt,
                concat("[load_idx] expected a label for each sample, got ", out.labels.size(0),
                       " labels and inputs of shape ", out.inputs.shape()));
    throw error.in_file(labels_path);
  }
  out.labels = out.labels.to(DType::i64);
  return out;
}

}  // namespace sconce
