#include "cpu/plan/memory.h"

#include <algorithm>

namespace sconce::plan {
namespace {

int64_t room_for(const Buffer& b) { return (b.bytes + slack + alignment - 1) / alignment * alignment; }

bool live_together(const Buffer& a, const Buffer& b) { return a.first <= b.last && b.first <= a.last; }

}  // namespace

int64_t assign_offsets(std::vector<Buffer>& buffers, bool share) {
  std::vector<Buffer*> order;
  for (Buffer& b : buffers)
    if (b.memory == Buffer::Memory::arena && b.first >= 0) order.push_back(&b);
  std::stable_sort(order.begin(), order.end(),
                   [](const Buffer* a, const Buffer* b) { return a->bytes > b->bytes; });
  std::vector<const Buffer*> placed;  // by offset
  int64_t total = 0;
  for (Buffer* b : order) {
    const int64_t room = room_for(*b);
    int64_t at = 0;
    for (const Buffer* other : placed) {
      if (share && !live_together(*b, *other)) continue;
      if (at + room <= other->offset) break;
      at = std::max(at, other->offset + room_for(*other));
    }
    b->offset = at;
    total = std::max(total, at + room);
    placed.insert(std::upper_bound(placed.begin(), placed.end(), b,
                                   [](const Buffer* x, const Buffer* y) { return x->offset < y->offset; }),
                  b);
  }
  return total;
}

}  // namespace sconce::plan
