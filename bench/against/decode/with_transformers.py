#!/usr/bin/env python3
"""transformers' generate(): eager with a growing cache, or (--compile) a compiled forward with a static one."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent))
import torch  # noqa: E402
import transformers  # noqa: E402

import models  # noqa: E402
import prompt  # noqa: E402


def main():
    compiled = "--compile" in sys.argv and not sys.argv.remove("--compile")
    options = prompt.arguments(__doc__)
    torch.set_num_threads(options.threads)
    model = models.load("gpt2", options.weights).inner
    ids = torch.tensor([prompt.PROMPT])
    how = {"do_sample": False, "max_new_tokens": prompt.NEW, "min_new_tokens": prompt.NEW, "pad_token_id": 0, "eos_token_id": None}
    if compiled:
        how["cache_implementation"] = "static"
        model.forward = torch.compile(model.forward)
    watch = prompt.Watch(warm=2 if compiled else 1)
    with torch.inference_mode() if not compiled else torch.no_grad():
        for _ in range(1 + compiled + options.repeats):
            with watch:
                out = model.generate(ids, attention_mask=torch.ones_like(ids), **how)
    name = "transformers compiled" if compiled else "transformers"
    prompt.report(name, transformers.__version__, watch.seconds, watch.cpu_seconds, out[0, ids.shape[1]:].tolist())


main()
