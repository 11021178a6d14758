// Memory and streams of real GPUs, by way of the CUDA runtime, which is linked statically: without a driver it says so and all else
// of the program works.
#include <cuda_runtime.h>
#include <sconce/backend.h>
#include <sconce/error.h>

#include <cstdlib>
#include <cstring>
#include <mutex>

#include "ops/cuda_backend.h"
#include "runtime/properties.h"
#include "runtime/runtime.h"

namespace sconce {
namespace gpu_real {
namespace {

void must(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  cudaGetLastError();  // an error that is not sticky is over with
  fail(ErrorKind::device, "[cuda] ", what, ": ", cudaGetErrorString(status), " (", cudaGetErrorName(status),
       ")");
}

// How many devices there are, and why none.
struct Machine {
  int count = 0;
  std::string absence;
  Machine() {
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaSuccess && count > 0) return;
    count = 0;
    cudaGetLastError();
    absence = status == cudaErrorInsufficientDriver ? "no NVIDIA driver, or one older than this build's CUDA"
              : status == cudaErrorNoDevice         ? "the driver knows no device"
                                                    : cudaGetErrorString(status);
  }
};
const Machine& machine() {
  static const Machine one;
  return one;
}

// A device's stream, made when it is first used. Never destroyed: at exit the driver may be gone before us.
struct OneDevice {
  std::once_flag made;
  cudaStream_t stream = nullptr;
  GpuProperties properties{};
};
OneDevice& device_at(int index) {
  static OneDevice* const all = new OneDevice[64];
  check(index >= 0 && index < machine().count && index < 64, "[cuda] expected a device below ",
        machine().count, ", got cuda:", index);
  return all[index];
}

bool synchronous() {
  static const char* const asked = std::getenv("SCONCE_CUDA_SYNC");
  return asked && *asked == '1';
}

// Pageable bytes go by way of the driver's own pinned memory.
void copy_and_wait(int device, void* to, const void* from, size_t nbytes, cudaMemcpyKind kind) {
  const cudaStream_t stream = stream_of(device);
  must(cudaMemcpyAsync(to, from, nbytes, kind, stream), "cudaMemcpyAsync");
  must(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
}

}  // namespace

void check_launch(const char* kernel) {
  must(cudaGetLastError(), kernel);
  if (synchronous()) must(cudaDeviceSynchronize(), kernel);
}

cudaStream_t stream_of(int device) {
  OneDevice& d = device_at(device);
  must(cudaSetDevice(device), "cudaSetDevice");
  std::call_once(d.made, [&] {
    must(cudaStreamCreateWithFlags(&d.stream, cudaStreamNonBlocking), "cudaStreamCreate");
    const auto ask = [&](cudaDeviceAttr what) {
      int value = 0;
      must(cudaDeviceGetAttribute(&value, what, device), "cudaDeviceGetAttribute");
      return value;
    };
    d.properties = {ask(cudaDevAttrComputeCapabilityMajor) * 10 + ask(cudaDevAttrComputeCapabilityMinor),
                    ask(cudaDevAttrMultiProcessorCount), ask(cudaDevAttrMaxSharedMemoryPerBlockOptin)};
    cudaMemPool_t pool{};
    if (cudaDeviceGetDefaultMemPool(&pool, device) == cudaSuccess) {
      uint64_t keep = UINT64_MAX;  // what is given back stays with the process
      cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &keep);
    }
  });
  return d.stream;
}

GpuProperties properties_of(int device) {
  stream_of(device);
  return device_at(device).properties;
}

std::shared_ptr<void> allocate_on(int device, size_t nbytes) {
  const cudaStream_t stream = stream_of(device);
  void* bytes = nullptr;
  const cudaError_t status = cudaMallocAsync(&bytes, nbytes > 0 ? nbytes : 1, stream);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    size_t unused = 0, total = 0;
    cudaMemGetInfo(&unused, &total);
    fail(ErrorKind::out_of_budget, "[allocate] cannot have ", nbytes, " bytes on cuda:", device, ": ",
         total - unused, " are used and ", unused, " free of ", total);
  }
  must(status, "cudaMallocAsync");
  return {bytes, [stream](void* p) { cudaFreeAsync(p, stream); }};
}

void copy_in(int device, void* to, const void* from, size_t nbytes) {
  if (nbytes) copy_and_wait(device, to, from, nbytes, cudaMemcpyHostToDevice);
}
void copy_out(int device, void* to, const void* from, size_t nbytes) {
  if (nbytes) copy_and_wait(device, to, from, nbytes, cudaMemcpyDeviceToHost);
}
void copy_within(int device, void* to, const void* from, size_t nbytes) {
  if (nbytes)
    must(cudaMemcpyAsync(to, from, nbytes, cudaMemcpyDeviceToDevice, stream_of(device)), "cudaMemcpyAsync");
}

}  // namespace gpu_real

Backend* cuda_backend() {
  static gpu_real::CudaBackend backend(Device::Type::cuda);
  return gpu_real::machine().count > 0 ? &backend : nullptr;
}

std::string cuda_absence() { return gpu_real::machine().absence; }

std::vector<std::string> cuda_devices() {
  std::vector<std::string> out;
  for (int i = 0; i < gpu_real::machine().count; ++i) {
    cudaDeviceProp p{};
    gpu_real::must(cudaGetDeviceProperties(&p, i), "cudaGetDeviceProperties");
    const auto tenths = static_cast<long long>(static_cast<double>(p.totalGlobalMem) / (1 << 30) * 10 + 0.5);
    out.push_back(concat(p.name, ", compute capability ", p.major, ".", p.minor, ", ", tenths / 10, ".",
                         tenths % 10, " GiB"));
  }
  return out;
}

}  // namespace sconce
