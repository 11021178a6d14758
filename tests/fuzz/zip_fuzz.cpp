// Any bytes as a zip archive, in both profiles and layouts: an error, or every record read.
#include "sniff.h"
#include "zip.h"

using namespace sconce;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes = std::as_bytes(std::span(data, size));
  explain_not_a_checkpoint(bytes);
  Budget budget;
  budget.materialized_bytes = 1 << 24;
  for (const Profile profile : {Profile::strict, Profile::compat}) {
    for (const ZipLayout layout : {ZipLayout::torch, ZipLayout::plain}) {
      try {
        const ZipArchive archive(bytes, profile, layout);
        for (const ZipEntry& entry : archive.entries()) archive.check_crc(entry, budget);
        torch_archive_version(archive);
      } catch (const Error&) {
      }
    }
  }
  return 0;
}
