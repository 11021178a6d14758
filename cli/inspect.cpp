// sconce inspect: what is in a checkpoint.
#include <sconce/checkpoint.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "inspect_tree.h"
#include "text.h"

namespace sconce::cli {
namespace {

struct Arguments {
  std::string file;
  bool full = false, compat = false;
};

nlohmann::json to_json(const Checkpoint& checkpoint, const Contents& contents, uint64_t file_bytes) {
  nlohmann::json tensors = nlohmann::json::array(), values = nlohmann::json::array();
  for (const TensorEntry& entry : contents.tensors()) {
    const Tensor& t = entry.tensor;
    nlohmann::json one = {{"path", entry.path},           {"dtype", name_of(t.dtype())},
                          {"shape", t.shape().extents()}, {"strides", t.strides()},
                          {"offset", t.storage_offset()}, {"contiguous", t.is_contiguous()},
                          {"bytes", t.nbytes()}};
    if (!entry.location.empty()) one["location"] = entry.location;
    if (!entry.tied_to.empty()) one["tied_to"] = entry.tied_to;
    if (!entry.view_of.empty()) one["shares_bytes_of"] = entry.view_of;
    tensors.push_back(std::move(one));
  }
  for (const ValueEntry& entry : contents.values()) {
    values.push_back({{"path", entry.path}, {"type", entry.type}, {"value", entry.text}});
  }
  return {{"file", checkpoint.path()},
          {"file_bytes", file_bytes},
          {"container", checkpoint.container()},
          {"root_type", checkpoint.root().type_name()},
          {"state_dicts", checkpoint.candidates()},
          {"tensors", std::move(tensors)},
          {"values", std::move(values)},
          {"globals", checkpoint.globals()},
          {"warnings", checkpoint.warnings()},
          {"totals",
           {{"tensors", contents.tensors().size()},
            {"elements", contents.elements()},
            {"tensor_bytes", contents.tensor_bytes()},
            {"storage_bytes", contents.storage_bytes()}}}};
}

void print(const Checkpoint& checkpoint, const Contents& contents, uint64_t file_bytes, bool full) {
  std::printf("%s: %s, %s\n", printable(checkpoint.path()).c_str(), checkpoint.container().c_str(),
              human_bytes(file_bytes).c_str());
  TreeNode tree = contents.tree();
  if (!full) fold_repeats(tree);
  std::fputs(draw(tree).c_str(), stdout);
  if (!contents.tensors().empty()) {
    std::printf("%s, %s, %s of %s in storages\n",
                counted(static_cast<int64_t>(contents.tensors().size()), "tensor").c_str(),
                counted(contents.elements(), "element").c_str(), human_bytes(contents.tensor_bytes()).c_str(),
                human_bytes(contents.storage_bytes()).c_str());
  }
  std::string names;
  for (const std::string& path : checkpoint.candidates()) {
    names += (names.empty() ? "" : ", ") + (path.empty() ? std::string("the whole file") : printable(path));
  }
  if (!names.empty()) std::printf("state_dict: %s\n", names.c_str());
  for (const std::string& warning : checkpoint.warnings())
    std::printf("warning: %s\n", printable(warning).c_str());
}

int inspect(const Program& program, const Arguments& arguments) {
  LoadOptions options;
  if (arguments.compat) options.profile = Profile::compat;
  const Checkpoint checkpoint = Checkpoint::open(arguments.file, options);
  const Contents contents(checkpoint);
  std::error_code ignored;
  const auto size = std::filesystem::file_size(arguments.file, ignored);
  const uint64_t file_bytes = ignored ? 0 : size;
  if (program.json)
    print_json(to_json(checkpoint, contents, file_bytes));
  else
    print(checkpoint, contents, file_bytes, arguments.full);
  return done;
}

}  // namespace

void add_inspect(Program& program) {
  CLI::App* command = add_command(program, "inspect",
                                  "Show what is in a checkpoint: keys, shapes, dtypes, bytes, other values",
                                  "sconce inspect model.pth");
  add_json(program, command);
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("FILE", arguments->file, "The checkpoint")->required();
  command->add_flag("--full", arguments->full, "Do not fold repeated blocks");
  command->add_flag("--compat", arguments->compat,
                    "Take what torch.load takes, with warnings, where Sconce is stricter");
  command->callback([&program, arguments] {
    program.chosen = [&program, arguments] { return inspect(program, *arguments); };
  });
}

}  // namespace sconce::cli
