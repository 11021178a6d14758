#include "file_storage.h"

#include <sconce/backend.h>
#include <sconce/tensor.h>

#include <cstring>

namespace sconce {

Device FileStorages::target_of(const MapLocation& map) {
  if (const auto* device = std::get_if<Device>(&map)) return *device;
  if (const auto* names = std::get_if<std::map<std::string, std::string>>(&map))
    if (const auto found = names->find("cpu"); found != names->end()) return Device::parse(found->second);
  return cpu;
}

Storage FileStorages::open(const FilePart& part) const {
  if (target_ == meta) return Storage::allocate(part.nbytes, meta);
  std::byte* bytes = part.nbytes ? file_->data() + part.offset : nullptr;
  const size_t unit = number_size(part.dtype);
  const bool swaps = unit > 1 && part.order != std::endian::native;
  const bool in_place = !swaps && reinterpret_cast<uintptr_t>(bytes) % unit == 0;
  Storage out;
  if (in_place && part.dtype != DType::boolean) {
    out = Storage::borrow(bytes, part.nbytes, file_);
  } else {
    out = Storage::deferred(part.nbytes,
                            [file = file_, materialized = materialized_, bytes, part, unit, swaps,
                             in_place]() -> std::shared_ptr<void> {
                              try {
                                if (part.dtype == DType::boolean) check_bools(bytes, part.nbytes);
                                if (in_place) return {file, bytes};
                                materialized->charge(part.nbytes);
                                const Storage copy = Storage::allocate(part.nbytes);
                                if (part.nbytes) std::memcpy(copy.data(), bytes, part.nbytes);
                                if (swaps) swap_bytes(copy.data(), part.nbytes, unit);
                                return {std::make_shared<Storage>(copy), copy.data()};
                              } catch (Error& e) {
                                throw e.in_file(file->path()).at_key(part.key);
                              }
                            });
  }
  if (target_ == cpu) return out;
  backend_of(target_);  // throws when there is none
  return Tensor(out, DType::u8, Shape{static_cast<int64_t>(part.nbytes)}).to(target_).storage();
}

}  // namespace sconce
