"""The networks that are compared, with seeded weights: nothing is downloaded.

Each gives a torch module and inputs of a batch size. Weights are random, but as spread as those of a trained network: batch norms hold the statistics of real activations, no branch is scaled to nothing.
"""
import dataclasses
from typing import Callable

import torch
import torchvision
from torch import nn

import names


@dataclasses.dataclass(frozen=True)
class Model:
    make: Callable[[], nn.Module]
    example: Callable[[int], torch.Tensor]  # from a batch size


def image(size, channels=3):
    """Smooth pictures with some noise, so that neighbouring pixels resemble each other as in photographs."""

    def example(batch):
        coarse = torch.randn(batch, channels, size // 8 + 1, size // 8 + 1)
        smooth = nn.functional.interpolate(coarse, (size, size), mode="bicubic", align_corners=False)
        return smooth + 0.3 * torch.randn(batch, channels, size, size)

    return example


def tokens(vocabulary, length=128):
    return lambda batch: torch.randint(vocabulary, (batch, length))


class First(nn.Module):
    """A module of several outputs, of which the first counts; its keys are those of the module."""

    def __init__(self, inner, **arguments):
        super().__init__()
        self.inner, self.arguments = inner, arguments

    def forward(self, x):
        return self.inner(x, **self.arguments)[0]

    def state_dict(self, *arguments, **named):
        return self.inner.state_dict(*arguments, **named)

    def load_state_dict(self, state, *arguments, **named):
        return self.inner.load_state_dict(state, *arguments, **named)


def torchvision_model(name):
    return lambda: torchvision.models.get_model(name, weights=None)


def bert_base():
    from transformers import BertConfig, BertModel

    return First(BertModel(BertConfig()), return_dict=False)


def gpt2():
    from transformers import GPT2Config, GPT2LMHeadModel

    return First(GPT2LMHeadModel(GPT2Config()), return_dict=False, use_cache=False)


def lstm():
    return First(nn.LSTM(256, 512, num_layers=2, batch_first=True))


def small_cnn():
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16 * 14 * 14, 10))


OTHERS = {
    "bert_base": Model(bert_base, tokens(30522)),
    "gpt2": Model(gpt2, tokens(50257)),
    "lstm": Model(lstm, lambda batch: torch.randn(batch, 128, 256)),
    "small_cnn": Model(small_cnn, image(28)),
}
MODELS = {name: OTHERS.get(name) or Model(torchvision_model(name), image(224)) for name in names.MODELS}


def settle_batch_norms(module, batch):
    """Random affine parameters, and running statistics from what really flows there."""
    norms = [m for m in module.modules() if isinstance(m, nn.BatchNorm2d)]
    for norm in norms:
        nn.init.uniform_(norm.weight, 0.5, 1.5)
        nn.init.normal_(norm.bias, 0, 0.2)
        norm.momentum = None  # the plain mean over all batches
        norm.train()
    if norms:
        module(batch)
    for norm in norms:
        norm.momentum = 0.1
        norm.eval()


def wake(module):
    """Gives life to what initialises to nothing: layer scales of 1e-6, and heads of zeros."""
    for name, parameter in module.named_parameters():
        if name.endswith("layer_scale"):
            nn.init.uniform_(parameter, 0.1, 0.5)
        elif parameter.dim() == 2 and not parameter.any():
            nn.init.normal_(parameter, 0, 0.02)


@torch.no_grad()
def make(name):
    """The module, in eval mode, the same weights every time."""
    model = MODELS[name]
    torch.manual_seed(0)
    module = model.make().eval().requires_grad_(False)
    wake(module)
    settle_batch_norms(module, model.example(8))
    return module


def load(name, weights):
    """The module that make() gave, from the file that its state_dict was saved to."""
    module = MODELS[name].make().eval().requires_grad_(False)
    module.load_state_dict(torch.load(weights, weights_only=True))
    return module


def example(name, batch):
    torch.manual_seed(batch)
    return MODELS[name].example(batch)
