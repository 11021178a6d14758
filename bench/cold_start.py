"""Cold start and size: a process from its start to the first logits of a ResNet-18, Sconce's static program and LibTorch's."""
import os
import pathlib
import re
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
MODEL = "resnet18"


def run_once(command):
    """Wall ms, CPU ms and peak bytes of a whole process."""
    start = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ | {"OMP_NUM_THREADS": "1"},
                             file_actions=[(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)])
    _, status, usage = os.wait4(process, 0)
    wall = 1000 * (time.perf_counter() - start)
    if status:
        raise RuntimeError(f"{command[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return wall, 1000 * (usage.ru_utime + usage.ru_stime), usage.ru_maxrss * 1024


def libraries(program):
    """LibTorch's shared libraries that a program needs. CUDA's are left out: a wheel for the CPU does without."""
    listed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    return [pathlib.Path(p).resolve() for p in re.findall(r"=> (/\S+/torch/lib/\S+)", listed)]


def commands(build, root):
    """By engine: the command, and the files that a user of it has to ship."""
    folder = root / MODEL
    ours = build / "bench" / "first_logits"
    theirs = build / "bench" / "libtorch_peer"
    found = {}
    if ours.exists():
        found["sconce"] = [ours, folder / "weights.pth", folder / "input_1.npy"], [ours]
    if theirs.exists():
        found["libtorch"] = [theirs, folder / "traced_1.pt", folder / "input_1.npy"], [theirs, *libraries(theirs)]
    return {name: (list(map(str, command)), files) for name, (command, files) in found.items()}


def build_peer(build, root):
    """The LibTorch program and its input. Without a compiler or memory for it, the peer is missing, aloud."""
    against = HERE / "against"
    steps = ([sys.executable, against / "export.py", root, MODEL, "1"],
             ["sh", against / "libtorch" / "build.sh", sys.executable, build / "bench" / "libtorch_peer"],
             [sys.executable, against / "trace.py", root, MODEL, "1"])
    for step in steps:
        if subprocess.run(list(map(str, step))).returncode:
            print("cold start: no LibTorch peer, a step before it failed", file=sys.stderr)
            return


def measure(build, root, runs):
    """By engine: the least wall and CPU ms, the least peak RSS, the bytes to ship. Runs take turns."""
    build_peer(build, root)
    found, out = commands(build, root), {}
    for name in {"sconce", "libtorch"} - set(found):
        print(f"cold start: no {name} program", file=sys.stderr)
    for _ in range(runs + 1):  # the first one warms the page cache
        for name, (command, files) in found.items():
            wall, cpu, rss = run_once(command)
            one = out.setdefault(name, {"runs": -1, "wall_ms": float("inf"), "cpu_ms": float("inf"), "rss": float("inf"),
                                        "bytes": sum(p.stat().st_size for p in files)})
            one["runs"] += 1
            if one["runs"]:
                one |= {"wall_ms": min(one["wall_ms"], wall), "cpu_ms": min(one["cpu_ms"], cpu), "rss": min(one["rss"], rss)}
    return out
