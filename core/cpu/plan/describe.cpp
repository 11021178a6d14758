// What a plan says of itself.
#include <sconce/error.h>

#include <iomanip>
#include <sstream>

#include "cpu/plan/plan.h"

namespace sconce {
namespace {

const Plan::Impl& given(const std::shared_ptr<Plan::Impl>& impl) {
  check(impl != nullptr, "[prepare] this plan is empty");
  return *impl;
}

}  // namespace

int64_t Plan::packed_bytes() const { return given(impl_).example().packs->bytes(); }

int64_t Plan::arena_bytes() const { return given(impl_).example().executor->context_bytes(); }

std::string Plan::notice() const { return given(impl_).example().notice; }

int64_t Plan::interpreted_steps() const {
  int64_t count = 0;
  for (const plan::Step& step : given(impl_).example().executor->program().steps) count += step.op == nullptr;
  return count;
}

}  // namespace sconce
