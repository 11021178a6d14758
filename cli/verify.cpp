// sconce verify: is every byte of a checkpoint what was written?
#include <sconce/verify.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "options.h"
#include "progress.h"
#include "style.h"
#include "text.h"

namespace sconce::cli {
namespace {

struct VerifyArguments {
  std::string file;
  Profile profile = Profile::strict;
};

nlohmann::json to_json(const VerifyReport& report) {
  nlohmann::json damage = nlohmann::json::array();
  std::vector<std::string> keys;
  for (const VerifyDamage& one : report.damage) {
    nlohmann::json entry = {{"keys", one.keys}, {"problem", one.problem}};
    if (!one.file.empty()) entry["file"] = one.file;
    if (!one.record.empty()) entry["record"] = one.record;
    damage.push_back(std::move(entry));
    keys.insert(keys.end(), one.keys.begin(), one.keys.end());
  }
  nlohmann::json out = {
      {"file", report.path},         {"container", report.container},
      {"sound", report.sound()},     {"damaged_keys", keys},
      {"damage", std::move(damage)}, {"warnings", report.warnings},
      {"bytes", report.bytes},       {"checked_bytes", report.checked},
      {"records", report.records},   {"records_without_checksum", report.records_without_checksum},
      {"tensors", report.tensors}};
  if (report.error) out.update(error_json(*report.error));
  return out;
}

void print(const VerifyReport& report, const Style& style) {
  std::printf("%s: %s\n", style.bold(printable(report.path)).c_str(),
              report.sound() ? style.green("sound").c_str() : style.red("damaged").c_str());
  for (const VerifyDamage& damage : report.damage) {
    const std::string place =
        (damage.file.empty() ? "" : printable(damage.file) + ": ") + printable(damage.record);
    for (const std::string& key : damage.keys)
      std::printf("  %s%s%s\n", style.red(printable(key)).c_str(), place.empty() ? "" : "  ",
                  style.dim(place).c_str());
    if (damage.keys.empty())
      std::printf("  %s  %s\n", place.c_str(), style.dim("no tensor needs it").c_str());
    std::printf("    %s\n", printable(damage.problem).c_str());
  }
  std::string text;
  if (!report.container.empty())
    text = report.container + ", " + counted(static_cast<int64_t>(report.tensors), "tensor") + ", ";
  text += human_bytes(report.bytes) + " read, ";
  if (report.records == 0)
    text += "no checksums in this format";
  else if (report.records_without_checksum == report.records)
    text += "no checksums recorded";
  else
    text += human_bytes(report.checked) + " in " +
            counted(static_cast<int64_t>(report.records - report.records_without_checksum), "record") +
            " held against their CRC-32";
  std::printf("  %s\n", text.c_str());
  if (report.records_without_checksum > 0 && report.records_without_checksum < report.records)
    std::printf("  %s without a checksum\n",
                counted(static_cast<int64_t>(report.records_without_checksum), "record").c_str());
  for (const std::string& warning : report.warnings)
    std::printf("  %s %s\n", style.yellow("warning:").c_str(), printable(warning).c_str());
}

int run(const Program& program, const VerifyArguments& arguments) {
  LoadOptions options;
  options.profile = arguments.profile;
  Progress progress(Progress::Unit::bytes);
  const VerifyReport report = verify(arguments.file, options, [&](uint64_t done, uint64_t total) {
    progress.update(static_cast<int64_t>(done), static_cast<int64_t>(total));
  });
  progress.finish();
  if (program.json)
    print_json(to_json(report));
  else
    print(report, Style());
  if (report.error) {
    print_error("verify", *report.error);
    return bad_input;
  }
  return report.sound() ? done : answer_is_no;
}

}  // namespace

void add_verify(Program& program) {
  CLI::App* command =
      add_command(program, "verify", "Read every byte of a checkpoint and check it; list the damaged keys",
                  "sconce verify model.pth\n\nExit code 1 lists damaged keys, 3 means that the file cannot "
                  "be opened at all.");
  add_json(program, command);
  const auto arguments = std::make_shared<VerifyArguments>();
  command
      ->add_option("FILE", arguments->file,
                   "The checkpoint, in any format; an index.json stands for all its shards")
      ->required();
  add_profile(command, arguments->profile);
  command->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return run(program, *arguments); }; });
}

}  // namespace sconce::cli
