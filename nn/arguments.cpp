#include <sconce/error.h>
#include <sconce/nn/arguments.h>

#include <string_view>

namespace sconce::nn {

std::string Pair::str(bool tuple) const {
  if (!tuple && !is_tuple) return std::to_string(height);
  return concat("(", height, ", ", width, ")");
}

ConvPadding::ConvPadding(const char* word)
    : same(std::string_view(word) == "same"), valid(std::string_view(word) == "valid") {
  check(same || valid, "Invalid padding string '", word, "', should be one of 'same', 'valid'");
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
