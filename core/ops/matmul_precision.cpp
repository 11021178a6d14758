// The one setting of the process that products of f32 follow.
#include <sconce/error.h>
#include <sconce/ops/matmul_precision.h>

#include <atomic>

namespace sconce {
namespace {

std::atomic<bool> tf32_allowed{false};

}  // namespace

void set_float32_matmul_precision(std::string_view precision) {
  check(precision == "highest" || precision == "high",
        "[set_float32_matmul_precision] expected 'highest' or 'high', got '", precision, "'");
  tf32_allowed = precision == "high";
}

std::string_view get_float32_matmul_precision() { return tf32_allowed ? "high" : "highest"; }

}  // namespace sconce
