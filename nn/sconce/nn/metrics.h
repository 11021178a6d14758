// Losses and metrics: the losses of torch.nn.functional, the classification metrics of scikit-learn.
// Arguments come in PyTorch's order: what the model gave first, the truth second. Every input may be of any
// real dtype and any strides; arithmetic is in double precision.
#pragma once
#include <sconce/nn/metrics/classification.h>
#include <sconce/nn/metrics/confusion.h>
#include <sconce/nn/metrics/curves.h>
#include <sconce/nn/metrics/exact_sum.h>
#include <sconce/nn/metrics/losses.h>
