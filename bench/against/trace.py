#!/usr/bin/env python3
"""Writes a model as LibTorch takes it: traced, frozen (which folds batch norms), saved.  trace.py ROOT MODEL BATCH"""
import sys
import warnings

import torch

import models
from folder import Folder


@torch.no_grad()
def main():
    warnings.simplefilter("ignore")
    root, name, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
    folder = Folder(root, name, batch)
    if not folder.script.exists():
        module = models.load(name, folder.weights)
        torch.jit.freeze(torch.jit.trace(module, models.example(name, batch))).save(folder.script)


main()
