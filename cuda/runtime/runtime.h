// Memory and streams of a GPU: real.cpp asks CUDA, simulated.cpp acts it out. Every call throws ErrorKind::device when it fails.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "device/device.h"

namespace sconce::SCONCE_GPU {

// Makes the device current and gives the stream that all work on it goes to, in order.
cudaStream_t stream_of(int device);
// Bytes of the device, 256-byte aligned, which may be used in its stream at once, and are given back in it.
// Throws ErrorKind::out_of_budget with what was wanted, used and free.
std::shared_ptr<void> allocate_on(int device, size_t nbytes);
// From the host to the device; returns when `from` may be written again.
void copy_in(int device, void* to, const void* from, size_t nbytes);
// From the device to the host; returns when `to` may be read.
void copy_out(int device, void* to, const void* from, size_t nbytes);
// On one device, in its stream.
void copy_within(int device, void* to, const void* from, size_t nbytes);

}  // namespace sconce::SCONCE_GPU
