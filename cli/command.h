// What every command of the program shares: how it is added, what it returns, how it prints.
#pragma once
#include <sconce/error.h>

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace sconce::cli {

// The exit codes. Scripts rely on them.
enum ExitCode : int {
  done = 0,
  answer_is_no = 1,  // the question was understood, and the answer is no
  wrong_usage = 2,
  bad_input = 3,  // a file is missing, damaged, or something else than it should be
};

// The command that the arguments chose, run once parsing is over. Returns an exit code, or throws.
using Action = std::function<int()>;
struct Program {
  CLI::App& app;
  Action chosen = {};
  bool json = false;  // of the chosen command; errors then also come as a document
};

// Each adds its subcommand.
void add_inspect(Program& program);
void add_verify(Program& program);
void add_diff(Program& program);
void add_convert(Program& program);
void add_scan(Program& program);
void add_fit(Program& program);
void add_run(Program& program);
void add_bench(Program& program);
void add_eval(Program& program);
void add_models(Program& program);
void add_devices(Program& program);

// A subcommand with its --help example and, when asked, --json.
CLI::App* add_command(Program& program, const char* name, const char* what, const char* example);
void add_json(Program& program, CLI::App* command);

// Prints one JSON document to stdout; bytes that are no UTF-8 become U+FFFD.
void print_json(const nlohmann::json& document);
// A figure for --json: null where it is not finite, which JSON cannot say.
nlohmann::json json_number(double value);

// Which exit code an error means.
int exit_code_of(const Error& error);
// A likely remedy, or nothing.
std::string hint_of(const Error& error);
// The error as one paragraph on stderr, with a remedy where one is known.
void print_error(std::string_view command, const Error& error);
// The same as {"error": {...}}.
nlohmann::json error_json(const Error& error);

}  // namespace sconce::cli
