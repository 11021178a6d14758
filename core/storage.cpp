#include <sconce/backend.h>
#include <sconce/error.h>
#include <sconce/graph.h>
#include <sconce/storage.h>

#include <atomic>
#include <mutex>

namespace sconce {

struct Storage::Impl {
  size_t nbytes = 0;
  Device device;
  std::shared_ptr<void> bytes;
  // Deferred storages only: the loader, its lock, and whether `bytes` may be read without it.
  Loader load;
  std::mutex loading;
  std::atomic<bool> ready{true};
};

Storage Storage::allocate(size_t nbytes, Device device) {
  auto impl = std::make_shared<Impl>();
  impl->nbytes = nbytes;
  impl->device = device;
  if (device != meta) impl->bytes = backend_of(device).allocate(nbytes, device.index);
  return Storage(std::move(impl));
}

Storage Storage::borrow(void* data, size_t nbytes, std::shared_ptr<void> keeper) {
  auto impl = std::make_shared<Impl>();
  impl->nbytes = nbytes;
  impl->bytes = std::shared_ptr<void>(std::move(keeper), data);
  return Storage(std::move(impl));
}

Storage Storage::deferred(size_t nbytes, Loader load, Device device) {
  auto impl = std::make_shared<Impl>();
  impl->device = device;
  impl->nbytes = nbytes;
  impl->load = std::move(load);
  impl->ready = false;
  return Storage(std::move(impl));
}

size_t Storage::nbytes() const { return impl_ ? impl_->nbytes : 0; }
Device Storage::device() const { return impl_ ? impl_->device : cpu; }
bool Storage::is_loaded() const { return !impl_ || impl_->ready.load(std::memory_order_acquire); }

void* Storage::data() const {
  if (!impl_) return nullptr;
  check(impl_->device != meta, "[Storage] a tensor on device meta has a shape and no data",
        Recorder::active() ? ": its value is not known while a forward is being recorded" : "");
  if (!impl_->ready.load(std::memory_order_acquire)) {
    const std::lock_guard lock(impl_->loading);
    if (!impl_->ready.load(std::memory_order_relaxed)) {
      impl_->bytes = impl_->load();
      impl_->load = nullptr;  // lets go of the file when nothing else needs it
      impl_->ready.store(true, std::memory_order_release);
    }
  }
  return impl_->bytes.get();
}

}  // namespace sconce
