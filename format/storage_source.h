// Where a checkpoint's storages come from: what the two containers offer to the rebuilding of tensors.
#pragma once
#include <sconce/checkpoint.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace sconce {

// The budget of bytes that are copied or inflated, counted over everything a checkpoint ever materialises.
class MaterializedBytes {
 public:
  explicit MaterializedBytes(uint64_t limit) : limit_(limit) {}
  // Throws ErrorKind::out_of_budget when `bytes` more would pass the limit; nothing is counted then.
  void charge(uint64_t bytes) {
    uint64_t used = used_.load();
    do {
      if (bytes > limit_ - used)
        fail(ErrorKind::out_of_budget, "copying or inflating ", bytes, " bytes more would pass the limit of ",
             limit_, " bytes in total");
    } while (!used_.compare_exchange_weak(used, used + bytes));
  }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

// How many bytes make one number in a storage whose byte order is not the machine's; 1 until a tensor tells.
using SwapUnit = std::shared_ptr<size_t>;

// One storage as a persistent id names it.
struct StorageRequest {
  std::string key;  // "0", or a pointer's digits in a legacy stream
  uint64_t nbytes = 0;
  int64_t item_size = 1;  // bytes of an element of its class
  size_t alignment = 1;   // that its numbers need
  std::string path;       // where in the tree it is first used, for messages
  SwapUnit swap_unit;     // set when the source said that it swaps
};

class StorageSource {
 public:
  virtual ~StorageSource() = default;
  // The bytes, read when they are first asked for. Throws ErrorKind::corrupt when there is no such storage or
  // it has another length.
  virtual Storage open(StorageRequest request) = 0;
  // The file's path, for errors that come when bytes are first used.
  virtual const std::string& file() const = 0;
  // Are numbers in the file in the other byte order?
  virtual bool swaps() const { return false; }
  virtual const std::shared_ptr<MaterializedBytes>& materialized() const = 0;
};

// Reverses each run of `unit` bytes.
void swap_bytes(void* data, uint64_t nbytes, size_t unit);
// Throws ErrorKind::corrupt when a byte is neither 0 nor 1; C++ may not read it as a bool then.
void check_bools(const void* data, size_t nbytes);
// Bytes of one number of a dtype: half an element for complex dtypes.
size_t number_size(DType dtype);

}  // namespace sconce
