// What every command shares.
#include "command.h"

#include <sconce/nn/load_state_dict.h>

#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "text.h"

namespace sconce::cli {
namespace {

// A message may hold names from a file and may run over several lines; its own line ends stay.
std::string printable_lines(std::string_view text) {
  std::string out;
  while (true) {
    const size_t end = text.find('\n');
    out += printable(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    out += '\n';
    text.remove_prefix(end + 1);
    while (!text.empty() && text[0] == '\t') out += '\t', text.remove_prefix(1);
  }
}

}  // namespace

CLI::App* add_command(Program& program, const char* name, const char* what, const char* example) {
  CLI::App* command = program.app.add_subcommand(name, what);
  command->footer(std::string("\nExample:\n  ") + example);
  return command;
}

void add_json(Program& program, CLI::App* command) {
  command->add_flag("--json", program.json, "Print one JSON document and nothing else");
}

void print_json(const nlohmann::json& document) {
  std::puts(document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
}

nlohmann::json json_number(double value) {
  return std::isfinite(value) ? nlohmann::json(value) : nlohmann::json();
}

std::string hint_of(const Error& error) {
  if (const auto* misfit = dynamic_cast<const nn::LoadStateDictError*>(&error)) {
    switch (misfit->hint().kind) {
      case nn::LoadHint::Kind::strip_prefix: return "try --prefix-strip " + misfit->hint().argument;
      case nn::LoadHint::Kind::nested: return "try --key " + misfit->hint().argument;
      case nn::LoadHint::Kind::add_prefix: return misfit->hint().text;
      case nn::LoadHint::Kind::none: return "";
    }
  }
  switch (error.kind()) {
    case ErrorKind::corrupt: return "the file is damaged or cut short; fetch it again";
    case ErrorKind::unsafe:
      return "nothing in the file was executed; sconce scan shows what loading it with Python would run";
    default: return "";
  }
}

int exit_code_of(const Error& error) {
  switch (error.kind()) {
    case ErrorKind::mismatch: return answer_is_no;
    case ErrorKind::invalid_argument:
    case ErrorKind::device: return wrong_usage;
    default: return bad_input;
  }
}

void print_error(std::string_view command, const Error& error) {
  std::string text = "sconce";
  if (!command.empty()) text += " " + std::string(command);
  text += ": " + printable_lines(error.what());
  const std::string hint = hint_of(error);
  if (!hint.empty()) text += "\nhint: " + printable_lines(hint);
  std::fprintf(stderr, "%s\n", text.c_str());
}

nlohmann::json error_json(const Error& error) {
  nlohmann::json out = {{"kind", to_string(error.kind())}, {"message", error.message()}};
  const ErrorContext& where = error.context();
  if (!where.file.empty()) out["file"] = where.file;
  if (!where.record.empty()) out["record"] = where.record;
  if (where.offset) out["offset"] = *where.offset;
  if (!where.key.empty()) out["key"] = where.key;
  if (const std::string hint = hint_of(error); !hint.empty()) out["hint"] = hint;
  return {{"error", out}};
}

}  // namespace sconce::cli
