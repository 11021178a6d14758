// Value trees at random, the same for the same seed.
#pragma once
#include <sconce/value.h>

#include <cstdint>

namespace sconce::test {

struct GeneratorOptions {
  // Only what torch.load(weights_only=True) takes and torch.save writes: no defaultdict, no storage read as
  // several dtypes.
  bool only_torch = false;
  // Only what PyTorch 1.13 has: no newer dtypes, no sparse tensors as they are written today, no attributes on tensors.
  bool only_old_torch = false;
};

// A dict with everything that save() takes: every kind, dtypes, layouts, views and ties, aliases, attributes.
Value generate_tree(uint64_t seed, const GeneratorOptions& options = {});

}  // namespace sconce::test
