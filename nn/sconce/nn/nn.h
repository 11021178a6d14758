// Every module.
#pragma once
#include <sconce/nn/load_state_dict.h>
#include <sconce/nn/module.h>
#include <sconce/nn/walk.h>
