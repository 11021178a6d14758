// sconce models: the architectures that are known by name.
#include <sconce/nn/models.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "command.h"
#include "text.h"

namespace sconce::cli {
namespace {

nlohmann::json to_json(const nn::ModelInfo& info) {
  return {{"name", info.name},
          {"description", info.description},
          {"input_shape", info.input_shape},
          {"num_classes", info.num_classes},
          {"mean", info.mean},
          {"std", info.stddev},
          {"resize", info.resize},
          {"crop", info.crop},
          {"vocabulary", info.vocabulary}};
}

// One architecture in full: PyTorch's repr of it.
int show(const nn::ModelInfo& info, bool json) {
  const std::unique_ptr<nn::Module> model = nn::make_model(info.name);
  if (json) {
    nlohmann::json out = to_json(info);
    out["parameters"] = model->num_parameters();
    out["repr"] = model->str();
    print_json(out);
  } else {
    std::printf("%s\n%s, %s parameters\n", model->str().c_str(), info.description.c_str(),
                with_commas(model->num_parameters()).c_str());
  }
  return done;
}

int list(bool json) {
  if (json) {
    nlohmann::json out = nlohmann::json::array();
    for (const nn::ModelInfo& info : nn::models()) out.push_back(to_json(info));
    print_json(out);
    return done;
  }
  for (const nn::ModelInfo& info : nn::models()) {
    std::printf("%-18s %-14s %s\n", info.name.c_str(), Shape(info.input_shape).str().c_str(),
                info.description.c_str());
  }
  return done;
}

}  // namespace

void add_models(Program& program) {
  CLI::App* command =
      add_command(program, "models", "List the known architectures, or show one", "sconce models resnet18");
  add_json(program, command);
  const auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "Show this one");
  command->callback([&program, name] {
    program.chosen = [&program, name] {
      if (name->empty()) return list(program.json);
      const nn::ModelInfo* info = nn::find_model(*name);
      if (info == nullptr) nn::make_model(*name);  // throws, naming the nearest
      check(info != nullptr, "[models] expected the name of an architecture, got an expression");
      return show(*info, program.json);
    };
  });
}

}  // namespace sconce::cli
