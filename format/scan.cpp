// What the pickles in a file would do: the public face of the scan.
#include <sconce/scan.h>

#include "mapped_file.h"
#include "scanner.h"

#include <new>

namespace sconce {
namespace {

ScanReport scan_file(const std::shared_ptr<MappedFile>& file, const Budget& budget) {
  ScanReport report;
  report.path = file->path();
  report.type = describe(sniff(file->bytes()));
  Scanner scanner(report, budget);
  try {
    if (file->size() == 0) report.unseen.push_back(file->path() + ": " + explain_not_a_checkpoint({}));
    scanner.look(file->bytes(), file->path(), 0);
  } catch (const std::bad_alloc&) {
    report.unseen.push_back(file->path() + ": no memory to look further");
  }
  return report;
}

}  // namespace

ScanReport scan(const std::string& path, const Budget& budget) {
  return scan_file(MappedFile::open(path), budget);
}

ScanReport scan_bytes(std::string bytes, const std::string& name, const Budget& budget) {
  return scan_file(MappedFile::from_bytes(std::move(bytes), name), budget);
}

}  // namespace sconce
