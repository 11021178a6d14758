#include <sconce/error.h>
#include <sconce/nn/arguments.h>

namespace sconce::nn {

std::string Pair::str(bool tuple) const {
  if (!tuple && !is_tuple) return std::to_string(height);
  const auto text = [](int64_t n) { return n == unset ? std::string("None") : std::to_string(n); };
  return "(" + text(height) + ", " + text(width) + ")";
}

std::string ImagePadding::str() const { return concat("(", left, ", ", right, ", ", top, ", ", bottom, ")"); }

const char* to_string(PaddingMode mode) {
  switch (mode) {
    case PaddingMode::zeros: return "zeros";
    case PaddingMode::reflect: return "reflect";
    case PaddingMode::replicate: return "replicate";
    case PaddingMode::circular: return "circular";
  }
  return "?";
}

}  // namespace sconce::nn
