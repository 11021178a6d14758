#!/bin/sh
# Builds the LibTorch peer against the headers and libraries of the torch wheel:  build.sh PYTHON OUTPUT
set -eu
source=$(dirname "$0")/peer.cpp
[ "$2" -nt "$source" ] && exit 0
torch=$("$1" -c 'import importlib.util, os; print(os.path.dirname(importlib.util.find_spec("torch").origin))')
# Only the CPU's libraries are linked, because libtorch.so of a wheel with CUDA brings all of CUDA. They still need CUPTI and the
# CUDA run time beside them there.
cuda=$(find "$torch/../nvidia" -name 'libcupti.so*' -o -name 'libcudart.so*' 2>/dev/null | sed 's|/[^/]*$||' | sort -u | sed 's|^|-Wl,-rpath-link,|')
mkdir -p "$(dirname "$2")"
"${CXX:-c++}" -std=c++20 -O2 -w -isystem "$torch/include" -isystem "$torch/include/torch/csrc/api/include" "$source" -o "$2" \
  -L"$torch/lib" -Wl,-rpath,"$torch/lib" $cuda -ltorch_cpu -lc10
