#!/usr/bin/env python3
"""Sconce beside PyTorch in the same run: loading a checkpoint, and forward passes in eager mode.

    python compare_torch.py --build build [--models resnet18 vgg11_bn] [--batch 1 8] [--threads 2]

Prints a Markdown table. A ratio above 1 means that Sconce is faster.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import tempfile
import time

import torch
import torchvision


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def measure(f, seconds, least):
    times = []
    begin = time.perf_counter()
    while len(times) < least or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        f()
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def ours(build, program, *arguments):
    return json.loads(subprocess.run([build / "bench" / program, *map(str, arguments)], check=True, capture_output=True).stdout)


def touch(state):
    return sum(t.view(-1).view(torch.uint8)[::4096].sum().item() for t in state.values() if t.numel() and t.dim())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--models", nargs="+", default=["resnet18", "vgg11_bn"])
    parser.add_argument("--batch", nargs="+", type=int, default=[1, 8])
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    torch.set_num_threads(options.threads)

    print(f"{datetime.date.today()}, {cpu_name()}, {options.threads} threads, torch {torch.__version__}; median ms\n")
    print("| what | PyTorch | Sconce | ratio |\n|---|---:|---:|---:|")

    def row(what, theirs, mine):
        print(f"| {what} | {theirs:.2f} | {mine:.2f} | {theirs / mine:.2f} |", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        for name in options.models:
            torch.manual_seed(0)
            model = torchvision.models.get_model(name, weights=None).eval()
            file = pathlib.Path(folder) / f"{name}.pth"
            torch.save(model.state_dict(), file)
            mine = ours(options.build, "load_bench", file)
            megabytes = file.stat().st_size / 1e6
            row(f"load {name}, {megabytes:.0f} MB, CRC-32 checked (PyTorch: not)",
                measure(lambda: touch(torch.load(file, weights_only=True)), 1, 5), mine["load_ms"])
            row(f"load {name}, unchecked, mmap",
                measure(lambda: touch(torch.load(file, weights_only=True, mmap=True)), 1, 5), mine["load_unchecked_ms"])
            for batch in options.batch:
                x = torch.ones(batch, 3, 224, 224)
                with torch.inference_mode():
                    theirs = measure(lambda: model(x), 2, 3)
                row(f"forward {name}, batch {batch}, eager", theirs,
                    ours(options.build, "forward_bench", name, file, batch, options.threads)["median_ms"])


main()
