// Finds places in a sequence by key, without owning the keys.
#include <sconce/error.h>
#include <sconce/hash_index.h>

#include <chrono>
#include <cstring>

namespace sconce {

uint64_t HashIndex::seed() {
  static const uint64_t value = [] {
    static const char anywhere = 0;
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    return mix(mix(reinterpret_cast<uintptr_t>(&anywhere)) ^ static_cast<uint64_t>(now));
  }();
  return value;
}

uint64_t HashIndex::hash(std::string_view text) {
  uint64_t state = seed() ^ text.size();
  const char* at = text.data();
  size_t left = text.size();
  for (uint64_t word = 0; left >= sizeof word; at += sizeof word, left -= sizeof word) {
    std::memcpy(&word, at, sizeof word);
    state = mix(state ^ word);
  }
  if (left) {
    uint64_t word = 0;
    std::memcpy(&word, at, left);
    state = mix(state ^ word);
  }
  return mix(state);
}

void HashIndex::reserve(size_t count) {
  size_t slots = 8;
  while (slots / 3 * 2 < count) slots *= 2;
  if (slots > slots_.size()) resize(slots);
}

void HashIndex::insert(uint64_t hash, size_t place) {
  check(place < none, "[HashIndex] expected fewer than 2^32 keys");
  if (slots_.size() / 3 * 2 <= count_) resize(slots_.empty() ? 8 : 2 * slots_.size());
  size_t i = static_cast<uint32_t>(hash) & mask();
  while (slots_[i].place != none) i = (i + 1) & mask();
  slots_[i] = {static_cast<uint32_t>(hash), static_cast<uint32_t>(place)};
  ++count_;
}

void HashIndex::resize(size_t slots) {
  std::vector<Slot> old(slots);
  old.swap(slots_);
  for (const Slot& slot : old) {
    if (slot.place == none) continue;
    size_t i = slot.hash & mask();
    while (slots_[i].place != none) i = (i + 1) & mask();
    slots_[i] = slot;
  }
}

}  // namespace sconce
