#!/usr/bin/env python3
"""LibTorch in C++, with a traced module. Batch norms are folded; what is timed is what a C++ program gets."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import timing

HERE = pathlib.Path(__file__).parent
TRACED = ["resnet18"]  # models that are also measured here; elsewhere PyTorch itself stands for it


def main():
    options = timing.arguments(__doc__)
    if options.model not in TRACED:
        print(json.dumps({"engine": "libtorch", "skipped": "only " + ", ".join(TRACED)}))
        return
    peer = options.build / "bench" / "libtorch_peer"
    subprocess.run(["sh", HERE / "libtorch" / "build.sh", sys.executable, peer], check=True)
    subprocess.run([sys.executable, HERE / "trace.py", options.root, options.model, str(options.batch)], check=True)
    expected = np.load(options.folder.output)
    with tempfile.TemporaryDirectory() as temporary:
        output = os.path.join(temporary, "y.bin")
        done = subprocess.run([peer, options.folder.script, options.folder.input, output, str(options.threads), str(options.seconds)],
                              check=True, capture_output=True, text=True)
        error = timing.difference(np.fromfile(output, np.float32).reshape(expected.shape), expected)
    print(json.dumps(json.loads(done.stdout) | {"engine": "libtorch", "error": error}))


main()
