#!/bin/sh
# Runs each fuzz program of a build for a while: run.sh BUILD [SECONDS]. Seeds are the checkpoints under tests/fixtures and
# tests/hostile, and tests/fuzz/seeds/<name>; what libFuzzer finds worth keeping stays in BUILD/corpus. A crash ends the run with
# its input in BUILD/crashes.
set -eu
build=${1:?usage: run.sh BUILD [SECONDS]}
seconds=${2:-30}
here=$(cd "$(dirname "$0")" && pwd)
seeds=$build/seeds
mkdir -p "$seeds" "$build/crashes"
for folder in "$here/../fixtures" "$here/../hostile"; do
  [ -d "$folder" ] || continue
  find "$folder" -type f -size -64k \( -name '*.pt' -o -name '*.pth' -o -name '*.th' -o -name '*.pkl' -o -name '*.bin' \) |
    while read -r file; do cp "$file" "$seeds/$(echo "${file#"$here/../"}" | tr / -)"; done
done
for program in "$build"/tests/fuzz/*_fuzz; do
  [ -x "$program" ] || continue
  name=$(basename "$program" _fuzz)
  corpus=$build/corpus/$name
  mkdir -p "$corpus"
  folders=$seeds
  [ -d "$here/seeds/$name" ] && folders="$here/seeds/$name"
  echo "fuzz: $name, $seconds seconds"
  "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
    -artifact_prefix="$build/crashes/$name-" "$corpus" "$folders" >"$build/fuzz-$name.log" 2>&1 || {
    tail -40 "$build/fuzz-$name.log"
    echo "fuzz: $name failed; the input is in $build/crashes"
    exit 1
  }
  grep -E 'number_of_executed_units|peak_rss_mb' "$build/fuzz-$name.log"
done
echo "fuzz: no crashes"
