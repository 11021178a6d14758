// Short looks at a few places of a large file.
#include "scattered_bytes.h"

#include <algorithm>

namespace sconce {

void ScatteredBytes::expect(size_t places, uint64_t in_bytes) {
  // Linux maps 16 pages around one that is touched: places closer than that share the cost.
  constexpr uint64_t far_apart = 16 * 4096;
  copies_ = file_ && places > 0 && in_bytes / places >= far_apart;
}

const std::byte* ScatteredBytes::copy(uint64_t offset, uint64_t length) {
  if (offset >= begin_ && offset - begin_ <= filled_ && length <= filled_ - (offset - begin_))
    return window_.data() + (offset - begin_);
  if (length > window_.size()) return bytes_.data() + offset;
  begin_ = offset;
  filled_ = static_cast<size_t>(std::min<uint64_t>(window_.size(), bytes_.size() - offset));
  if (file_->read_at(offset, std::span(window_).first(filled_))) return window_.data();
  filled_ = 0;
  copies_ = false;
  return bytes_.data() + offset;
}

}  // namespace sconce
