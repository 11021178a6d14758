#!/usr/bin/env python3
"""Loading and saving checkpoints beside torch.load, torch.load(mmap=True), safetensors and LibTorch's C++ reader: the same tensors,
warm cache, whole processes and calls inside a running one apart.

    python compare_load.py --build build [--folder /var/tmp] [--only open many sparse save ...] [--no-libtorch]

Prints Markdown tables. Times are the least of many: on the clock, and in brackets on the processor, which is what to compare on
a busy machine. LibTorch reads a dict only, so it gets dict(state_dict).
"""
import argparse
import collections
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


class Time(collections.namedtuple("Time", "wall cpu")):
    def __str__(self):
        return " ".join(f"{t:.3g}" if i == 0 else f"({t:.3g})" for i, t in enumerate(self)) + " ms"

    def over(self, other):
        return f"{self.wall / other.wall:.3g} ({self.cpu / other.cpu:.3g})"


def measure(f, seconds=2.0, least=3):
    wall, cpu, count, begin = 1e300, 1e300, 0, time.perf_counter()
    while count < least or time.perf_counter() - begin < seconds:
        w, c = time.perf_counter(), time.process_time()
        result = f()
        wall, cpu, count = min(wall, time.perf_counter() - w), min(cpu, time.process_time() - c), count + 1
        del result
    return Time(1000 * wall, 1000 * cpu)


def process(*command, seconds=3.0, least=3):
    """A whole process, from its start to its end."""
    wall, cpu, count, begin = 1e300, 1e300, 0, time.perf_counter()
    command = list(map(str, command))
    while count < least or time.perf_counter() - begin < seconds:
        start = time.perf_counter()
        child = os.posix_spawn(command[0], command, os.environ, file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)])
        _, status, usage = os.wait4(child, 0)
        assert os.waitstatus_to_exitcode(status) in (0, 1), command
        wall, cpu, count = min(wall, time.perf_counter() - start), min(cpu, usage.ru_utime + usage.ru_stime), count + 1
    return Time(1000 * wall, 1000 * cpu)


def table(title, head):
    print(f"\n### {title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}", flush=True)


def row(*cells):
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def build_libtorch(folder):
    import torch.utils.cpp_extension as extension
    import torch

    program = folder / "libtorch_load"
    lib = pathlib.Path(torch.__file__).parent / "lib"
    subprocess.run(["c++", "-std=c++20", "-O2", f"-D_GLIBCXX_USE_CXX11_ABI={int(torch._C._GLIBCXX_USE_CXX11_ABI)}", HERE / "libtorch_load.cpp",
                    *(f"-isystem{path}" for path in extension.include_paths()), f"-L{lib}", f"-Wl,-rpath,{lib}", "-Wl,--no-as-needed",
                    "-ltorch_cpu", "-lc10", "-ltorch", "-o", program], check=True)
    return program


