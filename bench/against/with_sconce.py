#!/usr/bin/env python3
"""Sconce, through its program. A model that it does not know yet is skipped, and said so."""
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import timing
from names import SCONCE_NAMES


def main():
    options = timing.arguments(__doc__)
    engine = "sconce eager" if options.eager else "sconce"
    with tempfile.TemporaryDirectory() as temporary:
        output = pathlib.Path(temporary) / "y.npy"
        command = [options.build / "cli" / "sconce", "bench", "--json", "--model", SCONCE_NAMES.get(options.model, options.model),
                   "--weights", options.folder.weights, "--input", options.folder.input, "--output", output,
                   "--threads", str(options.threads), "--seconds", str(options.seconds)]
        done = subprocess.run(command + ["--eager"] * options.eager, capture_output=True, text=True)
        if done.returncode:
            why = json.loads(done.stdout)["error"]["message"] if done.stdout else done.stderr.strip()
            print(json.dumps({"engine": engine, "skipped": why}))
            return
        measured = json.loads(done.stdout)
        error = timing.difference(np.load(output), np.load(options.folder.output))
    print(json.dumps(measured | {"engine": engine, "error": error}))


sys.exit(main())
