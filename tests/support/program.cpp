#include "support/program.h"

#include "support/support.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

namespace sconce::test {

ProgramResult sconce_program(const std::string& arguments) {
  const auto folder = scratch_folder();
  std::string command;
  for (const std::string& word : program_command()) command += quoted(word) + " ";
  command += arguments + " >" + quoted((folder / "out").string()) + " 2>" +
             quoted((folder / "err").string()) + " </dev/null";
  const int status = std::system(command.c_str());
  CAPTURE(command);
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), read_file(folder / "out"), read_file(folder / "err")};
}

std::vector<std::string> program_command() {
  std::vector<std::string> command;
  if (!emulator().empty()) command.push_back(emulator());
  command.emplace_back(SCONCE_PROGRAM);
  return command;
}

void become_program(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = program_command();
  command.insert(command.end(), arguments.begin(), arguments.end());
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  ::_exit(99);
}

std::string quoted(const std::string& path) { return "'" + path + "'"; }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace sconce::test
