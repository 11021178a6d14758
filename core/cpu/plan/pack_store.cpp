#include "cpu/plan/pack_store.h"

#include <sconce/error.h>

#include <algorithm>

namespace sconce::plan {
namespace {

constexpr int64_t slack = 64, alignment = 64;
constexpr size_t block = size_t{8} << 20;

}  // namespace

engine::Packs::Record PackStore::reserve(int64_t count) {
  check(count >= 0 && count < (int64_t{1} << 40), "[prepare] packed weights of ", count, " numbers");
  const int64_t room = (count * 4 + slack + alignment - 1) / alignment * alignment;
  if (static_cast<size_t>(room) > left_) {
    const size_t size = std::max(block, static_cast<size_t>(room));
    blocks_.emplace_back(size, Arena::Touch::no);
    next_ = blocks_.back().data();
    left_ = size;
  }
  auto* data = reinterpret_cast<float*>(next_);
  next_ += room;
  left_ -= static_cast<size_t>(room);
  bytes_ += room;
  records_.push_back({data, count});
  return {data, false};
}

}  // namespace sconce::plan
