// Marks a formula that every backend shares.
#pragma once

#ifdef __CUDACC__
#define SCONCE_HOST_DEVICE __host__ __device__
#else
#define SCONCE_HOST_DEVICE
#endif
