#!/usr/bin/env python3
"""Sconce's GPT-2 with its cache, through bench/decode_bench.cpp's program: f32, or another --precision. Skipped, aloud, until that is there."""
import json
import subprocess
import sys

import prompt


def main():
    precision = "f32"
    if "--precision" in sys.argv:
        at = sys.argv.index("--precision")
        precision = sys.argv[at + 1]
        del sys.argv[at:at + 2]
    options = prompt.arguments(__doc__)
    program = options.build / "bench" / "decode_bench"
    if not program.exists():
        return prompt.skip("sconce", "not there yet")
    command = [program, options.weights, options.threads, options.repeats, prompt.NEW, precision, *prompt.PROMPT]
    done = json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout)
    prompt.report("sconce" if precision == "f32" else f"sconce {precision}", done["version"], done["seconds"], done["cpu_seconds"], done["tokens"])


main()
