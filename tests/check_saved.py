#!/usr/bin/env python3
"""Holds what Sconce saves against PyTorch: torch.load(weights_only=True), with and without mmap, must take it and give the same.

    check_saved.py SCONCE_TESTS    the test program, which writes the files and reads PyTorch's back

Exits with 77, and says so, where there is no torch. Each fixture that Sconce saves again is compared with the original, tensor by
tensor, and its bytes with those that this PyTorch writes. Generated trees are loaded here, saved by torch.save, and compared by
the test program.
"""
import os
import pathlib
import subprocess
import sys
import tempfile
import warnings
import zipfile
from collections import defaultdict

try:
    import torch
except ImportError:
    print("skipped: this Python has no torch")
    sys.exit(77)

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).resolve().parent
VERSION = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
OLD = VERSION < (2, 3)
counts = defaultdict(int)


def difference(a, b, path="root"):
    """Empty, or where the two differ."""
    if isinstance(a, torch.Tensor):
        if not isinstance(b, torch.Tensor) or (a.dtype, a.shape, a.device, a.layout) != (b.dtype, b.shape, b.device, b.layout):
            return f"{path}: {b}"
        if a.layout != torch.strided:
            if a.layout == torch.sparse_coo:
                names = ("_indices", "_values")
            elif a.layout in (torch.sparse_csr, torch.sparse_bsr):
                names = ("crow_indices", "col_indices", "values")
            else:
                names = ("ccol_indices", "row_indices", "values")
            return next(filter(None, (difference(getattr(a, n)(), getattr(b, n)(), f"{path}.{n}") for n in names)), "")
        if a.stride() != b.stride() or a.storage_offset() != b.storage_offset():
            return f"{path}: strides {b.stride()} and offset {b.storage_offset()}"
        if a.is_quantized:
            if a.qscheme() != b.qscheme():
                return f"{path}: {b.qscheme()}"
            names = ("q_scale", "q_zero_point") if "tensor" in str(a.qscheme()) else ("q_per_channel_scales", "q_per_channel_zero_points", "q_per_channel_axis")
            return next(filter(None, (difference(getattr(a, n)(), getattr(b, n)(), f"{path}.{n}") for n in ("int_repr", *names))), "")
        if a.device.type == "meta" or a.numel() == 0:
            return ""
        if found := difference(a.__dict__, b.__dict__, f"{path}.(attributes)"):
            return found
        x, y = (t.detach().resolve_conj().resolve_neg().contiguous().as_strided((t.numel(),), (1,)) for t in (a, b))
        return "" if torch.equal(x.view(torch.uint8), y.view(torch.uint8)) else f"{path}: other elements"
    if hasattr(a, "tolist") and not isinstance(b, torch.Tensor):  # a scalar of numpy, which Sconce reads as a number
        a = a.tolist()
    elif hasattr(a, "tolist"):
        a = torch.from_numpy(a.astype(a.dtype.newbyteorder("=")))
        return "" if torch.equal(a, b) else f"{path}: other elements"
    if type(a) is not type(b):
        return f"{path}: {type(b)}"
    if isinstance(a, dict):
        if list(map(repr, a)) != list(map(repr, b)):
            return f"{path}: keys {list(b)}"
        if found := difference(getattr(a, "__dict__", None), getattr(b, "__dict__", None), f"{path}.(attributes)"):
            return found
        return next(filter(None, (difference(a[k], b[k], f"{path}.{k}") for k in a)), "")
    if isinstance(a, (list, tuple)):
        if len(a) != len(b):
            return f"{path}: {len(b)} items"
        return next(filter(None, (difference(x, y, f"{path}.{i}") for i, (x, y) in enumerate(zip(a, b)))), "")
    return "" if a == b or a != a else f"{path}: {b}"


def storages(value, into):
    """The storage under each tensor, in order."""
    if isinstance(value, torch.Tensor) and value.device.type != "meta" and value.layout == torch.strided:
        into.append(value.storage().data_ptr() if OLD else value.untyped_storage()._cdata)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ():
        storages(item, into)
    return into


def partition(ids):
    first = {}
    return [first.setdefault(i, n) for n, i in enumerate(ids)]


def ways():
    """Each way of loading: keyword arguments, and whether offsets are computed instead of read."""
    yield {"weights_only": True}, False
    if VERSION >= (2, 1):
        yield {"weights_only": True, "mmap": True}, False
    if VERSION >= (2, 7):
        yield {"weights_only": True, "mmap": True}, True


def load_all(path, restricted=True):
    if not restricted:
        yield torch.load(path, map_location="cpu", **({} if OLD else {"weights_only": False}))
        return
    for arguments, compute in ways():
        if VERSION >= (2, 7):
            torch.utils.serialization.config.load.calculate_storage_offsets = compute
        yield torch.load(path, map_location="cpu", **arguments)


