// Memory of one run: mapped once, in huge pages where the system gives them, touched before it is used.
#pragma once
#include <cstddef>
#include <utility>

namespace sconce::plan {

class Arena {
 public:
  Arena() = default;
  // Zeroed, and touched where asked, so that no later use waits for the system. Throws ErrorKind::out_of_budget.
  enum class Touch : bool { no, yes };
  explicit Arena(size_t bytes, Touch touch = Touch::yes);
  Arena(Arena&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        mapping_(std::exchange(other.mapping_, nullptr)),
        mapped_(std::exchange(other.mapped_, 0)) {}
  Arena& operator=(Arena&& other) noexcept {
    std::swap(data_, other.data_), std::swap(mapping_, other.mapping_), std::swap(mapped_, other.mapped_);
    return *this;
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  std::byte* data() const { return data_; }

 private:
  std::byte* data_ = nullptr;
  void* mapping_ = nullptr;
  size_t mapped_ = 0;
};

}  // namespace sconce::plan
