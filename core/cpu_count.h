// The CPUs that this process may use.
#pragma once

namespace sconce {

// CPUs in the affinity mask, lowered to the cgroup's quota rounded up; at least 1.
int available_cpus();

}  // namespace sconce
