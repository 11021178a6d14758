#!/usr/bin/env python3
"""Sconce's GPT-2 with its cache, through bench/decode_bench.cpp's program. Skipped, aloud, until that is there."""
import json
import subprocess

import prompt


def main():
    options = prompt.arguments(__doc__)
    program = options.build / "bench" / "decode_bench"
    if not program.exists():
        return prompt.skip("sconce", "not there yet")
    command = [program, options.weights, options.threads, options.repeats, prompt.NEW, *prompt.PROMPT]
    done = json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout)
    prompt.report("sconce", done["version"], done["seconds"], done["cpu_seconds"], done["tokens"])


main()
