// What the source text inside a TorchScript archive says of its classes. It is read as text; nothing in it runs.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace sconce {

// A class as its text declares it.
struct ScriptClass {
  bool is_module = false;                         // class Net(Module)
  std::set<std::string, std::less<>> parameters;  // __parameters__ = ["weight", ]
  // __buffers__ = ["running_mean", ]; archives up to PyTorch 1.4 do not say.
  std::optional<std::set<std::string, std::less<>>> buffers;
  std::map<std::string, std::string, std::less<>> types;  // weight : Tensor
};

// The classes of one record's text, by name ("Linear").
std::map<std::string, ScriptClass> script_classes(std::string_view text);

// The classes of an archive, each record read when it is first asked for.
class ScriptCode {
 public:
  // Gives a record's text, such as "code/__torch__/torch/nn/modules/linear.py"; nothing when there is none.
  using ReadText = std::function<std::optional<std::string>(const std::string& record)>;
  explicit ScriptCode(ReadText read) : read_(std::move(read)) {}

  // By qualified name, "__torch__.torch.nn.modules.linear.Linear"; null when the archive has no such class.
  const ScriptClass* find(const std::string& qualified_name);

 private:
  ReadText read_;
  std::map<std::string, std::map<std::string, ScriptClass>> records_;
};

}  // namespace sconce
