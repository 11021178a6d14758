// Zip archives as torch.save writes them, and as others bend them.
#include "zip.h"

#include "mapped_file.h"
#include "support/support.h"

#include <doctest/doctest.h>

using namespace sconce;

TEST_CASE("zip: every real checkpoint archive reads without warnings, and its checksums hold") {
  const auto folder = sconce::test::real_checkpoints();
  if (!folder) {
    MESSAGE("skipped: no real checkpoints");
    return;
  }
  int archives = 0;
  for (const auto& item : std::filesystem::recursive_directory_iterator(*folder)) {
    const std::string path = item.path().string();
    CAPTURE(path);
    if (!item.is_regular_file() || path.find("picklescan") != std::string::npos) continue;
    const auto file = MappedFile::open(path);
    if (text_of(file->bytes()).substr(0, 4) != "PK\x03\x04") continue;
    ++archives;
    const ZipArchive archive(file->bytes());
    CHECK(archive.warnings().empty());
    CHECK(archive.record("data.pkl") != nullptr);
    CHECK(torch_archive_version(archive) >= 1);
    for (const ZipEntry& entry : archive.entries()) archive.check_crc(entry);
  }
  CHECK(archives > 40);
}
