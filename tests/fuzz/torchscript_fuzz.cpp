// Any bytes as a TorchScript archive's data.pkl and source text, "<pickle>#code\n<text>": the modules told apart.
#include "records.h"
#include "torchscript.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sconce;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  constexpr std::string_view border = "#code\n";
  const size_t end = std::min(all.find(border), size);
  const std::string text(all.substr(std::min(end + border.size(), size)));
  (void)script_classes(text);
  fuzz::may_fail([&] {
    fuzz::Records records(false);
    const LoadOptions options = fuzz::small_options(size, Profile::strict);
    const Value root = fuzz::read_program(std::as_bytes(std::span(data, end)), records, options);
    ScriptCode code([&](const std::string&) { return text; });
    name_script_modules(root, code);
    fuzz::read_all(root);
  });
  return 0;
}
