// Losses, as torch.nn.functional.
#pragma once
#include <sconce/tensor.h>

namespace sconce::nn::metrics {

// What becomes of the losses of the elements: kept, averaged or added. Results have the dtype of the input.
enum class Reduction { none, mean, sum };

struct CrossEntropyOptions {
  Tensor weight = {};           // (C), one factor for each class
  int64_t ignore_index = -100;  // targets of this class do not count; class-index targets only
  Reduction reduction = Reduction::mean;
  double label_smoothing = 0;  // in [0, 1]
};
// torch.nn.functional.cross_entropy. `input`: unnormalised scores (C), (N, C) or (N, C, d1, ...), floating.
// `target`: class indices of an integer dtype, of the input's shape without C; or probabilities of a floating
// dtype, of the input's shape. Reduction::mean divides by the sum of the target's weights (for probabilities
// by N * d1 * ...). Throws ErrorKind::invalid_argument on other shapes and dtypes, and "Target 5 is out of
// bounds.".
Tensor cross_entropy(const Tensor& input, const Tensor& target, const CrossEntropyOptions& options = {});

struct NllOptions {
  Tensor weight = {};
  int64_t ignore_index = -100;
  Reduction reduction = Reduction::mean;
};
// torch.nn.functional.nll_loss: the same with log-probabilities and class indices.
Tensor nll_loss(const Tensor& input, const Tensor& target, const NllOptions& options = {});

struct BinaryCrossEntropyOptions {
  Tensor weight = {};      // broadcasts to the input
  Tensor pos_weight = {};  // broadcasts to the input; factor of the positive term; with logits only
  Reduction reduction = Reduction::mean;
};
// torch.nn.functional.binary_cross_entropy: probabilities in [0, 1] against a target of the same shape;
// logarithms are cut at -100. Throws "all elements of input should be between 0 and 1".
Tensor binary_cross_entropy(const Tensor& input, const Tensor& target,
                            const BinaryCrossEntropyOptions& options = {});
// torch.nn.functional.binary_cross_entropy_with_logits: any scores, in the form that does not overflow.
Tensor binary_cross_entropy_with_logits(const Tensor& input, const Tensor& target,
                                        const BinaryCrossEntropyOptions& options = {});

// torch.nn.functional.mse_loss and l1_loss; input and target broadcast. The result's dtype is the wider one
// of the two.
Tensor mse_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);
Tensor l1_loss(const Tensor& input, const Tensor& target, Reduction reduction = Reduction::mean);

}  // namespace sconce::nn::metrics
