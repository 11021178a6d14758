// The sconce program: parses the arguments, runs the command that they choose, and turns errors into exit codes.
#include <sconce/sconce.h>
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>

#include "command.h"

namespace {

int run(int count, char** arguments) {
  using namespace sconce::cli;
  CLI::App app("Reads PyTorch checkpoints and runs them, without LibTorch.", "sconce");
  app.set_version_flag("--version", std::string("sconce ") + SCONCE_VERSION);
  app.require_subcommand(1);
  app.footer(
      "\nExample:\n  sconce inspect model.pth\n\nExit codes: 0 done, 1 the answer is no, 2 wrong usage, 3 "
      "bad input file.");
  Program program{app};
  for (const auto add : {add_inspect, add_verify, add_scan, add_convert, add_diff, add_fit, add_run, add_eval,
                         add_bench, add_models, add_devices})
    add(program);

  try {
    app.parse(count, arguments);
  } catch (const CLI::Success& e) {
    return app.exit(e);  // --help, --version
  } catch (const CLI::ParseError& e) {
    app.exit(e);
    return wrong_usage;
  }
  const std::string command = app.get_subcommands().front()->get_name();
  try {
    return program.chosen();
  } catch (const sconce::Error& e) {
    print_error(command, e);
    if (program.json) print_json(error_json(e));
    return exit_code_of(e);
  }
}

}  // namespace

int main(int count, char** arguments) {
  try {
    return run(count, arguments);
  } catch (const std::bad_alloc&) {
    std::fputs("sconce: out of memory\n", stderr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "sconce: %s\n", e.what());
  }
  return sconce::cli::bad_input;
}
