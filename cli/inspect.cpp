// sconce inspect: what is in a checkpoint.
#include <sconce/checkpoint.h>
#include <sconce/container_facts.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "inspect_draw.h"
#include "inspect_tree.h"
#include "options.h"
#include "text.h"

namespace sconce::cli {
namespace {

struct InspectArguments {
  std::string file;
  Profile profile = Profile::strict;
  bool full = false;
};

nlohmann::json to_json(const ContainerFacts& facts) {
  nlohmann::json out = nlohmann::json::object();
  if (facts.records) {
    out["records"] = *facts.records;
    out["deflated_records"] = facts.deflated;
    out["records_without_checksum"] = facts.without_checksum;
    out["root"] = facts.root;
  }
  if (facts.version) out["version"] = *facts.version;
  if (!facts.byte_order.empty()) out["byte_order"] = facts.byte_order;
  if (facts.alignment) out["alignment"] = *facts.alignment;
  if (!facts.serialization_id.empty()) out["serialization_id"] = facts.serialization_id;
  if (!facts.shards.empty()) out["shards"] = facts.shards;
  return out;
}

nlohmann::json to_json(const TensorEntry& entry) {
  const Tensor& t = entry.tensor;
  nlohmann::json one = {
      {"path", entry.path},     {"dtype", name_of(entry.dtype)}, {"shape", entry.shape.extents()},
      {"strides", t.strides()}, {"offset", t.storage_offset()},  {"contiguous", t.is_contiguous()},
      {"bytes", entry.bytes}};
  if (!entry.form.empty()) one["form"] = entry.form;
  if (!entry.location.empty()) one["location"] = entry.location;
  if (!entry.tied_to.empty()) one["tied_to"] = entry.tied_to;
  if (!entry.view_of.empty()) one["shares_bytes_of"] = entry.view_of;
  return one;
}

// safetensors' `__metadata__`, where there is one.
const Value* metadata_of(const Checkpoint& checkpoint) {
  const Value& attributes = checkpoint.root().attributes();
  const Value* found = attributes.kind() == Value::Kind::dict ? attributes.find("__metadata__") : nullptr;
  return found != nullptr && found->kind() == Value::Kind::dict && found->size() > 0 ? found : nullptr;
}

nlohmann::json to_json(const Checkpoint& checkpoint, const ContainerFacts& facts, const Contents& contents) {
  nlohmann::json tensors = nlohmann::json::array(), values = nlohmann::json::array(),
                 by_dtype = nlohmann::json::object(), metadata = nlohmann::json::object();
  for (const TensorEntry& entry : contents.tensors()) tensors.push_back(to_json(entry));
  for (const ValueEntry& entry : contents.values())
    values.push_back({{"path", entry.path}, {"type", entry.type}, {"value", entry.text}});
  for (const auto& [dtype, elements] : contents.by_dtype()) by_dtype[name_of(dtype)] = elements;
  if (const Value* found = metadata_of(checkpoint))
    for (const auto& [key, value] : found->pairs())
      metadata[key.as_string()] = value.kind() == Value::Kind::string ? value.as_string() : value.repr(1000);
  return {{"file", checkpoint.path()},
          {"file_bytes", facts.file_bytes},
          {"container", checkpoint.container()},
          {"container_facts", to_json(facts)},
          {"root_type", checkpoint.root().type_name()},
          {"state_dicts", checkpoint.candidates()},
          {"metadata", std::move(metadata)},
          {"tensors", std::move(tensors)},
          {"values", std::move(values)},
          {"globals", checkpoint.globals()},
          {"warnings", checkpoint.warnings()},
          {"totals",
           {{"tensors", contents.tensors().size()},
            {"elements", contents.elements()},
            {"elements_by_dtype", std::move(by_dtype)},
            {"tensor_bytes", contents.tensor_bytes()},
            {"storage_bytes", contents.storage_bytes()},
            {"unreachable_bytes", contents.unreachable_bytes()}}}};
}

// "version 3, little-endian, 14 records, aligned to 64, CRC-32 recorded".
std::string line_of(const ContainerFacts& facts) {
  std::string out;
  const auto add = [&](const std::string& part) { out += (out.empty() ? "" : ", ") + part; };
  if (facts.version) add("version " + std::to_string(*facts.version));
  if (!facts.byte_order.empty()) add(printable(facts.byte_order) + "-endian");
  if (facts.records) {
    add(counted(static_cast<int64_t>(*facts.records), "record"));
    if (facts.deflated > 0) add(with_commas(static_cast<int64_t>(facts.deflated)) + " of them deflated");
    if (facts.alignment) add("storages aligned to " + with_commas(static_cast<int64_t>(*facts.alignment)));
    add(facts.without_checksum == 0
            ? "CRC-32 recorded"
            : "no CRC-32 for " + with_commas(static_cast<int64_t>(facts.without_checksum)));
  }
  if (!facts.shards.empty()) add(counted(static_cast<int64_t>(facts.shards.size()), "shard"));
  return out;
}

void print_totals(const Contents& contents) {
  std::string dtypes;
  for (const auto& [dtype, elements] : contents.by_dtype())
    dtypes += (dtypes.empty() ? "" : ", ") + with_commas(elements) + " " + name_of(dtype);
  std::printf("%s", sums_of(contents.tree()).c_str());
  if (contents.by_dtype().size() > 1) std::printf(" (%s)", dtypes.c_str());
  std::printf("\n");
  if (contents.unreachable_bytes() > 0)
    std::printf("%s of %s in storages belong to no tensor; convert --compact drops them\n",
                human_bytes(contents.unreachable_bytes()).c_str(),
                human_bytes(contents.storage_bytes()).c_str());
}

void print(const Checkpoint& checkpoint, const ContainerFacts& facts, const Contents& contents, bool full) {
  const Style style;
  std::printf("%s: %s, %s\n", style.bold(printable(checkpoint.path())).c_str(),
              checkpoint.container().c_str(), human_bytes(facts.file_bytes).c_str());
  if (const std::string line = line_of(facts); !line.empty()) std::printf("%s\n", style.dim(line).c_str());
  TreeNode tree = contents.tree();
  if (!full) fold_repeats(tree);
  std::fputs(draw(tree, style).c_str(), stdout);
  if (!contents.tensors().empty()) print_totals(contents);
  std::string names;
  for (const std::string& path : checkpoint.candidates()) {
    names += (names.empty() ? "" : ", ") + (path.empty() ? std::string("the whole file") : printable(path));
  }
  if (!names.empty()) std::printf("state_dict: %s\n", names.c_str());
  if (const Value* metadata = metadata_of(checkpoint))
    for (const auto& [key, value] : metadata->pairs())
      std::printf("metadata: %s = %s\n", printable(key.as_string()).c_str(),
                  printable(value.repr(200)).c_str());
  for (const std::string& warning : checkpoint.warnings())
    std::printf("%s %s\n", style.yellow("warning:").c_str(), printable(warning).c_str());
}

int inspect(const Program& program, const InspectArguments& arguments) {
  LoadOptions options;
  options.profile = arguments.profile;
  const Checkpoint checkpoint = Checkpoint::open(arguments.file, options);
  const ContainerFacts facts = container_facts(arguments.file, options);
  const Contents contents(checkpoint);
  if (program.json)
    print_json(to_json(checkpoint, facts, contents));
  else
    print(checkpoint, facts, contents, arguments.full);
  return done;
}

}  // namespace

void add_inspect(Program& program) {
  CLI::App* command = add_command(program, "inspect",
                                  "Show what is in a checkpoint: keys, shapes, dtypes, bytes, other values",
                                  "sconce inspect model.pth");
  add_json(program, command);
  const auto arguments = std::make_shared<InspectArguments>();
  command->add_option("FILE", arguments->file, "The checkpoint, in any format")->required();
  command->add_flag("--full", arguments->full, "Do not fold repeated blocks");
  add_profile(command, arguments->profile);
  command->add_flag_callback(
      "--compat", [arguments] { arguments->profile = Profile::compat; }, "The same as --profile compat");
  command->callback([&program, arguments] {
    program.chosen = [&program, arguments] { return inspect(program, *arguments); };
  });
}

}  // namespace sconce::cli
