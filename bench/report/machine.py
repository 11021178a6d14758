"""What a number needs beside it: machine, versions, command, date."""
import importlib.metadata
import os
import pathlib
import platform
import re
import subprocess
import sys

PACKAGES = ["torch", "torchvision", "transformers", "onnxruntime", "openvino", "llama-cpp-python"]


def cpuinfo():
    """The first processor's lines of /proc/cpuinfo, as a dictionary; empty elsewhere."""
    try:
        text = pathlib.Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    except OSError:
        return {}
    return dict(map(str.strip, line.split(":", 1)) for line in text.splitlines() if ":" in line)


def cpu_name(info=None):
    """The model's name, with family and model number where that name says little ("AMD EPYC")."""
    info = cpuinfo() if info is None else info
    name = info.get("model name") or platform.processor() or platform.machine()
    if info.get("cpu family") and not re.search(r"\d{3}", name):
        name += f" (family {int(info['cpu family']):#x}, model {int(info['model']):#x})"
    return name


def has_add_pipes(info=None):
    """Whether additions have pipes of their own beside the multiply-adds: AMD from family 19h on."""
    info = cpuinfo() if info is None else info
    return info.get("vendor_id") == "AuthenticAMD" and int(info.get("cpu family", 0)) >= 0x19


def isa(info=None):
    flags = (cpuinfo() if info is None else info).get("flags", "").split()
    return ", ".join(name for flag, name in (("avx2", "AVX2"), ("avx512f", "AVX-512"), ("amx_tile", "AMX")) if flag in flags)


def version_of(package):
    try:
        return importlib.metadata.version(package).split("+")[0]
    except importlib.metadata.PackageNotFoundError:
        return None


def commit(folder):
    done = subprocess.run(["git", "-C", folder, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def setup():
    info = cpuinfo()
    return {
        "cpu": cpu_name(info), "isa": isa(info), "cores": len(os.sched_getaffinity(0)), "add_pipes": has_add_pipes(info),
        "load": round(os.getloadavg()[0], 1),
        "versions": {p: v for p in PACKAGES if (v := version_of(p))},
        "commit": commit(pathlib.Path(__file__).parent),
        "command": os.environ.get("BENCH_COMMAND") or " ".join(["bench/bench.py", *sys.argv[1:]]),
    }
