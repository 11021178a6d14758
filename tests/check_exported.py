#!/usr/bin/env python3
"""Holds the safetensors, .npz and shards that Sconce writes against safetensors, NumPy and PyTorch: they must read them and give the same.

    check_exported.py SCONCE_TESTS    the test program, which writes the files

Exits with 77, and says so, where a library is missing.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict

try:
    import numpy
    import safetensors
    import torch
    from safetensors.torch import load_file
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

warnings.simplefilter("ignore")
FIXTURES = pathlib.Path(__file__).resolve().parent / "fixtures/checkpoints"
BITS = {torch.bits8, torch.bits16, torch.bits1x8, torch.bits2x4, torch.bits4x2}
BCOMPLEX = {getattr(torch, "bcomplex32", torch.complex32)}
NO_SAFETENSORS = {torch.complex32, torch.complex128, *BCOMPLEX, *BITS}
NO_NUMPY = {torch.bfloat16, torch.complex32, torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu,
            torch.float4_e2m1fn_x2, *BCOMPLEX, *BITS}
counts = defaultdict(int)


def plain(value):
    """A fixture's array or tensor as a contiguous tensor, None for anything else."""
    if isinstance(value, numpy.ndarray) and value.dtype != object:
        value = torch.from_numpy(numpy.array(value.astype(value.dtype.newbyteorder("="))))
    if not isinstance(value, torch.Tensor) or value.layout != torch.strided or value.is_quantized or value.device.type == "meta":
        return None
    value = value.detach().cpu().resolve_conj().resolve_neg()
    return torch.empty(value.shape, dtype=value.dtype).copy_(value)


def same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.reshape(-1).view(torch.uint8).tolist() == b.reshape(-1).contiguous().view(torch.uint8).tolist()


def compare(what, expected, got):
    assert set(expected) == set(got), f"{what}: keys {sorted(set(expected) ^ set(got))}"
    for key in expected:
        assert same(expected[key], plain(got[key])), f"{what}: {key}"
    counts[what.rsplit(": ")[-1]] += 1


def check(folder):
    name = folder.name
    try:
        root = torch.load(FIXTURES / f"{name}.pth", map_location="cpu", weights_only=False)
    except Exception as e:  # a file that this PyTorch itself cannot read
        counts["fixtures that this PyTorch cannot read"] += 1
        return
    if name == "big_endian":  # whose newer dtypes PyTorch does not swap, a defect
        root = {key: value for key, value in root.items() if value.dtype not in (torch.uint16, torch.uint32, torch.uint64, torch.complex32)}
    tensors = {key: plain(value) for key, value in root.items() if isinstance(key, str) and plain(value) is not None}
    safe = {key: t for key, t in tensors.items() if t.dtype not in NO_SAFETENSORS}

    def kept(got):
        return {key: t for key, t in got.items() if key in safe} if name == "big_endian" else got

    # float8_e8m0fnu has a name in the format that this library's table may lack.
    compare(f"{name}: safetensors", safe, kept(load_file(folder / "duplicate.safetensors")))
    dropped = load_file(folder / "dropped.safetensors")
    with safetensors.safe_open(folder / "dropped.safetensors", "pt") as file:
        notes = file.metadata() or {}
    dropped.update({key: dropped[of] for key, of in notes.items() if key not in dropped})
    compare(f"{name}: safetensors without ties", safe, kept(dropped))
    for sub, index, load in (("shards", "model.safetensors.index.json", load_file),
                             ("bins", "pytorch_model.bin.index.json", lambda path: torch.load(path, weights_only=True, mmap=True))):
        weight_map = json.loads((folder / sub / index).read_text())["weight_map"]
        got = {}
        for file in sorted(set(weight_map.values())):
            part = load(folder / sub / file)
            assert set(part) == {key for key, of in weight_map.items() if of == file}, f"{name}: {file}"
            got.update(part)
        compare(f"{name}: {sub}", safe, kept(got))
    if (folder / "arrays.npz").exists():
        arrays = {key: torch.from_numpy(value) for key, value in numpy.load(folder / "arrays.npz", allow_pickle=False).items()}
        wanted = {key: t for key, t in tensors.items() if t.dtype not in NO_NUMPY}
        compare(f"{name}: npz", wanted, {key: t for key, t in arrays.items() if key in wanted} if name == "big_endian" else arrays)


def main():
    print(f"torch {torch.__version__}, safetensors {safetensors.__version__}, numpy {numpy.__version__}")
    with tempfile.TemporaryDirectory() as name:
        subprocess.run([sys.argv[1], "--minimal", "--test-case=exported for python*"], env={**os.environ, "SCONCE_EXPORTED": name}, check=True)
        for folder in sorted(pathlib.Path(name).iterdir()):
            check(folder)
    for what, count in counts.items():
        print(f"  {count} {what}")
    assert counts["safetensors"] > 20


main()
