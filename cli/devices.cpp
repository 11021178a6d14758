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
      const auto names = cuda_devices();
      const std::string absence = cuda_absence();
      if (program.json) {
        nlohmann::json out = {{{"device", "cpu"}, {"threads", num_threads()}}};
        for (size_t i = 0; i < names.size(); ++i)
          out.push_back({{"device", cuda(static_cast<int>(i)).str()}, {"name", names[i]}});
        if (!absence.empty()) out.push_back({{"device", "cuda"}, {"absent", absence}});
        if (cuda_sim_backend())
          out.push_back({{"device", cuda_sim.str()}, {"name", "a GPU acted out on the CPU"}});
        print_json(out);
      } else {
        std::printf("cpu       %d thread%s\n", num_threads(), num_threads() == 1 ? "" : "s");
        for (size_t i = 0; i < names.size(); ++i)
          std::printf("%-8s  %s\n", cuda(static_cast<int>(i)).str().c_str(), names[i].c_str());
        if (!absence.empty()) std::printf("cuda      none: %s\n", absence.c_str());
        if (cuda_sim_backend())
          std::puts("cuda:sim  a GPU acted out on the CPU: the same kernels, slow and watched");
      }
      return int{done};
    };
  });
}

}  // namespace sconce::cli
