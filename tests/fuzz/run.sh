#!/bin/sh
# Runs the fuzz programs of a build for a while each: run.sh BUILD [SECONDS [NAME...]]. ENGINE=afl runs them under afl-fuzz.
#
# Seeds are tests/fuzz/seeds/<name> and the small fixtures of the kind that the target reads; dictionaries are those of
# dictionaries/. What proves worth keeping stays in BUILD/corpus, so that the next run goes on from there. BUILD/executions.tsv
# gets a line for each run: name, executions, seconds, peak MiB. A crash, a leak, an execution of more than a second or of more
# than 1 GiB ends the run with its input in BUILD/crashes.
set -eu
build=${1:?usage: run.sh BUILD [SECONDS [NAME...]]}
seconds=${2:-60}
[ $# -gt 2 ] && shift 2 || set --
here=$(cd "$(dirname "$0")" && pwd)
fixtures=$here/../fixtures

# The small fixtures by kind, as their content says.
if [ ! -d "$build/seeds" ]; then
  for kind in zip tar pickle legacy safetensors; do mkdir -p "$build/seeds/$kind"; done
  find "$fixtures" "$here/../hostile" -type f -size -24k \( -name '*.p[tk]*' -o -name '*.np[yz]' -o -name '*.zip' -o -name '*.tar' \
    -o -name '*.bin' -o -name '*.safetensors' \) 2>/dev/null | while read -r file; do
    case $(dd if="$file" bs=1 count=4 2>/dev/null | od -An -tx1 | tr -d ' \n') in
      504b*) kind=zip ;;
      80??8a0a) kind=legacy ;;
      80* | 28* | 63*) kind=pickle ;;
      *)
        kind=safetensors
        [ "$(dd if="$file" bs=1 skip=257 count=5 2>/dev/null | tr -d '\0')" = ustar ] && kind=tar ;;
    esac
    cp "$file" "$build/seeds/$kind/$(echo "${file#"$fixtures/"}" | tr / -)"
  done
fi

kinds_of() {
  case $1 in
    load | scan) echo zip tar pickle legacy safetensors ;;
    zip | archive) echo zip ;;
    pickle | bare_pickle | program | torchscript) echo pickle ;;
    legacy | tar | safetensors) echo "$1" ;;
  esac
}
words_of() {
  case $1 in
    load | scan) echo pickle zip ;;
    pickle | bare_pickle | program | legacy) echo pickle ;;
    torchscript) echo pickle torchscript ;;
    zip | archive) echo zip ;;
    tar) echo tar pickle ;;
    json | safetensors | shards) echo json ;;
    data) echo array ;;
  esac
}

mkdir -p "$build/crashes" "$build/dictionaries"
for program in "$build"/tests/fuzz/*_fuzz; do
  [ -x "$program" ] || continue
  name=$(basename "$program" _fuzz)
  if [ $# -gt 0 ]; then case " $* " in *" $name "*) ;; *) continue ;; esac; fi
  dictionary=$build/dictionaries/$name.dict
  for words in $(words_of "$name"); do cat "$here/dictionaries/$words.dict"; done >"$dictionary"
  folders=""
  [ -d "$here/seeds/$name" ] && folders=$here/seeds/$name
  for kind in $(kinds_of "$name"); do folders="$folders $build/seeds/$kind"; done
  corpus=$build/corpus/$name
  mkdir -p "$corpus"
  log=$build/fuzz-$name.log
  echo "fuzz: $name, $seconds seconds"
  if [ "${ENGINE:-libfuzzer}" = afl ]; then
    mkdir -p "$build/afl/$name-in"
    # shellcheck disable=SC2086
    find $folders "$corpus" -type f -size -8k -exec cp {} "$build/afl/$name-in" \;
    AFL_SKIP_CPUFREQ=1 AFL_NO_UI=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_AUTORESUME=1 AFL_NO_AFFINITY=1 AFL_BENCH_UNTIL_CRASH=1 \
      afl-fuzz -V "$seconds" -i "$build/afl/$name-in" -o "$build/afl/$name" -x "$dictionary" -t 1000 -m none -- "$program" >"$log" 2>&1 ||
      { tail -20 "$log"; exit 1; }
    stats=$build/afl/$name/default/fuzzer_stats
    value() { sed -n "s/^$1 *: *//p" "$stats"; }
    printf '%s\t%s\t%s\t%s\n' "afl:$name" "$(value execs_done)" "$(value run_time)" "$(value peak_rss_mb)" | tee -a "$build/executions.tsv"
    if [ "$(value saved_crashes)" != 0 ] || [ "$(value saved_hangs)" != 0 ]; then
      echo "fuzz: $name failed; the inputs are in $build/afl/$name/default"
      exit 1
    fi
    continue
  fi
  begin=$(date +%s)
  # shellcheck disable=SC2086
  "$program" -max_total_time="$seconds" -timeout=1 -rss_limit_mb=1024 -max_len="${MAX_LEN:-8192}" -print_final_stats=1 -verbosity=1 \
    -dict="$dictionary" -artifact_prefix="$build/crashes/$name-" "$corpus" $folders >"$log" 2>&1 || {
    tail -40 "$log"
    echo "fuzz: $name failed; the input is in $build/crashes"
    exit 1
  }
  executed=$(sed -n 's/.*number_of_executed_units: *//p' "$log") peak=$(sed -n 's/.*peak_rss_mb: *//p' "$log")
  printf '%s\t%s\t%s\t%s\n' "$name" "$executed" "$(($(date +%s) - begin))" "$peak" | tee -a "$build/executions.tsv"
done
awk -F '\t' '{ n += $2 } END { printf "fuzz: no crashes; %d executions with this build so far\n", n }' "$build/executions.tsv"
