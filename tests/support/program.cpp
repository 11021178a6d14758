#include "support/program.h"

#include "support/support.h"

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <cstdlib>

namespace sconce::test {

ProgramResult sconce_program(const std::string& arguments) {
  const auto folder = scratch_folder();
  const std::string command = std::string("'") + SCONCE_PROGRAM + "' " + arguments + " >'" +
                              (folder / "out").string() + "' 2>'" + (folder / "err").string() +
                              "' </dev/null";
  const int status = std::system(command.c_str());
  CAPTURE(command);
  REQUIRE(WIFEXITED(status));
  return {WEXITSTATUS(status), read_file(folder / "out"), read_file(folder / "err")};
}

std::string program_path() { return SCONCE_PROGRAM; }

std::string quoted(const std::string& path) { return "'" + path + "'"; }

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace sconce::test
