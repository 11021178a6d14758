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
import cold_start  # noqa: E402
import loading  # noqa: E402
import names  # noqa: E402
from report import machine, page, results  # noqa: E402


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--models", nargs="+", default=names.MODELS + names.EXTRAS, choices=names.MODELS + names.EXTRAS, metavar="MODEL")
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--batch", nargs="+", type=int, help="by default 1, and 16 for " + ", ".join(names.BATCH_16))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engines", nargs="+", default=list(names.ENGINES), choices=list(names.ENGINES))
    parser.add_argument("--seconds", type=float, default=2, help="of repeated forwards in each process")
    parser.add_argument("--quick", action="store_true", help="one short round, to try the harness itself")
    parser.add_argument("--output", type=pathlib.Path, help="the folder for tables, chart and results.json; by default this file's")
    options = parser.parse_args()
    options.build = options.build.resolve()
    if options.quick:
        options.rounds, options.seconds = 1, 0.2
    if options.output is None:
        options.output = options.build / "bench" if options.quick else HERE
    return options


def cases(options):
    for model in (m for m in options.models if m in names.MODELS):
        batches = options.batch or ([1, 16] if model in names.BATCH_16 else [1])
        for batch in batches:
            for threads in options.threads:
                yield model, batch, threads


def run(engine, command, threads, root):
    """One process of one engine: its measurements, or why there are none."""
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "TORCHINDUCTOR_CACHE_DIR": str(root / "inductor")}
    command = [sys.executable, *command, "--root", root, "--threads", threads]
    try:
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=environment, timeout=1800)
    except subprocess.TimeoutExpired:
        return {"engine": engine, "skipped": "took more than half an hour"}
    if done.returncode:
        return {"engine": engine, "skipped": "failed: " + (done.stderr.strip().splitlines() or ["no message"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])


def rounds(count, engines, one):
    """`one(engine)` for all engines in turn, `count` times, so that a busy minute falls on all alike. An engine that skips is left out."""
    skipped, rows = set(), []
    for _ in range(count):
        for engine in (e for e in engines if e not in skipped):
            measured = one(engine)
            print(f"  {engine:22} {describe(measured)}", flush=True)
            if "skipped" in measured:
                skipped.add(engine)
            else:
                rows.append(measured)
    return rows


def describe(measured):
    if "skipped" in measured:
        return "skipped: " + measured["skipped"][:120]
    if "tokens_per_second" in measured:
        return f"{measured['tokens_per_second']:.2f} tokens/s"
    return (f"min {measured['min_ms']:9.3f} median {measured['median_ms']:9.3f} first {measured['first_ms']:9.2f} ms, "
            f"max|d|/max|y| {measured['error']:.1e}")


def export(root, model, batch):
    subprocess.run(list(map(str, [sys.executable, HERE / "against" / "export.py", root, model, batch])), check=True)


def forwards(options, root):
    """Of all models, batch sizes and threads."""
    rows = []
    for model, batch, threads in cases(options):
        export(root, model, batch)
        print(f"{model}, batch {batch}, {threads} thread{'s' * (threads > 1)}", flush=True)

        def one(engine):
            program, *extra = names.ENGINES[engine]
            return run(engine, [HERE / "against" / program, *extra, "--model", model, "--batch", batch, "--seconds", options.seconds,
                                "--build", options.build], threads, root) | {"model": model, "batch": batch, "threads": threads}

        rows += rounds(options.rounds, options.engines, one)
    return results.merge_rounds(rows, datetime.date.today())


def decoding(options, root):
    export(root, "gpt2", 1)
    rows = []
    for threads in options.threads:
        print(f"gpt2_decode, {threads} thread{'s' * (threads > 1)}", flush=True)

        def one(engine):
            program, *extra = names.DECODERS[engine]
            return run(engine, [HERE / "against" / program, *extra, "--build", options.build], threads, root) | {"threads": threads}

        rows += rounds(options.rounds, names.DECODERS, one)
    return results.merge_decoding(rows)


def kernels(options):
    program = options.build / "bench" / "kernels_bench"
    if not program.exists():
        print("kernels: skipped: not there yet")
        return None
    return json.loads(subprocess.run([program], check=True, capture_output=True, text=True).stdout)


def extras(options, root):
    measure = {"gpt2_decode": lambda: decoding(options, root), "kernels": lambda: kernels(options),
               "loading": lambda: loading.measure(options.build, root),
               "cold_start": lambda: cold_start.measure(options.build, root, 2 * options.rounds)}
    found = {name: measure[name]() for name in names.EXTRAS if name in options.models}
    return {name: value for name, value in found.items() if value}


def main():
    options = parse()
    root = options.build / "bench" / "models"
    rows = forwards(options, root)
    found = results.Results(machine.setup(), rows, extras(options, root))
    print(page.tables(found))
    page.write(options.output, found)
    if found.wrong():
        sys.exit("outputs that differ: " + ", ".join(found.wrong()))


main()
