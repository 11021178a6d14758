#!/usr/bin/env python3
"""llama.cpp through llama-cpp-python, an f32 GGUF with an f32 cache. Where it is not installed it is skipped, aloud."""
import importlib.util
import pathlib
import subprocess
import sys
import time

import numpy as np

import prompt

ENGINE = "llama.cpp"


def decode(model):
    """The likeliest tokens, and the seconds they took. The prompt goes in at once, then one token each."""
    model.reset()
    start = time.perf_counter()
    model.eval(prompt.PROMPT)
    tokens = []
    for _ in range(prompt.NEW):
        tokens.append(int(np.argmax(model.scores[model.n_tokens - 1])))
        if len(tokens) < prompt.NEW:
            model.eval(tokens[-1:])
    return tokens, time.perf_counter() - start


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
    runs = [decode(model) for _ in range(1 + options.repeats)]
    prompt.report(ENGINE, llama_cpp.__version__, [seconds for _, seconds in runs[1:]], runs[-1][0])


main()
