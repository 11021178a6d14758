// What kernels are chosen by.
#pragma once
#include "device/device.h"
#include "ops/pick.h"

namespace sconce::SCONCE_GPU {

// Of a device that is there; asked once.
GpuProperties properties_of(int device);

}  // namespace sconce::SCONCE_GPU
