// The program as its users run it.
#pragma once
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace sconce::test {

struct ProgramResult {
  int code = -1;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out); }
};

// Runs the built program; `arguments` is shell text. Fails the test case when it ends by a signal.
ProgramResult sconce_program(const std::string& arguments);

// The command that runs it, word by word: its path, behind the emulator where it was built for another machine.
std::vector<std::string> program_command();

// Turns this process, a forked child, into the program; ends with 99 where that fails.
[[noreturn]] void become_program(const std::vector<std::string>& arguments);

// A path between quotes, for a shell.
std::string quoted(const std::string& path);

bool has(const std::string& text, const std::string& part);

}  // namespace sconce::test
