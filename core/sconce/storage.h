// Shared bytes on one device.
#pragma once
#include <sconce/device.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace sconce {

// A handle: copies share the bytes. The bytes are owned, borrowed from something that the storage keeps alive (a mapped
// checkpoint, an Eigen object), or deferred until someone first asks for them (a record still to be inflated or checked).
class Storage {
 public:
  // Gives the first byte and, through the pointer's owner, what keeps the bytes alive.
  using Loader = std::function<std::shared_ptr<void>()>;

  // No bytes at all; data() is null.
  Storage() = default;

  // `nbytes` uninitialised bytes, 64-byte aligned. On Device::meta there are none.
  // Throws ErrorKind::out_of_budget when they cannot be had, ErrorKind::device without such a device.
  static Storage allocate(size_t nbytes, Device device = cpu);
  // Bytes at `data` on the CPU, valid as long as `keeper` lives; writes go there. Null keeper: the caller guarantees it.
  static Storage borrow(void* data, size_t nbytes, std::shared_ptr<void> keeper);
  // Bytes that `load` gives, called at most once, by the first data() of any thread; what it throws, data() throws
  // (and the next call tries again). They lie on `device`.
  static Storage deferred(size_t nbytes, Loader load, Device device = cpu);

  bool defined() const { return impl_ != nullptr; }
  size_t nbytes() const;
  Device device() const;
  // First byte. Const-ness is the tensor's affair: handles share. Throws what a deferred loader throws, and
  // ErrorKind::invalid_argument on Device::meta.
  void* data() const;
  // False while a deferred storage has not been asked for.
  bool is_loaded() const;
  // The same bytes? (Identity, not content.)
  friend bool operator==(const Storage& a, const Storage& b) { return a.impl_ == b.impl_; }
  // A number that two handles share exactly when they share bytes; for grouping ties.
  const void* id() const { return impl_.get(); }

 private:
  struct Impl;
  explicit Storage(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace sconce
