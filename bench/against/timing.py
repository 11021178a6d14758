"""What every engine's program does around its forward: the arguments, the warm-up, the timing, the check, one line of JSON."""
import argparse
import json
import pathlib
import resource
import time

import numpy as np

from folder import Folder

TOLERANCE = 1e-4  # of the largest output


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--root", required=True, help="where export.py wrote")
    parser.add_argument("--model", required=True)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2, help="how long to repeat the forward")
    parser.add_argument("--build", type=pathlib.Path, help="Sconce's build folder")
    parser.add_argument("--eager", action="store_true", help="Sconce without prepare()")
    options = parser.parse_args()
    options.folder = Folder(options.root, options.model, options.batch)
    return options


def difference(got, expected):
    """max|d| / max|y|, and infinite where the shapes differ or something is no number."""
    if got.shape != expected.shape or not np.isfinite(got).all():
        return float("inf")
    return float(np.abs(got.astype(np.float64) - expected).max() / np.abs(expected).max())


def repeat(forward, seconds, least=5):
    """Times in ms of calls after two warm ones: on the wall, and of this process's CPUs."""
    forward(), forward()
    wall, cpu = [], []
    begin = time.perf_counter()
    while len(wall) < least or time.perf_counter() - begin < seconds:
        cpu_start, start = time.process_time(), time.perf_counter()
        forward()
        wall.append(1000 * (time.perf_counter() - start))
        cpu.append(1000 * (time.process_time() - cpu_start))
    return sorted(wall), sorted(cpu)


def report(engine, version, options, load, more=None, seconds=None):
    """Runs one engine. `load()` gives a function of the input that returns the output as a numpy array."""
    x = np.load(options.folder.input)
    start = time.perf_counter()
    forward = load()
    loaded = time.perf_counter()
    y = forward(x)
    first = time.perf_counter()
    wall, cpu = repeat(lambda: forward(x), options.seconds if seconds is None else seconds)
    print(json.dumps({
        "engine": engine, "version": version, "load_ms": 1000 * (loaded - start), "first_ms": 1000 * (first - loaded),
        "min_ms": wall[0], "median_ms": wall[len(wall) // 2], "cpu_min_ms": cpu[0], "calls": len(wall),
        "error": difference(y, np.load(options.folder.output)),
        "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, **(more or {})}))
