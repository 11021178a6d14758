// The architectures that Sconce knows by name.
#pragma once
#include <sconce/nn/models/bert.h>
#include <sconce/nn/models/cifar_resnet.h>
#include <sconce/nn/models/convnext.h>
#include <sconce/nn/models/densenet.h>
#include <sconce/nn/models/efficientnet.h>
#include <sconce/nn/models/gpt2.h>
#include <sconce/nn/models/gpt2_decoder.h>
#include <sconce/nn/models/lenet.h>
#include <sconce/nn/models/mobilenet.h>
#include <sconce/nn/models/resnet.h>
#include <sconce/nn/models/shufflenet.h>
#include <sconce/nn/models/squeezenet.h>
#include <sconce/nn/models/swin.h>
#include <sconce/nn/models/vgg.h>
#include <sconce/nn/models/vit.h>
#include <sconce/nn/parse.h>

#include <optional>

namespace sconce::nn {

// What is known about an architecture, with the preprocessing that its published weights were evaluated with.
struct ModelInfo {
  std::string name;                  // "resnet18"
  std::string description;           // one line
  std::vector<int64_t> input_shape;  // without the batch: {3, 224, 224}
  int64_t num_classes;
  std::vector<double> mean, stddev;  // of each channel, for inputs in [0, 1]; empty: none
  int64_t resize = 0;                // shorter side to resize to before the crop; 0: none
  int64_t crop = 0;                  // side of the centre crop; 0: none
  int64_t vocabulary = 0;  // of models of text: the input is i64 below this, input_shape only an example
};

// Every architecture, in the order in which `sconce models` lists them.
const std::vector<ModelInfo>& models();
// The entry of that name, or null.
const ModelInfo* find_model(std::string_view name);

// A fresh network: one of models() by name, or any module as a constructor expression, "Sequential(Linear(2,
// 8), ReLU(), Linear(8, 1))", as module_from() reads. `num_classes` replaces the number of outputs of a named
// one (not of those of text, whose outputs are no classes). Throws ErrorKind::invalid_argument, with the nearest names, on an unknown name.
std::unique_ptr<Module> make_model(std::string_view name, std::optional<int64_t> num_classes = {});

}  // namespace sconce::nn
