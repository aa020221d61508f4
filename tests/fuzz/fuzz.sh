#!/usr/bin/env bash
# fuzz.sh ROOT [TARGET [SECONDS]]: feeds a reader with mutated files for a while (60 s), starting from
# tests/fuzz/corpus/TARGET and what earlier runs kept in build/fuzz/inputs/TARGET. Needs the fuzzers
# of the preset fuzz. Ends at the first input that crashes, hangs (10 s), asks for more than 512 MB at
# once or breaks a rule; that input lies in build/fuzz/found/ then. Without TARGET it lists them.
set -euo pipefail
root=$(realpath "$1") target=${2:-} seconds=${3:-60}
if [[ -z $target || ! -x $root/build/fuzz/tests/fuzz/fuzz_$target ]]; then
  echo 'targets:' "$(cd "$root/tests/fuzz" && printf '%s\n' fuzz_*.cpp | sed -E 's/^fuzz_(.*)\.cpp$/\1/' | xargs)"
  [[ -z $target ]]
  exit
fi
inputs=$root/build/fuzz/inputs/$target
found=$root/build/fuzz/found
mkdir -p "$inputs" "$found"

options=(-max_total_time="$seconds" -rss_limit_mb=1024 -malloc_limit_mb=512 -timeout=10
  -artifact_prefix="$found/$target-" -print_final_stats=1)
# libhdf5 leaks some bytes when it refuses a data set; the targets count open identifiers instead.
# The leaks add up to about 3 KB a run, so the whole process may grow; a single request may not.
leaks=1
case $target in checkpoint | event_*) leaks=0 options+=(-rss_limit_mb=6144) ;; esac
options+=(-detect_leaks=$leaks)
export OMP_NUM_THREADS=1 UBSAN_OPTIONS=print_stacktrace=1
export ASAN_OPTIONS=allocator_may_return_null=1:quarantine_size_mb=16:detect_leaks=$leaks
exec "$root/build/fuzz/tests/fuzz/fuzz_$target" "${options[@]}" "$inputs" \
  "$root/tests/fuzz/corpus/$target"
