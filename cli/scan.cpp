// sconce scan: what the pickles in files would do to a Python that loads them.
#include <sconce/scan.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "style.h"
#include "text.h"

namespace sconce::cli {
namespace {

struct ScanArguments {
  std::vector<std::string> files;
  bool all = false;
};

// 1: something is not known to be harmless. 3: not everything could be judged. 0: all of it is harmless.
int exit_code_of(const ScanReport& report) {
  if (report.verdict() >= ScanVerdict::unknown) return answer_is_no;
  return report.unseen.empty() ? done : bad_input;
}

nlohmann::json to_json(const ScanPickle& pickle) {
  nlohmann::json globals = nlohmann::json::array(), actions = nlohmann::json::array();
  for (const ScanGlobal& global : pickle.globals) {
    nlohmann::json one = {{"name", global.name},
                          {"verdict", to_string(global.verdict)},
                          {"uses", global.uses},
                          {"offset", global.offset}};
    if (!global.why.empty()) one["why"] = global.why;
    globals.push_back(std::move(one));
  }
  for (const ScanAction& action : pickle.actions)
    actions.push_back(
        {{"text", action.text}, {"verdict", to_string(action.verdict)}, {"offset", action.offset}});
  nlohmann::json out = {{"where", pickle.where},
                        {"offset", pickle.offset},
                        {"length", pickle.length},
                        {"protocol", pickle.protocol},
                        {"globals", std::move(globals)},
                        {"would_run", std::move(actions)},
                        {"verdict", to_string(pickle.verdict())}};
  if (pickle.actions_left_out > 0) out["would_run_left_out"] = pickle.actions_left_out;
  if (!pickle.broken.empty()) out["broken"] = pickle.broken;
  return out;
}

nlohmann::json to_json(const ScanReport& report) {
  nlohmann::json pickles = nlohmann::json::array();
  for (const ScanPickle& pickle : report.pickles) pickles.push_back(to_json(pickle));
  return {{"file", report.path},           {"type", report.type},
          {"clean", report.clean()},       {"verdict", to_string(report.verdict())},
          {"pickles", std::move(pickles)}, {"oddities", report.oddities},
          {"unseen", report.unseen}};
}

// `text` in the colour of a verdict.
std::string coloured(const Style& style, ScanVerdict verdict, const std::string& text) {
  return verdict == ScanVerdict::dangerous ? style.red(text)
         : verdict == ScanVerdict::unknown ? style.yellow(text)
                                           : style.green(text);
}
// The verdict's name in a column of its own.
std::string column_of(const Style& style, ScanVerdict verdict) {
  const std::string name = to_string(verdict);
  return coloured(style, verdict, name) + std::string(11 - name.size(), ' ');
}

// The part of a pickle's name that the file's own name does not say.
std::string inside(const ScanReport& report, const std::string& where) {
  std::string rest = where.starts_with(report.path) ? where.substr(report.path.size()) : where;
  for (const char* mark : {"/", ": "})
    if (rest.starts_with(mark)) rest.erase(0, std::string_view(mark).size());
  return printable(rest);
}

void print(const ScanPickle& pickle, const std::string& name, bool all, const Style& style) {
  struct Line {
    ScanVerdict verdict;
    std::string name, note;
  };
  std::vector<Line> lines;
  size_t harmless = 0;
  for (const ScanGlobal& global : pickle.globals) {
    const bool shown = all || global.verdict >= ScanVerdict::unknown;
    if (!shown) {
      ++harmless;
      continue;
    }
    std::string note = global.why;
    if (global.uses > 1)
      note += (note.empty() ? "×" : "  ×") + with_commas(static_cast<int64_t>(global.uses));
    lines.push_back({global.verdict, printable(global.name), std::move(note)});
  }
  std::string title = name.empty() ? "pickle" : name;
  if (pickle.offset > 0) title += " at " + with_commas(static_cast<int64_t>(pickle.offset));
  title += ", protocol " + std::to_string(pickle.protocol);
  if (!pickle.broken.empty()) title += ", broken: " + printable(pickle.broken);
  std::printf("  %s\n", title.c_str());
  size_t column = 0;
  for (const Line& line : lines) column = std::max(column, std::min<size_t>(columns_of(line.name), 48));
  for (const Line& line : lines) {
    const std::string padding(line.note.empty() ? 0 : column - std::min(column, columns_of(line.name)) + 2,
                              ' ');
    std::printf("    %s%s%s%s\n", column_of(style, line.verdict).c_str(), line.name.c_str(), padding.c_str(),
                style.dim(line.note).c_str());
  }
  if (harmless > 0)
    std::printf("    %s%s\n", column_of(style, ScanVerdict::allowed).c_str(),
                counted(static_cast<int64_t>(harmless), "harmless name").c_str());
  for (const ScanAction& action : pickle.actions)
    std::printf("    %s%s\n", style.dim("would run  ").c_str(), printable(action.text).c_str());
  if (pickle.actions_left_out > 0)
    std::printf("    and %s more calls\n",
                with_commas(static_cast<int64_t>(pickle.actions_left_out)).c_str());
}

const char* summary_of(const ScanReport& report) {
  if (report.verdict() == ScanVerdict::dangerous)
    return "dangerous: a Python that loads it runs what stands below";
  if (report.verdict() == ScanVerdict::unknown) return "names code outside the allow-list";
  if (!report.unseen.empty()) return "nothing harmful was seen, and not everything could be seen";
  return report.pickles.empty() ? "clean: no pickles" : "clean";
}

void print(const ScanReport& report, bool all, const Style& style) {
  std::printf(
      "%s: %s: %s\n", style.bold(printable(report.path)).c_str(), report.type.c_str(),
      coloured(style,
               report.clean() ? ScanVerdict::allowed : std::max(report.verdict(), ScanVerdict::unknown),
               summary_of(report))
          .c_str());
  // Harmless pickles are only listed on request.
  for (const ScanPickle& pickle : report.pickles)
    if (all || pickle.verdict() >= ScanVerdict::unknown || !pickle.broken.empty())
      print(pickle, inside(report, pickle.where), all, style);
  for (const std::string& line : report.oddities) std::printf("  odd: %s\n", inside(report, line).c_str());
  for (const std::string& line : report.unseen)
    std::printf("  not judged: %s\n", inside(report, line).c_str());
}

int run(const Program& program, const ScanArguments& arguments) {
  nlohmann::json documents = nlohmann::json::array();
  bool no = false, bad = false;
  const Style style;
  for (const std::string& file : arguments.files) {
    try {
      const ScanReport report = scan(file);
      const int code = exit_code_of(report);
      no |= code == answer_is_no, bad |= code == bad_input;
      if (program.json)
        documents.push_back(to_json(report));
      else
        print(report, arguments.all, style);
    } catch (const Error& e) {
      bad = true;
      print_error("scan", e);
      nlohmann::json document = error_json(e);
      document["file"] = file;
      if (program.json) documents.push_back(std::move(document));
    }
  }
  if (program.json) print_json({{"files", std::move(documents)}, {"clean", !no && !bad}});
  return no ? answer_is_no : bad ? bad_input : done;
}

}  // namespace

void add_scan(Program& program) {
  CLI::App* command =
      add_command(program, "scan", "Tell what loading files with Python would run; nothing is executed",
                  "sconce scan downloads/*.pt\n\nExit code 1 when a file names anything outside the "
                  "allow-list, 3 when a part could not "
                  "be judged.");
  add_json(program, command);
  const auto arguments = std::make_shared<ScanArguments>();
  command->add_option("FILE", arguments->files, "Files of any kind: checkpoints, pickles, archives, arrays")
      ->required();
  command->add_flag("--all", arguments->all, "List harmless pickles and names too");
  command->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return run(program, *arguments); }; });
}

}  // namespace sconce::cli
