// Finds places in a sequence by key, without owning the keys.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sconce {

// A hash table of places (0, 1, 2, ...) in a sequence that the caller keeps: eight bytes a slot, no node and no copy of a
// key. The caller hashes, and says whether the key at a place is the one that is looked for.
class HashIndex {
 public:
  static constexpr size_t npos = static_cast<size_t>(-1);

  // Differs from process to process, so that no file can be made of keys that all fall together.
  static uint64_t hash(std::string_view text);
  static uint64_t hash(const void* pointer) { return mix(reinterpret_cast<uintptr_t>(pointer) ^ seed()); }

  size_t size() const { return count_; }
  void clear() {
    slots_.clear();
    count_ = 0;
  }
  // Room for `count` places.
  void reserve(size_t count);
  // The place with that hash for which same(place) holds; npos without one.
  template <class Same>
  size_t find(uint64_t hash, const Same& same) const {
    if (slots_.empty()) return npos;
    const auto wanted = static_cast<uint32_t>(hash);
    for (size_t i = wanted & mask();; i = (i + 1) & mask()) {
      const Slot& slot = slots_[i];
      if (slot.place == none) return npos;
      if (slot.hash == wanted && same(size_t{slot.place})) return slot.place;
    }
  }
  // Adds a place, below 2^32 - 1, whose key is not there yet.
  void insert(uint64_t hash, size_t place);

 private:
  static constexpr uint32_t none = 0xffffffff;
  struct Slot {
    uint32_t hash = 0, place = none;  // 32 bits of the hash are enough for as many slots
  };

  static uint64_t mix(uint64_t x) {
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93;
    x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93;
    return x ^ (x >> 32);
  }
  static uint64_t seed();
  size_t mask() const { return slots_.size() - 1; }
  void resize(size_t slots);

  std::vector<Slot> slots_;  // a power of two, at most two thirds in use
  size_t count_ = 0;
};

}  // namespace sconce
