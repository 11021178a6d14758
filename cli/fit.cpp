// sconce fit: does a checkpoint fit a model? The answer is PyTorch's own.
#include <sconce/nn/load_state_dict.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "command.h"
#include "text.h"
#include "weights.h"

namespace sconce::cli {
namespace {

struct FitArguments {
  WeightsOptions weights;
  bool no_strict = false;
};

const char* name_of(nn::LoadProblem::Kind kind) {
  switch (kind) {
    case nn::LoadProblem::Kind::missing: return "missing";
    case nn::LoadProblem::Kind::unexpected: return "unexpected";
    case nn::LoadProblem::Kind::size_mismatch: return "size_mismatch";
    case nn::LoadProblem::Kind::not_a_tensor: return "not_a_tensor";
    case nn::LoadProblem::Kind::copy_failed: return "copy_failed";
  }
  return "";
}

nlohmann::json to_json(const nn::LoadStateDictError& error) {
  nlohmann::json problems = nlohmann::json::array();
  for (const nn::LoadProblem& problem : error.problems()) {
    nlohmann::json one = {{"kind", name_of(problem.kind)}, {"key", problem.key}};
    if (problem.kind == nn::LoadProblem::Kind::size_mismatch) {
      one["in_checkpoint"] = problem.in_checkpoint.extents();
      one["in_model"] = problem.in_model.extents();
    }
    if (!problem.text.empty()) one["text"] = problem.text;
    problems.push_back(std::move(one));
  }
  nlohmann::json out = {{"fits", false},
                        {"message", error.message()},
                        {"missing_keys", error.missing_keys()},
                        {"unexpected_keys", error.unexpected_keys()},
                        {"problems", std::move(problems)}};
  if (error.hint().kind != nn::LoadHint::Kind::none) out["hint"] = error.hint().text;
  return out;
}

int fit(const Program& program, const FitArguments& arguments) {
  const std::unique_ptr<nn::Module> model =
      nn::make_model(arguments.weights.model, arguments.weights.num_classes);
  const StateDict state = load_state(arguments.weights);
  nn::LoadStateDictOptions options;
  options.strict = !arguments.no_strict;
  try {
    const nn::IncompatibleKeys keys = model->load_state_dict(state, options);
    if (program.json) {
      print_json({{"fits", true},
                  {"missing_keys", keys.missing_keys},
                  {"unexpected_keys", keys.unexpected_keys},
                  {"warnings", keys.warnings}});
    } else {
      std::ostringstream text;
      text << keys;
      std::printf("%s\n", text.str().c_str());
      for (const std::string& warning : keys.warnings)
        std::printf("warning: %s\n", printable(warning).c_str());
    }
    return done;
  } catch (const nn::LoadStateDictError& error) {
    if (program.json) {
      print_json(to_json(error));
    } else {
      // The answer, so on stdout, and byte for byte what PyTorch says.
      std::printf("%s\n", error.message().c_str());
      if (const std::string hint = hint_of(error); !hint.empty())
        std::fprintf(stderr, "hint: %s\n", printable(hint).c_str());
    }
    return answer_is_no;
  }
}

}  // namespace

void add_fit(Program& program) {
  CLI::App* command =
      add_command(program, "fit", "Tell whether a checkpoint fits a model, in PyTorch's words",
                  "sconce fit --model cifar_resnet20 --prefix-strip module. resnet20.th");
  add_json(program, command);
  const auto arguments = std::make_shared<FitArguments>();
  add_weights_options(command, arguments->weights, false);
  command->add_option("FILE", arguments->weights.file, "The checkpoint")->required();
  command->add_flag("--no-strict", arguments->no_strict, "Missing and unexpected keys are no error");
  command->callback(
      [&program, arguments] { program.chosen = [&program, arguments] { return fit(program, *arguments); }; });
}

}  // namespace sconce::cli
