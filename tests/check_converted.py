#!/usr/bin/env python3
"""Takes every fixture that torch.load can read through `sconce convert`: .pth -> .safetensors -> .pth -> torch.load, and the same by way
of .npz, shards and .pth alone. Tensors, ties and metadata must be those of torch.load on the original.

    check_converted.py SCONCE    the program

Exits with 77, and says so, where a library is missing.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict

try:
    import numpy
    import safetensors  # noqa: F401, read by torch.load of .safetensors only in newer versions
    import torch
except ImportError as e:
    print(f"skipped: {e}")
    sys.exit(77)

warnings.simplefilter("ignore")
FIXTURES = pathlib.Path(__file__).resolve().parent / "fixtures"
BITS = {torch.bits8, torch.bits16, torch.bits1x8, torch.bits2x4, torch.bits4x2}
BCOMPLEX = {getattr(torch, "bcomplex32", torch.complex32)}
NO_SAFETENSORS = {torch.complex32, torch.complex128, *BCOMPLEX, *BITS}
NO_NUMPY = {torch.bfloat16, torch.complex32, torch.float8_e4m3fn, torch.float8_e5m2, torch.float8_e4m3fnuz, torch.float8_e5m2fnuz, torch.float8_e8m0fnu,
            torch.float4_e2m1fn_x2, *BCOMPLEX, *BITS}
counts = defaultdict(int)


def sconce(*arguments):
    return subprocess.run([sys.argv[1], *map(str, arguments)], capture_output=True, text=True)


def convert(*arguments):
    result = sconce("convert", *arguments)
    assert result.returncode == 0, f"convert {arguments}: {result.stderr}"
    return result


def tensors(value, path="", into=None, seen=None):
    """Every tensor by its path, as `convert --all` names them."""
    into, seen = ({}, set()) if into is None else (into, seen)
    if isinstance(value, numpy.ndarray) and value.dtype.kind in "fiubc":
        value = torch.from_numpy(numpy.array(value.astype(value.dtype.newbyteorder("="))))
    if isinstance(value, torch.Tensor):
        into[path or "tensor"] = value
        return into
    if isinstance(value, (dict, list, tuple)):
        if id(value) in seen:
            return into
        seen.add(id(value))
    if isinstance(value, dict):
        for key, item in value.items():
            part = key if isinstance(key, str) else f"[{key!r}]"
            tensors(item, f"{path}.{part}" if path and isinstance(key, str) else path + part, into, seen)
    elif isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        for i, item in enumerate(value):
            tensors(item, f"{path}[{i}]", into, seen)
    return into


def raw(t):
    t = t.detach().cpu().resolve_conj().resolve_neg()
    return torch.empty(t.shape, dtype=t.dtype).copy_(t).reshape(-1).view(torch.uint8)


def same(a, b):
    if a.layout != torch.strided:
        return a.layout == b.layout and same(a.to_dense(), b.to_dense())
    if a.is_quantized:
        return b.is_quantized and a.dtype == b.dtype and same(a.dequantize(), b.dequantize())
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(raw(a), raw(b))


def ties(named):
    """Names of one view of one storage, together."""
    groups = defaultdict(list)
    for name, t in named.items():
        if t.layout == torch.strided and t.numel() and t.device.type != "meta":
            groups[t.untyped_storage().data_ptr(), t.storage_offset(), t.shape, t.stride(), t.dtype].append(name)
    return sorted(sorted(g) for g in groups.values() if len(g) > 1)


def compare(what, expected, got, tied=True):
    assert set(expected) == set(got), f"{what}: keys {sorted(set(expected) ^ set(got))}"
    for key, t in expected.items():
        assert same(t, got[key]), f"{what}: {key}"
    if tied:
        assert ties(expected) == ties(got), f"{what}: ties {ties(expected)} became {ties(got)}"
    counts[what.rsplit(": ")[-1]] += 1
    counts["tied names kept"] += sum(map(len, ties(expected))) if tied else 0


def load(path):
    return torch.load(path, map_location="cpu", weights_only=True, mmap=True)


def only(keys):
    return "^(" + "|".join(re.escape(key).replace("/", "\\/") for key in sorted(keys)) + ")$"


def check(original, folder):
    name = f"{original.parent.name}/{original.name}"
    try:
        root = torch.load(original, map_location="cpu", weights_only=False)
    except Exception:  # a class that is not here, an invalid tensor, a format of old
        counts["fixtures that this PyTorch cannot read"] += 1
        return
    if original.stem.startswith("invalid_"):  # which this PyTorch takes without weights_only
        assert sconce("convert", "--all", original, folder / "invalid.pth").returncode == 3, name
        counts["invalid tensors refused"] += 1
        return
    named = tensors(root)
    plain = {key: t for key, t in named.items() if t.layout == torch.strided and not t.is_quantized and t.device.type != "meta"
             and not t.is_nested and type(t) in (torch.Tensor, torch.nn.Parameter)}
    if original.stem == "big_endian":  # whose newer dtypes PyTorch does not swap, a defect
        plain = {key: t for key, t in plain.items() if t.dtype not in (torch.uint16, torch.uint32, torch.uint64, torch.complex32)}
    if original.stem == "device_legacy":  # which PyTorch converts before it has read the numbers, a defect
        plain = {key: t for key, t in plain.items() if not key.startswith("cpu_")}
    if "_big" in original.stem and not plain:
        return
    conjugated = any(t.is_conj() or t.is_neg() for t in plain.values())  # computed, so no longer views of one storage
    arrays = "numpy" in name or "arrays" in name

    # What a format cannot hold is refused by name, never lost.
    safe = {key: t for key, t in plain.items() if t.dtype not in NO_SAFETENSORS}
    unsafe = {key for key, t in named.items() if not t.is_nested and
              (t.is_quantized or t.layout != torch.strided or t.dtype in NO_SAFETENSORS or t.device.type == "meta")}
    if unsafe:
        refused = sconce("convert", "--all", original, folder / "refused.safetensors")
        assert refused.returncode != 0 and not (folder / "refused.safetensors").exists(), name
        assert any(key in refused.stderr for key in unsafe), refused.stderr
        counts["refusals that name the tensor"] += 1
    if safe:
        middle, last = folder / "all.safetensors", folder / "all.pth"
        convert("--all", "--only", only(safe), original, middle)
        convert("--all", middle, last)
        compare(f"{name}: .pth -> .safetensors -> .pth -> torch.load", safe, load(last), not conjugated and not arrays)
        shards, back = folder / "shards", folder / "back.pth"
        convert("--all", "--only", only(safe), "--max-shard-bytes", "64", original, f"{shards}/")
        convert("--all", shards, back)
        compare(f"{name}: shards", safe, load(back), False)
        assert sconce("diff", last, shards).returncode == 0, f"{name}: diff of file and shards"
        for file in (middle, last, shards):
            verified = sconce("verify", "--json", file)
            assert verified.returncode == 0 and json.loads(verified.stdout)["sound"], f"{name}: verify {file}"
    numeric = {key: t for key, t in plain.items() if t.dtype not in NO_NUMPY}
    if numeric:
        middle, last = folder / "all.npz", folder / "from_npz.pth"
        convert("--all", "--only", only(numeric), original, middle)
        convert("--all", middle, last)
        compare(f"{name}: .npz", numeric, load(last), False)
        assert sconce("verify", middle).returncode == 0, name

    # Kinds that only .pth holds, and what they become with --dense.
    kinds = {key: t for key, t in named.items() if (t.is_quantized or t.layout != torch.strided) and not t.is_nested}
    if kinds and original.stem not in ("quantized_big", "sparse_big"):
        last, dense = folder / "kinds.pth", folder / "dense.safetensors"
        convert("--all", "--only", only(kinds), original, last)
        compare(f"{name}: .pth -> .pth of quantized and sparse tensors", kinds, tensors(load(last)), False)
        convert("--all", "--force", last, folder / "again.pth")
        assert sconce("diff", last, folder / "again.pth").returncode == 0, f"{name}: diff of quantized and sparse tensors"
        assert sconce("verify", last).returncode == 0, name
        full = {key: t.dequantize() if t.is_quantized else t.to_dense() for key, t in kinds.items()}
        full = {key: t for key, t in full.items() if t.dtype not in NO_SAFETENSORS}
        convert("--all", "--dense", "--only", only(full), original, dense)
        convert("--all", dense, folder / "dense.pth")
        compare(f"{name}: --dense -> .safetensors -> .pth", full, load(folder / "dense.pth"), False)

    # As a state_dict, with its metadata.
    metadata = getattr(root, "_metadata", None)
    if metadata is not None and isinstance(root, dict) and len(safe) == len(root):
        convert(original, folder / "state.pth")
        assert list(load(folder / "state.pth")) == list(root), f"{name}: order"
        for middle in ("state.safetensors", "state.bin.index.json", "state.safetensors.index.json"):
            last = folder / f"{middle}.pth"
            convert(original, folder / middle)
            convert(folder / middle, last)
            again = load(last)
            compare(f"{name}: a state_dict", safe, again, middle == "state.safetensors" and not conjugated)
            assert dict(again._metadata) == dict(metadata), f"{name}: metadata by way of {middle}"
            counts["metadata kept"] += 1


def main():
    originals = [p for folder in ("checkpoints", "scenarios", "kinds", "rebuilds", "modules", "cli", "tar") for p in sorted((FIXTURES / folder).glob("*.pth"))]
    for original in originals:
        with tempfile.TemporaryDirectory() as folder:
            check(original, pathlib.Path(folder))
    for what, count in counts.items():
        print(f"  {count} {what}")
    assert counts[".pth -> .safetensors -> .pth -> torch.load"] > 40


main()
