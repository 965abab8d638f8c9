#!/usr/bin/env bash
# Runs every fuzz target SECONDS long on its corpus: scripts/fuzz.sh SECONDS [TARGET...]
# Inputs found on the way go to build/fuzz/corpus, crashes to build/fuzz/crashes; a fixed crash belongs into
# tests/fuzz/corpus/NAME under a telling name. Prints `ok NAME` or `FAILED NAME` a target.
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$PORTOLAN_ROOT"
seconds=${1:?usage: scripts/fuzz.sh SECONDS [TARGET...]}
shift
scripts/build.sh fuzz fuzzers >/dev/null
mkdir -p build/fuzz/crashes build/logs

fuzz_one() {
  local target=$1 seconds=$2 name=${1%_fuzz}
  local found=build/fuzz/corpus/$name seeds=tests/fuzz/corpus/$name log=build/logs/fuzz-$name.log
  mkdir -p "$found"
  local words=(-max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1
    -artifact_prefix="build/fuzz/crashes/$name-")
  [ -f "tests/fuzz/$name.dict" ] && words+=(-dict="tests/fuzz/$name.dict")
  words+=("$found")
  [ -d "$seeds" ] && words+=("$seeds")
  if "build/fuzz/fuzzers/$target" "${words[@]}" >"$log" 2>&1; then
    echo "ok $name: $(sed -n 's/^stat::number_of_executed_units: *//p' "$log") inputs"
  else
    echo "FAILED $name: see $log"
    grep -E -m 3 'ERROR|runtime error|SUMMARY' "$log" || tail -5 "$log"
    return 1
  fi
}
export -f fuzz_one

if [ $# -gt 0 ]; then targets=("$@"); else
  targets=()
  for path in build/fuzz/fuzzers/*_fuzz; do [ -x "$path" ] && targets+=("$(basename "$path")"); done
fi
[ ${#targets[@]} -gt 0 ] || { echo "no fuzz targets"; exit 1; }
printf '%s\n' "${targets[@]}" | xargs -P "$(nproc)" -I{} bash -c "fuzz_one {} $seconds"
