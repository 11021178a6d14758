#include "cpu/plan/arena.h"

#include <sconce/error.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstring>

namespace sconce::plan {
namespace {

constexpr size_t huge_page = size_t{2} << 20, page = 4096;

}  // namespace

Arena::Arena(size_t bytes, Touch touch) {
  if (bytes == 0) return;
  // Room to begin at a huge page's edge, where there is enough to fill one.
  const size_t rounded = bytes >= huge_page / 2 ? (bytes + huge_page - 1) / huge_page * huge_page
                                                : (bytes + page - 1) / page * page;
  mapped_ = rounded >= huge_page ? rounded + huge_page : rounded;
  mapping_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping_ == MAP_FAILED) {
    mapping_ = nullptr;
    fail(ErrorKind::out_of_budget, "[prepare] cannot get ", bytes, " bytes of memory");
  }
  auto begin = reinterpret_cast<uintptr_t>(mapping_);
  if (mapped_ != rounded) begin = (begin + huge_page - 1) / huge_page * huge_page;
  data_ = reinterpret_cast<std::byte*>(begin);
#ifdef MADV_HUGEPAGE
  if (mapped_ != rounded) madvise(data_, rounded, MADV_HUGEPAGE);
#endif
  // The first touch of a page costs more than the work on it: here rather than in a run.
  if (touch == Touch::yes)
    for (size_t i = 0; i < bytes; i += page) data_[i] = std::byte{0};
}

Arena::~Arena() {
  if (mapping_) munmap(mapping_, mapped_);
}

}  // namespace sconce::plan
