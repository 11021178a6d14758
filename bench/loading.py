"""Loading a checkpoint: Sconce, which checks every CRC-32, beside torch.load, which checks none."""
import json
import pathlib
import statistics
import subprocess
import sys
import time

MODELS = ["resnet18", "vgg16"]


def torch_load(file, mapped):
    """Median ms of loading and touching every page. Runs in a process of its own: loading.py FILE plain|mmap."""
    import torch

    times = []
    while len(times) < 5 or sum(times) < 1000:
        start = time.perf_counter()
        state = torch.load(file, weights_only=True, mmap=mapped)
        sum(t.view(-1).view(torch.uint8)[::4096].sum().item() for t in state.values() if t.numel() and t.dim())
        times.append(1000 * (time.perf_counter() - start))
    return statistics.median(times)


def measure(build, root):
    """By model: megabytes, and the median ms of each way."""
    program, out = build / "bench" / "load_bench", {}
    for model in MODELS:
        file = root / model / "weights.pth"
        if not (file.exists() and program.exists()):
            continue
        ours = json.loads(subprocess.run([program, file], check=True, capture_output=True, text=True).stdout)
        theirs = {way: float(subprocess.run([sys.executable, __file__, file, way], check=True, capture_output=True, text=True).stdout)
                  for way in ("plain", "mmap")}
        out[model] = {"megabytes": file.stat().st_size / 1e6, "checked": ours["load_ms"], "unchecked": ours["load_unchecked_ms"], **theirs}
    return out


if __name__ == "__main__":
    print(torch_load(pathlib.Path(sys.argv[1]), sys.argv[2] == "mmap"))
