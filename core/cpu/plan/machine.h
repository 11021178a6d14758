// What the machine can do, measured in a few milliseconds.
#pragma once

namespace sconce::plan {

struct Machine {
  double gflops =
      0;  // f32 multiply-adds of one thread with the kernels' instruction set, in 1e9 operations per second
  double gigabytes = 0;  // what one thread copies per second beyond the caches, in 1e9 bytes read and written
};

Machine measure_machine();

}  // namespace sconce::plan
