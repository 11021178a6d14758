#include <sconce/nn/activation.h>
#include <sconce/nn/conv.h>
#include <sconce/nn/linear.h>
#include <sconce/nn/models/lenet.h>
#include <sconce/nn/pool.h>

namespace sconce::nn {

LeNet::LeNet(int64_t num_classes)
    : convnet(named("c1", Conv2d(1, 6, 5)), named("relu1", ReLU()),
              named("s2", MaxPool2d({2, 2}, {.stride = 2})), named("c3", Conv2d(6, 16, 5)),
              named("relu3", ReLU()), named("s4", MaxPool2d({2, 2}, {.stride = 2})),
              named("c5", Conv2d(16, 120, 5)), named("relu5", ReLU())),
      fc(named("f6", Linear(120, 84)), named("relu6", ReLU()), named("f7", Linear(84, num_classes)),
         named("sig7", LogSoftmax(-1))) {}

Tensor LeNet::forward(const Tensor& x) const { return fc(convnet(x).flatten(1)); }

void LeNet::members(Walk& w) {
  w("convnet", convnet);
  w("fc", fc);
}

}  // namespace sconce::nn
