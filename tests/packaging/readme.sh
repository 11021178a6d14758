#!/usr/bin/env bash
# Compiles every C++ block of README.md, so that the page cannot drift from the library.
#   tests/packaging/readme.sh README.md COMPILER FLAGS...
# A block with main() is a program; any other is the body of a function that has a few things at hand.
set -eu
readme=$1; shift
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
awk -v folder="$work" '/^```cpp$/ { ++n; inside = 1; next } /^```$/ { inside = 0 } inside { print > (folder "/" n ".block") }' "$readme"
cat >"$work/prelude" <<'END'
#include <sconce/sconce.h>
#include <iostream>
using namespace sconce;
struct Net : nn::Module {
  nn::Linear fc{2, 1};
  void members(Walk& w) override { w("fc", fc); }
};
END
count=0
for block in "$work"/*.block; do
  unit=${block%.block}.cpp
  if grep -q 'int main()' "$block"; then cp "$block" "$unit"
  elif grep -q '^#include' "$block"; then cat "$work/prelude" "$block" >"$unit"
  else
    { cat "$work/prelude"
      echo 'void example(Net& net, nn::Linear& model, Tensor first_batch, Tensor first_labels, Tensor second_batch, Tensor second_labels) {'
      echo '  (void)net, (void)model; {'; cat "$block"; echo '}}'; } >"$unit"
  fi
  "$@" -std=c++20 -fsyntax-only "$unit" || { echo "packaging: this block of README.md does not compile:"; cat "$block"; exit 1; }
  count=$((count + 1))
done
[ "$count" -gt 5 ] || { echo "packaging: found only $count C++ blocks in README.md"; exit 1; }
echo "packaging: $count blocks of README.md compile"
