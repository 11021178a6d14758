#!/usr/bin/env python3
"""Measures whole models beside the peers, in interleaved rounds, each engine in a process of its own.

    bench.py --build build [--models resnet50 vit_b_16] [--threads 1 2] [--batch 1 16] [--rounds 5] [--quick]

Prints the tables, and writes them with the chart into README.md beside this file (with --quick: into the build folder).
"""
import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE / "against")]
import names  # noqa: E402
from report import machine, page, results  # noqa: E402


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--models", nargs="+", default=names.MODELS)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--batch", nargs="+", type=int, help="by default 1, and 16 for " + ", ".join(names.BATCH_16))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engines", nargs="+", default=list(names.ENGINES), choices=list(names.ENGINES))
    parser.add_argument("--seconds", type=float, default=2, help="of repeated forwards in each process")
    parser.add_argument("--quick", action="store_true", help="one short round, to try the harness itself")
    parser.add_argument("--output", type=pathlib.Path, help="the folder for tables, chart and results.json; by default this file's")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.seconds = 1, 0.2
    if options.output is None:
        options.output = options.build / "bench" if options.quick else HERE
    return options


def cases(options):
    for model in options.models:
        batches = options.batch or ([1, 16] if model in names.BATCH_16 else [1])
        for batch in batches:
            for threads in options.threads:
                yield model, batch, threads


def run(engine, model, batch, threads, options, root):
    """One process of one engine: its measurements, or why there are none."""
    program, *extra = names.ENGINES[engine]
    command = [sys.executable, HERE / "against" / program, *extra, "--root", root, "--model", model, "--batch", batch,
               "--threads", threads, "--seconds", options.seconds, "--build", options.build]
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "TORCHINDUCTOR_CACHE_DIR": str(root / "inductor")}
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment, timeout=1800)
    except subprocess.TimeoutExpired:
        return {"engine": engine, "skipped": "took more than half an hour"}
    if done.returncode:
        return {"engine": engine, "skipped": "failed: " + (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def describe(measured):
    if "skipped" in measured:
        return measured["skipped"]
    return (f"min {measured['min_ms']:9.3f} median {measured['median_ms']:9.3f} first {measured['first_ms']:9.2f} ms, "
            f"max|d|/max|y| {measured['error']:.1e}")


def measure(options, root):
    """All rounds of all cases; a case's processes take turns, so that a busy minute falls on all engines alike."""
    rows = []
    for model, batch, threads in cases(options):
        subprocess.run([sys.executable, HERE / "against" / "export.py", root, model, str(batch)], check=True)
        print(f"{model}, batch {batch}, {threads} thread{'s' * (threads > 1)}", flush=True)
        skipped = set()
        for _ in range(options.rounds):
            for engine in options.engines:
                if engine in skipped:
                    continue
                measured = run(engine, model, batch, threads, options, root)
                print(f"  {engine:14} {describe(measured)}", flush=True)
                if "skipped" in measured:
                    skipped.add(engine)
                else:
                    rows.append(measured | {"model": model, "batch": batch, "threads": threads})
    return rows


def main():
    options = parse()
    root = (options.build / "bench" / "models").resolve()
    rows = measure(options, root)
    found = results.Results(machine.setup(), results.merge_rounds(rows, datetime.date.today()))
    print(page.tables(found))
    page.write(options.output, found)
    if found.wrong():
        sys.exit("outputs that differ: " + ", ".join(found.wrong()))


main()
