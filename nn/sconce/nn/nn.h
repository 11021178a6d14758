// Every module, the models, the metrics and the transforms.
#pragma once
#include <sconce/nn/activation.h>
#include <sconce/nn/attention.h>
#include <sconce/nn/conv.h>
#include <sconce/nn/dropout.h>
#include <sconce/nn/embedding.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/load_state_dict.h>
#include <sconce/nn/metrics.h>
#include <sconce/nn/models.h>
#include <sconce/nn/module.h>
#include <sconce/nn/norm.h>
#include <sconce/nn/pad.h>
#include <sconce/nn/pool.h>
#include <sconce/nn/recurrent.h>
#include <sconce/nn/sequential.h>
#include <sconce/nn/transforms.h>
