"""What every engine decodes: GPT-2, batch 1, the same prompt, the likeliest token each time."""
import argparse
import json
import pathlib
import time

PROMPT = [464, 2068, 7586, 21831, 18045, 625, 262, 16931, 3290, 290, 11, 355, 340, 857, 11, 531]
NEW = 48


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", required=True, type=pathlib.Path, help="where export.py wrote")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--build", type=pathlib.Path)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    options.weights = options.root / "gpt2" / "weights.pth"
    return options


class Watch:
    """`with watch:` around each generation; the first `warm` ones do not count."""

    def __init__(self, warm):
        self.warm, self.seconds, self.cpu_seconds = warm, [], []

    def __enter__(self):
        self.cpu_start, self.start = time.process_time(), time.perf_counter()

    def __exit__(self, *_):
        if self.warm > 0:
            self.warm -= 1
        else:
            self.seconds.append(time.perf_counter() - self.start)
            self.cpu_seconds.append(time.process_time() - self.cpu_start)


def report(engine, version, seconds, cpu_seconds, tokens):
    """Seconds of each repeat, of NEW tokens behind the prompt: on the wall, and of the process's CPUs."""
    print(json.dumps({"engine": engine, "version": version, "tokens_per_second": NEW / min(seconds),
                      "cpu_ms_per_token": 1000 * min(cpu_seconds) / NEW, "tokens": list(map(int, tokens))}))


def skip(engine, why):
    print(json.dumps({"engine": engine, "skipped": why}))
