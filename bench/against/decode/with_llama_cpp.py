#!/usr/bin/env python3
"""llama.cpp through llama-cpp-python, an f32 GGUF with an f32 cache. Where it is not installed it is skipped, aloud."""
import importlib.util
import pathlib
import subprocess
import sys

import numpy as np

import prompt

ENGINE = "llama.cpp"


def decode(model):
    """The likeliest tokens. The prompt goes in at once, then one token each."""
    model.reset()
    model.eval(prompt.PROMPT)
    tokens = []
    for _ in range(prompt.NEW):
        tokens.append(int(np.argmax(model.scores[model.n_tokens - 1])))
        if len(tokens) < prompt.NEW:
            model.eval(tokens[-1:])
    return tokens


def main():
    options = prompt.arguments(__doc__)
    if missing := [name for name in ("llama_cpp", "gguf") if importlib.util.find_spec(name) is None]:
        return prompt.skip(ENGINE, " and ".join(missing) + " not installed")
    file = options.weights.with_name("f32.gguf")
    if not file.exists():
        subprocess.run([sys.executable, pathlib.Path(__file__).with_name("gguf_file.py"), options.weights, file], check=True)
    import llama_cpp

    model = llama_cpp.Llama(str(file), n_ctx=256, n_threads=options.threads, n_threads_batch=options.threads, logits_all=True,
                            type_k=llama_cpp.GGML_TYPE_F32, type_v=llama_cpp.GGML_TYPE_F32, verbose=False)
    watch = prompt.Watch(warm=1)
    for _ in range(1 + options.repeats):
        with watch:
            tokens = decode(model)
    prompt.report(ENGINE, llama_cpp.__version__, watch.seconds, watch.cpu_seconds, tokens)


main()
