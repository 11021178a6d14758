#include "cpu/plan/pack_store.h"

#include <sconce/error.h>

#include <algorithm>

#include "cpu/plan/memory.h"
#include "cpu/plan/packed_file.h"

namespace sconce::plan {
namespace {

constexpr size_t block = size_t{8} << 20;

}  // namespace

PackStore::PackStore() = default;
PackStore::PackStore(std::unique_ptr<PackedFile> file) : file_(std::move(file)) {}
PackStore::~PackStore() = default;

bool PackStore::used_all() const { return !file_ || file_->records().size() == records_.size(); }

engine::Packs::Record PackStore::reserve(int64_t count) {
  check(count >= 0 && count < (int64_t{1} << 40), "[prepare] packed weights of ", count, " numbers");
  const int64_t room = (count * 4 + slack + alignment - 1) / alignment * alignment;
  bytes_ += room;
  if (file_) {
    const size_t i = records_.size();
    if (i >= file_->records().size() || file_->records()[i].count != count)
      fail(ErrorKind::mismatch, "[prepare] the packed weights are others than the plan's");
    records_.push_back(file_->records()[i]);
    return {const_cast<float*>(records_.back().data), true};
  }
  if (static_cast<size_t>(room) > left_) {
    const size_t size = std::max(block, static_cast<size_t>(room));
    blocks_.emplace_back(size, Arena::Touch::no);
    next_ = blocks_.back().data();
    left_ = size;
  }
  auto* data = reinterpret_cast<float*>(next_);
  next_ += room;
  left_ -= static_cast<size_t>(room);
  records_.push_back({data, count});
  return {data, false};
}

}  // namespace sconce::plan
