#include <sconce/device.h>
#include <sconce/error.h>

#include <charconv>

namespace sconce {

Device Device::parse(std::string_view text) {
  if (text == "cpu") return cpu;
  if (text == "meta") return meta;
  if (text == "cuda") return cuda(0);
  if (text == "cuda:sim") return cuda_sim;
  if (text.starts_with("cuda:")) {
    int index = 0;
    const char* end = text.data() + text.size();
    const auto [stop, code] = std::from_chars(text.data() + 5, end, index);
    if (code == std::errc() && stop == end && index >= 0) return cuda(index);
  }
  fail(ErrorKind::invalid_argument,
       "[Device] expected \"cpu\", \"meta\", \"cuda\", \"cuda:N\" or \"cuda:sim\", got \"", text, "\"");
}

std::string Device::str() const {
  switch (type) {
    case Type::cpu: return "cpu";
    case Type::meta: return "meta";
    case Type::cuda_sim: return "cuda:sim";
    case Type::cuda: return "cuda:" + std::to_string(index);
  }
  return "unknown";
}

}  // namespace sconce
