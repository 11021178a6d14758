// The smallest useful program: a ResNet-18's .pth and an input in, the index of the largest logit out. The bench takes its size, and
// the time and memory from its start to its end.
//   first_logits WEIGHTS.pth INPUT.npy
#include <sconce/checkpoint.h>
#include <sconce/nn/models/resnet.h>
#include <sconce/npy.h>
#include <sconce/ops.h>
#include <sconce/prepare.h>
#include <sconce/threads.h>

#include <cstdio>
#include <exception>

int main(int count, char** arguments) {
  if (count != 3) return std::fputs("usage: first_logits WEIGHTS.pth INPUT.npy\n", stderr), 2;
  try {
    using namespace sconce;
    set_num_threads(1);
    nn::ResNet net = nn::resnet18();
    net.load_state_dict(load(arguments[1]), {.assign = true});  // the file, mapped, is the weights
    net.eval();
    const Tensor image = load_npy(arguments[2]);
    const Tensor logits = prepare(net, image)(image);
    std::printf("%lld\n", static_cast<long long>(argmax(logits, -1).data<int64_t>()[0]));
  } catch (const std::exception& e) {
    return std::fprintf(stderr, "first_logits: %s\n", e.what()), 1;
  }
}
