// sconce convert: a checkpoint in another format, with fewer keys, in another dtype.
#include <sconce/npy.h>
#include <sconce/safetensors.h>
#include <sconce/save.h>
#include <sconce/shards.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "cast.h"
#include "command.h"
#include "dense.h"
#include "interrupt.h"
#include "options.h"
#include "source.h"
#include "text.h"

namespace sconce::cli {
namespace {

struct ConvertArguments {
  std::string in, out, key, dtype, only;
  std::vector<std::string> prefixes;
  std::optional<uint64_t> max_shard_bytes;
  Profile profile = Profile::strict;
  SafetensorsTies ties = SafetensorsTies::drop_and_note;
  bool all = false, compact = false, dense = false, force = false;
};

enum class Format { torch, safetensors, npz, shards_of_safetensors, shards_of_torch };

bool ends_with(const std::string& text, std::string_view end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

Format format_of(const ConvertArguments& arguments) {
  const std::string& out = arguments.out;
  if (ends_with(out, ".safetensors.index.json")) return Format::shards_of_safetensors;
  if (ends_with(out, ".bin.index.json")) return Format::shards_of_torch;
  if (ends_with(out, "/") || std::filesystem::is_directory(out)) return Format::shards_of_safetensors;
  check(!arguments.max_shard_bytes,
        "--max-shard-bytes is for shards: OUT must be a folder, or end with "
        ".safetensors.index.json or .bin.index.json, got '",
        out, "'");
  if (ends_with(out, ".safetensors")) return Format::safetensors;
  if (ends_with(out, ".npz")) return Format::npz;
  for (const char* end : {".pth", ".pt", ".bin", ".th", ".ckpt", ".pkl", ".pth.tar"})
    if (ends_with(out, end)) return Format::torch;
  fail(ErrorKind::invalid_argument,
       "the ending of OUT tells the format: .pth .pt .bin .th .ckpt, .safetensors, .npz, "
       ".safetensors.index.json, "
       ".bin.index.json; got '",
       out, "'");
}

const char* name_of(Format format) {
  switch (format) {
    case Format::torch: return "zip";
    case Format::safetensors: return "safetensors";
    case Format::npz: return "npz";
    case Format::shards_of_safetensors:
    case Format::shards_of_torch: return "shards";
  }
  return "";
}

// `__metadata__` of a safetensors file, to be kept.
std::map<std::string, std::string> metadata_of(const Checkpoint& checkpoint) {
  std::map<std::string, std::string> out;
  const Value& attributes = checkpoint.root().attributes();
  if (attributes.kind() != Value::Kind::dict) return out;
  const Value* metadata = attributes.find("__metadata__");
  if (metadata == nullptr || metadata->kind() != Value::Kind::dict) return out;
  for (const auto& [key, value] : metadata->pairs())
    if (key.kind() == Value::Kind::string && value.kind() == Value::Kind::string)
      out[key.as_string()] = value.as_string();
  return out;
}

// Formats for arrays hold nothing else; what they cannot hold is named, not lost in silence.
void drop_other_values(StateDict& state, const Program& program, std::vector<std::string>& left_out) {
  std::vector<std::string> others;
  for (const StateDict::Entry& entry : state)
    if (!shape_and_dtype(entry.value)) others.push_back(entry.key);
  for (const std::string& key : others) {
    if (!program.json)
      std::fprintf(stderr, "sconce convert: left out %s (%s): the format holds tensors only\n",
                   printable(key).c_str(), printable(state.find(key)->type_name()).c_str());
    state.erase(key);
    left_out.push_back(key);
  }
}

void write(const StateDict& state, const Checkpoint& in, const ConvertArguments& arguments, Format format) {
  SafetensorsOptions safetensors;
  for (const auto& [key, value] : metadata_of(in)) safetensors.metadata[key] = value;
  safetensors.ties = arguments.ties;
  switch (format) {
    case Format::torch: save(state, arguments.out, {.compact = arguments.compact}); break;
    case Format::safetensors: save_safetensors(state, arguments.out, safetensors); break;
    case Format::npz: save_npz(state, arguments.out); break;
    case Format::shards_of_safetensors:
    case Format::shards_of_torch: {
      ShardOptions options;
      options.format = format == Format::shards_of_torch ? ShardFormat::pytorch : ShardFormat::safetensors;
      if (arguments.max_shard_bytes) options.max_shard_bytes = *arguments.max_shard_bytes;
      options.safetensors = safetensors;
      if (ends_with(arguments.out, "/")) std::filesystem::create_directories(arguments.out);
      save_shards(state, arguments.out, options);
      break;
    }
  }
}

bool is_taken(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) && !std::filesystem::is_directory(path, ignored);
}

int run(const Program& program, const ConvertArguments& arguments) {
  const Format format = format_of(arguments);
  check(!(arguments.all && !arguments.key.empty()), "--all and --key exclude each other");
  check(arguments.force || !is_taken(arguments.out), "'", arguments.out,
        "' exists already; replace it with --force");
  LoadOptions options;
  options.profile = arguments.profile;
  const Checkpoint in = Checkpoint::open(arguments.in, options);
  std::vector<std::string> left_out;
  StateDict state;
  try {
    state = arguments.all ? every_tensor(in) : in.state_dict(arguments.key);
    state = without_prefixes(std::move(state), arguments.prefixes);
    if (!arguments.only.empty()) {
      state = only_matching(state, arguments.only);
      if (state.empty()) fail(ErrorKind::mismatch, "--only '", arguments.only, "' matches no key");
    }
    if (arguments.dense) state = with_dense_tensors(state);
    if (!arguments.dtype.empty()) state = with_dtype(state, *parse_dtype(arguments.dtype));
    if (format != Format::torch && format != Format::shards_of_torch)
      drop_other_values(state, program, left_out);
  } catch (Error& e) {
    throw e.in_file(arguments.in);
  }
  uint64_t bytes = 0;
  size_t tensors = 0;
  for (const StateDict::Entry& entry : state) {
    tensors += shape_and_dtype(entry.value).has_value();
    if (entry.is_tensor()) bytes += static_cast<uint64_t>(entry.tensor().nbytes());
  }
  try {
    const InterruptibleWriting writing(bytes);
    write(state, in, arguments, format);
  } catch (const Error&) {
    InterruptibleWriting::end_if_interrupted();
    throw;
  }
  if (program.json)
    print_json({{"in", arguments.in},
                {"out", arguments.out},
                {"format", name_of(format)},
                {"tensors", tensors},
                {"tensor_bytes", bytes},
                {"left_out", left_out},
                {"warnings", in.warnings()}});
  else
    std::printf("%s: %s, %s\n", printable(arguments.out).c_str(),
                counted(static_cast<int64_t>(tensors), "tensor").c_str(), human_bytes(bytes).c_str());
  for (const std::string& warning : in.warnings())
    if (!program.json) std::fprintf(stderr, "warning: %s\n", printable(warning).c_str());
  return done;
}

}  // namespace

void add_convert(Program& program) {
  CLI::App* command = add_command(
      program, "convert", "Write a checkpoint in another format: .pth, .safetensors, .npz, or shards",
      "sconce convert --prefix-strip module. model.pth model.safetensors\n\nOUT appears complete or not at "
      "all, also after "
      "Ctrl-C. Its ending tells the format; a folder or an index.json gets shards.");
  add_json(program, command);
  const auto arguments = std::make_shared<ConvertArguments>();
  command->add_option("IN", arguments->in, "The checkpoint, in any format")->required();
  command->add_option("OUT", arguments->out, "The file to write")->required();
  command->add_option("--key", arguments->key, "Which dictionary of IN is written; found when there is one");
  command->add_flag("--all", arguments->all, "Every tensor in the file, named by its path");
  command
      ->add_option("--dtype", arguments->dtype,
                   "Convert floating-point tensors to this: float16, bfloat16, float32, ...")
      ->check([](const std::string& text) {
        const auto dtype = parse_dtype(text);
        return dtype && is_floating_point(*dtype) && is_numeric(*dtype)
                   ? std::string()
                   : "'" + text + "' is no floating-point dtype";
      });
  command->add_option("--prefix-strip", arguments->prefixes, "Remove this from the beginning of the keys")
      ->take_all();
  command->add_option("--only", arguments->only, "Only keys in which this regular expression is found");
  command
      ->add_option("--max-shard-bytes", arguments->max_shard_bytes,
                   "Tensor bytes of one shard, at most: 5GB, 500MB; 5GB unless given")
      ->transform(CLI::AsSizeValue(true));
  command->add_flag("--compact", arguments->compact,
                    "Into .pth: write only the bytes that tensors reach, not whole storages");
  command->add_flag("--dense", arguments->dense,
                    "Dequantize quantized tensors and write sparse ones out in full");
  static const std::map<std::string, SafetensorsTies> ties = {{"note", SafetensorsTies::drop_and_note},
                                                              {"duplicate", SafetensorsTies::duplicate},
                                                              {"error", SafetensorsTies::error}};
  command
      ->add_option("--ties", arguments->ties,
                   "Into safetensors: tied tensors are written once with a note (the default), once for each "
                   "name, or refused")
      ->transform(CLI::CheckedTransformer(ties))
      ->type_name("note|duplicate|error")
      ->default_str("");
  command->add_flag("--force", arguments->force, "Replace OUT when it exists, even when it is IN");
  add_profile(command, arguments->profile);
  command->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return run(program, *arguments); }; });
}

}  // namespace sconce::cli
