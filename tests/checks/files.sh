#!/usr/bin/env bash
# files.sh ROOT BUILD: no source is above 400 lines, and none is left out of the build or the tests.
set -euo pipefail
cd "$1"
commands=$2/compile_commands.json
# A build for the CPU compiles nothing of cuda/.
without=
grep -qF "\"file\": \"$PWD/cuda/" "$commands" || without='cuda/*'
failures=0
complain() {
  echo "$*"
  failures=$((failures + 1))
}
rooms=()
for room in core cuda autograd layers data apps tests; do
  [[ -d $room ]] && rooms+=("$room")
done

while read -r lines file; do
  [[ $file == total ]] || ((lines <= 400)) || complain "$file has $lines lines; split it (at most 400)"
done < <(find "${rooms[@]}" \( -name '*.[ch]pp' -o -name '*.cu' -o -name '*.cuh' \) -exec wc -l {} +)

while read -r file; do
  grep -qF "\"file\": \"$PWD/$file\"" "$commands" || complain "$file is not compiled"
done < <(find "${rooms[@]}" -name '*.cpp' -not -path 'tests/consumer/*' \
  -not -path 'tests/cuda_emulation/*' -not -path "$without")

while read -r file; do
  [[ $(basename "$file") == test_* ]] || complain "$file holds tests but is not named test_*.cpp"
done < <(grep -rlE '^TEST_CASE' --include='*.cpp' tests)

((failures == 0))
