#!/usr/bin/env python3
"""PyTorch, eager; channels_last where that is faster."""
import time

import torch

import models
import timing


def seconds_of(forward, x):
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        forward(x)
        best = min(best, time.perf_counter() - start)
    return best


def main():
    options = timing.arguments(__doc__)
    torch.set_num_threads(options.threads)
    more = {"format": "contiguous"}

    def load():
        module = models.load(options.model, options.folder.weights)
        x = torch.from_numpy(timing.np.load(options.folder.input))
        if x.dim() == 4:
            plain = seconds_of(module, x)
            last = module.to(memory_format=torch.channels_last)
            if seconds_of(last, x.to(memory_format=torch.channels_last)) < plain:
                more["format"] = "channels_last"
            else:
                module.to(memory_format=torch.contiguous_format)

        def forward(x):
            x = torch.from_numpy(x)
            if more["format"] == "channels_last":
                x = x.to(memory_format=torch.channels_last)
            return module(x).numpy()

        return forward

    with torch.inference_mode():
        timing.report("torch", torch.__version__, options, load, more)


main()
