#!/usr/bin/env python3
"""torch.compile with frozen weights, channels_last for images. Its time to load is that of compiling."""
import torch
import torch._inductor.config

import models
import timing


def main():
    options = timing.arguments(__doc__)
    torch.set_num_threads(options.threads)
    torch._inductor.config.freezing = True

    def load():
        module = models.load(options.model, options.folder.weights)
        x = torch.from_numpy(timing.np.load(options.folder.input))
        image = x.dim() == 4
        if image:
            module.to(memory_format=torch.channels_last)
        compiled = torch.compile(module)

        def forward(x):
            x = torch.from_numpy(x)
            return compiled(x.to(memory_format=torch.channels_last) if image else x).numpy()

        forward(x.numpy())
        return forward

    with torch.no_grad():
        timing.report("torch.compile", torch.__version__, options, load)


main()
