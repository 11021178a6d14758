// Every op, by family. Names, arguments and defaults are those of torch and torch.nn.functional.
#pragma once
#include <sconce/ops/activation.h>
#include <sconce/ops/compare.h>
#include <sconce/ops/conv.h>
#include <sconce/ops/create.h>
#include <sconce/ops/elementwise.h>
#include <sconce/ops/index.h>
#include <sconce/ops/interpolate.h>
#include <sconce/ops/matmul.h>
#include <sconce/ops/norm.h>
#include <sconce/ops/pad.h>
#include <sconce/ops/pool.h>
#include <sconce/ops/promotion.h>
#include <sconce/ops/reduce.h>
#include <sconce/ops/softmax.h>
#include <sconce/ops/sort.h>
#include <sconce/ops/view.h>
