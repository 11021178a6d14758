// Any bytes as a JSON document, as an index of shards in memory, and as module versions.
#include "container.h"
#include "json_value.h"
#include "module_versions.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  const std::string text(reinterpret_cast<const char*>(data), size);
  try {
    (void)json_value(text, 16, 1 << 20).repr();
  } catch (const Error&) {
  }
  try {
    read_shards(MappedFile::from_bytes(text, "fuzz"), {});
    std::abort();  // nothing in memory names files
  } catch (const Error&) {
  }
  // What can be written is read back the same.
  const Value versions = module_versions_from(text);
  const std::string again = module_versions_text(versions);
  if (!again.empty() && module_versions_from(again).repr(1 << 16) != versions.repr(1 << 16)) std::abort();
  return 0;
}
