"""What every engine decodes: GPT-2, batch 1, the same prompt, the likeliest token each time."""
import argparse
import json
import pathlib

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


def report(engine, version, seconds, tokens):
    """`seconds`: of each repeat, for NEW tokens behind the prompt; `tokens`: those."""
    print(json.dumps({"engine": engine, "version": version, "tokens_per_second": NEW / min(seconds), "tokens": list(map(int, tokens))}))


def skip(engine, why):
    print(json.dumps({"engine": engine, "skipped": why}))