def fixtures(folder):
    # weights_only refuses the defaultdict in these, and PyTorch 1.13 knows less.
    refused = {"values_legacy_protocol1.pth", *(f"values_protocol{n}.pth" for n in (2, 3, 4, 5))}
    # In these PyTorch does not swap the bytes of its newer dtypes, a defect; Sconce does.
    unlike = {"big_endian.pth"}
    if OLD:  # it does not look at the byte order at all
        unlike |= {"quantized_big.pth", "sparse_big.pth"}
    # A conjugated view of a storage, which Sconce computes into another storage; arrays that become tensors.
    untied = {"conjugated.pth", "numpy_protocol2.pth", "numpy_protocol5.pth"}
    byte_equal = []
    originals = [p for name in ("checkpoints", "scenarios", "kinds") for p in sorted((HERE / "fixtures" / name).glob("*.pth"))]
    for original in originals:
        if original.name.startswith("invalid"):
            continue
        saved = folder / original.parent.name / original.name
        if not saved.exists():
            counts["fixtures that Sconce refuses to save"] += 1
            print(f"  not saved by Sconce: {original.name}")
            continue
        try:
            expected = torch.load(original, map_location="cpu", **({} if OLD else {"weights_only": False}))
        except Exception as e:  # a file that this PyTorch itself cannot read
            counts["fixtures that this PyTorch cannot read"] += 1
            print(f"  not read by torch {torch.__version__}: {original.name}: {str(e).splitlines()[0][:80]}")
            continue
        restricted = original.name not in refused and not OLD
        if OLD:
            try:
                torch.load(saved, weights_only=True)
                restricted = True
            except Exception as e:
                print(f"  only without weights_only in torch {torch.__version__}: {original.name}: {str(e).splitlines()[0][:80]}")
        for again in load_all(saved, restricted):
            found = difference(expected, again)
            assert original.name in unlike or not found, f"{original.name}: {found}"
            same_ties = partition(storages(expected, [])) == partition(storages(again, []))
            assert same_ties or original.name in untied, f"{original.name}: other ties"
            counts["fixtures loaded" + (" with weights_only" if restricted else "")] += 1
        with zipfile.ZipFile(saved) as archive:
            assert archive.testzip() is None
            if not OLD:
                byte_equal.append(same_bytes(expected, saved, archive, folder / "by_torch" / original.parent.name))
    if byte_equal:
        counts["fixtures with the same bytes as torch.save's, but for the id"] = sum(byte_equal)


def same_bytes(value, saved, archive, folder):
    """Would torch.save write the same file? Only the id may differ."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(value, folder / saved.name)
    ours, theirs = bytearray(saved.read_bytes()), bytearray((folder / saved.name).read_bytes())
    if len(ours) != len(theirs):
        return False
    info = archive.infolist()[-1]
    data = ours.index(archive.read(info))
    central = ours.rindex(info.filename.encode()) - 30
    for begin, count in ((data, 40), (data + 44, 4), (central, 4)):
        ours[begin : begin + count] = theirs[begin : begin + count] = bytes(count)
    return ours == theirs


def mixed(path):
    """One storage read as three dtypes."""
    for value in load_all(path):
        assert value["words"].tolist() == [0x01020304] * 6
        assert torch.equal(value["words"].view(torch.float32), value["floats"])
        assert value["bytes"].tolist() == [3 if sys.byteorder == "little" else 2] * 3
        assert len(set(storages(value, []))) == 1
        counts["ways of loading a storage of three dtypes"] += 1


def trees(folder):
    for kind in ("trees", "compact"):
        out = folder / f"{kind}_by_torch"
        out.mkdir()
        for path in sorted((folder / kind).glob("*.pth")):
            values = list(load_all(path, not OLD))
            for other in values[1:]:
                found = difference(values[0], other)
                assert not found, f"{path}: {found}"
            # A mapped tensor would keep the whole file as its storage.
            torch.save(values[0], out / path.name)
            counts[kind] += 1


def main():
    program = sys.argv[1]
    print(f"torch {torch.__version__}, Python {sys.version.split()[0]}")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        environment = {**os.environ, "SCONCE_SAVED": name, **({"SCONCE_SAVED_OLD": "1"} if OLD else {})}
        subprocess.run([program, "--minimal", "--test-case=saved for torch*"], env=environment, check=True)
        fixtures(folder / "fixtures")
        if not OLD:
            mixed(folder / "mixed.pth")
        trees(folder)
        subprocess.run([program, "--minimal", "--test-case=saved by torch*"], env=environment, check=True)
    for what, count in counts.items():
        print(f"  {count} {what}")


main()
