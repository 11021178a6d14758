// Options that several commands have.
#include "options.h"

#include <CLI/Validators.hpp>

#include <map>
#include <string>

namespace sconce::cli {

void add_profile(CLI::App* command, Profile& profile) {
  static const std::map<std::string, Profile> names = {{"strict", Profile::strict},
                                                       {"compat", Profile::compat}};
  command
      ->add_option("--profile", profile,
                   "strict (the default) refuses what a careful reader should; compat takes what torch.load "
                   "takes, with warnings")
      ->transform(CLI::CheckedTransformer(names))
      ->type_name("strict|compat")
      ->default_str("");
}

}  // namespace sconce::cli
