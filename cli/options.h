// Options that several commands have.
#pragma once
#include <sconce/checkpoint.h>

#include "command.h"

namespace sconce::cli {

// --profile strict|compat.
void add_profile(CLI::App* command, Profile& profile);

}  // namespace sconce::cli
