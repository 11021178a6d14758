#!/usr/bin/env python3
"""Writes what the engines take of one model: weights.pth, the input, the float64 output of PyTorch, and an ONNX graph.

    export.py ROOT MODEL BATCH
"""
import copy
import os
import sys

import numpy as np
import torch

import models
from folder import Folder


def write(path, write_to):
    """Under another name first, so that a half-written file is never taken for a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name("partial_" + path.name)
    write_to(temporary)
    os.replace(temporary, path)


@torch.no_grad()
def reference(module, x):
    """In float64, one example at a time: it need not be fast, and must not be large."""
    exact = copy.deepcopy(module).double()
    return torch.cat([exact(one if one.dtype == torch.int64 else one.double()) for one in x.split(1)])


def to_onnx(module, x, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    inner = getattr(module, "inner", module)
    if hasattr(inner, "set_attn_implementation"):  # written out, attention is what the engines know to fuse: 20 % faster there
        inner.set_attn_implementation("eager")
    torch.onnx.export(module, (x,), path, dynamo=True, external_data=True, verbose=False)


def main():
    root, name, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
    folder = Folder(root, name, batch)
    if folder.complete():
        return
    torch.set_num_threads(1)
    module, x = models.make(name), models.example(name, batch)
    if not folder.weights.exists():
        write(folder.weights, lambda path: torch.save(module.state_dict(), path))
    write(folder.input, lambda path: np.save(path, x.numpy()))
    expected = reference(module, x).float().numpy()
    to_onnx(module, x, folder.onnx)
    write(folder.output, lambda path: np.save(path, expected))  # last: it says that the folder is complete
    print(f"{name}, batch {batch}: {folder.path}", file=sys.stderr)


main()
