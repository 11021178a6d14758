// sconce devices: what this build and this machine can compute on.
#include <sconce/backend.h>
#include <sconce/threads.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "command.h"

namespace sconce::cli {

void add_devices(Program& program) {
  CLI::App* command =
      add_command(program, "devices", "List the devices of this build and machine", "sconce devices");
  add_json(program, command);
  command->callback([&program] {
    program.chosen = [&program] {
      const bool has_cuda = cuda_backend() != nullptr;
      if (program.json) {
        nlohmann::json out = {{{"device", "cpu"}, {"threads", num_threads()}}};
        if (has_cuda) out.push_back({{"device", "cuda:0"}});
        print_json(out);
      } else {
        std::printf("cpu     %d thread%s\n", num_threads(), num_threads() == 1 ? "" : "s");
        if (has_cuda) std::puts("cuda:0");
      }
      return int{done};
    };
  });
}

}  // namespace sconce::cli