class Comparison:
    def __init__(self, options, folder):
        self.build, self.folder, self.options = options.build.resolve(), folder, options

    def ours(self, *arguments):
        return json.loads(subprocess.run([self.build / "bench/load_bench", *map(str, arguments)], check=True, capture_output=True).stdout)

    def files(self):
        import safetensors.torch
        import torch
        import torchvision

        torch.manual_seed(0)
        state = torchvision.models.resnet50(weights=None).state_dict()
        self.pth, self.plain, self.safe = self.folder / "resnet50.pth", self.folder / "plain.pth", self.folder / "resnet50.safetensors"
        torch.save(state, self.pth)
        torch.save(dict(state), self.plain)
        safetensors.torch.save_file(state, self.safe)
        self.libtorch = None if self.options.no_libtorch else build_libtorch(self.folder)

    def open(self):
        """A state_dict, in a running process and as one."""
        import safetensors.torch
        import torch

        self.files()
        size = self.pth.stat().st_size
        mine, mine_safe = self.ours(self.pth), self.ours(self.safe)
        time_of = lambda name, of=mine: Time(of[f"{name}_min_ms"], of[f"{name}_cpu_ms"])
        touch = lambda state: sum(t.view(-1).view(torch.uint8)[::4096].sum().item() for t in state.values() if t.numel() and t.dim())
        peers = {
            "torch.load(mmap=True)": lambda: torch.load(self.pth, weights_only=True, mmap=True),
            "safetensors load_file": lambda: safetensors.torch.load_file(self.safe),
            "torch.load": lambda: torch.load(self.pth, weights_only=True),
        }
        table(f"resnet50, {size / 1e6:.0f} MB: a state_dict inside a running process", ["reader", "file", "time (CPU)", "reader : Sconce"])
        opened = time_of("open")
        row("Sconce, mapped", ".pth", opened, 1)
        row("Sconce, mapped", ".safetensors", time_of("open", mine_safe), time_of("open", mine_safe).over(opened))
        for name, load in peers.items():
            got = measure(load)
            row(name, ".safetensors" if "safe" in name else ".pth", got, got.over(opened))
        if self.libtorch:
            theirs = json.loads(subprocess.run([self.libtorch, self.plain], check=True, capture_output=True).stdout)
            libtorch = Time(theirs["load_min_ms"], theirs["load_cpu_ms"])
            row("LibTorch pickle_load", ".pth of a dict", libtorch, libtorch.over(opened))

        table("The same, every page read", ["reader", "checked", "time (CPU)", "GB/s (of CPU time)", "reader : Sconce checked"])
        checked = time_of("load")
        speed = lambda t: f"{size / t.wall / 1e6:.2f} ({size / t.cpu / 1e6:.2f})"
        row("Sconce", "CRC-32", checked, speed(checked), 1)
        row("Sconce", "no", time_of("load_unchecked"), speed(time_of("load_unchecked")), time_of("load_unchecked").over(checked))
        for name, load in peers.items():
            got = measure(lambda: touch(load()))
            row(name, "no", got, speed(got), got.over(checked))
        if self.libtorch:
            row("LibTorch pickle_load, read only", "no", libtorch, speed(libtorch), libtorch.over(checked))

        table("A process that loads it and ends", ["process", "time (CPU)", "process : Sconce"])
        once = process(self.build / "bench/load_bench", "once", self.pth)
        row("Sconce", once, 1)
        python = sys.executable
        rows = [("Python, torch.load(mmap=True)", [python, "-c", f"import torch; torch.load({str(self.pth)!r}, weights_only=True, mmap=True)"]),
                ("Python, safetensors load_file", [python, "-c", f"import safetensors.torch; safetensors.torch.load_file({str(self.safe)!r})"])]
        if self.libtorch:
            rows.append(("LibTorch pickle_load", [self.libtorch, "once", self.plain]))
        for name, command in rows:
            got = process(*command)
            row(name, got, got.over(once))

        table("Memory of load and load_state_dict(assign=True) of it", ["process", "anonymous MB beyond the network's own", "file-backed MB"])
        used = self.ours("memory", self.pth)
        row("Sconce", f"{used['anonymous'] / 1e6:.2f}", f"{used['file_backed'] / 1e6:.1f}")
        code = f"""
import torch, torchvision, json
def memory(name): return next(int(l.split()[1]) * 1024 for l in open("/proc/self/status") if l.startswith(name))
net = torchvision.models.resnet50(weights=None)
torch.load({str(self.plain)!r}, mmap=True, weights_only=True) if False else None
a, f = memory("RssAnon"), memory("RssFile")
net.load_state_dict(torch.load({str(self.pth)!r}, mmap=True, weights_only=True), assign=True)
print(json.dumps([memory("RssAnon") - a, memory("RssFile") - f]))
"""
        anonymous, backed = json.loads(subprocess.run([python, "-c", code], check=True, capture_output=True).stdout)
        row("Python, torch.load(mmap=True)", f"{anonymous / 1e6:.2f}", f"{backed / 1e6:.1f}")

    def many(self):
        """100,000 tensors; 10,000 modules."""
        import safetensors.torch
        import torch

        table("Many tensors", ["what", "Sconce", "peer", "time (CPU)", "peer : Sconce"])
        for count in (25_000, 100_000):
            state = {f"layers.{i // 8}.block.{i % 8}.weight": torch.zeros(2) for i in range(count)}
            pth, safe = self.folder / f"many{count}.pth", self.folder / f"many{count}.safetensors"
            torch.save(state, pth)
            safetensors.torch.save_file(state, safe)
            mine, mine_safe = self.ours(pth), self.ours(safe)
            ours, ours_safe = Time(mine["open_min_ms"], mine["open_cpu_ms"]), Time(mine_safe["open_min_ms"], mine_safe["open_cpu_ms"])
            got = measure(lambda: torch.load(pth, weights_only=True, mmap=True), 0, 2)
            row(f"{count:,} tensors, .pth", ours, "torch.load(mmap=True)", got, got.over(ours))
            got = measure(lambda: safetensors.torch.load_file(safe), 0, 2)
            row(f"{count:,} tensors, .safetensors", ours_safe, "load_file", got, got.over(ours_safe))
        for count in (2_500, 10_000):
            net = torch.nn.Sequential(*(torch.nn.Linear(2, 3) for _ in range(count)))
            file = self.folder / f"modules{count}.pth"
            torch.save(net.state_dict(), file)
            fit = self.ours("fit", file, count)
            state = torch.load(file, weights_only=True)
            for how in ("copy", "assign"):
                ours = Time(fit[f"{how}_min_ms"], fit[f"{how}_cpu_ms"])
                got = measure(lambda: net.load_state_dict(state, assign=how == "assign"), 0, 2)
                row(f"load_state_dict onto {count:,} modules, {how}", ours, "load_state_dict", got, got.over(ours))

    def sparse(self):
        """A file of 10 GB with holes for data."""
        import torch
        from torch._subclasses.fake_tensor import FakeTensorMode

        file = self.folder / "sparse.pth"
        with FakeTensorMode():
            torch.save({f"layers.{i}.weight": torch.empty(25_000_000) for i in range(100)}, file)
        stat = file.stat()
        table(f"A file of {stat.st_size / 1e9:.1f} GB, {stat.st_blocks * 512 / 1e6:.0f} MB of them on the disk", ["process", "time (CPU)"])
        for command in ("scan", "inspect"):
            row(f"sconce {command}", process(self.build / "cli/sconce", command, file))
        code = f"import torch; torch.load({str(file)!r}, weights_only=True, mmap=True)"
        row("Python, torch.load(mmap=True)", process(sys.executable, "-c", code))
        file.unlink()

    def save(self):
        """A plain write and fsync of the same bytes is the measure."""
        table("Saving 1 GiB, against a plain write and fsync of the same bytes", ["plain ms", "save ms", "speed of save"])
        got = json.loads(subprocess.run([self.build / "bench/save_bench", self.folder / "saved.pth", str(self.options.megabytes)], check=True,
                                        stdout=subprocess.PIPE).stdout)
        row(f"{got['plain_min_ms']:.0f} (median {got['plain_median_ms']:.0f})", f"{got['save_min_ms']:.0f} (median {got['save_median_ms']:.0f})",
            f"{100 * got['speed']:.0f} %")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build"))
    parser.add_argument("--folder", default=None, help="where to put the files; a disk, for saving")
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--only", nargs="+", default=["open", "many", "sparse", "save"])
    parser.add_argument("--no-libtorch", action="store_true")
    options = parser.parse_args()
    import safetensors
    import torch

    torch.set_num_threads(1)
    print(f"{datetime.date.today()}, {cpu_name()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; torch {torch.__version__}, "
          f"safetensors {safetensors.__version__}, Python {platform.python_version()}")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        comparison = Comparison(options, pathlib.Path(folder))
        for name in options.only:
            getattr(comparison, name)()


main()
