#!/usr/bin/env bash
# h5py_interop.sh PROGRAM: event files that h5py writes with times of 16, 32 and 64 bits, units of 8, 16
# and 64, compressed or not, train to the same bits, and h5py reads what `convert nmnist` writes. With
# Debian's python3 and python3-h5py; exit status 77 without.
set -euo pipefail
program=$(realpath "$1")
python=(/usr/bin/python3 "$(dirname "$(realpath "$0")")/h5py_interop.py")
if ! /usr/bin/python3 -c 'import h5py' 2>/dev/null; then
  echo 'skipped: no h5py; apt-get install python3-h5py'
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive
cd "$work"

"${python[@]}" write .
metrics() { sed -E 's/"(step_)?seconds":[^,]*,//g' "$1/metrics.jsonl"; }

first=
files=0
for folder in float*; do
  "$program" train spoken-digits --data "$folder" --out "run-$folder" --quiet --epochs 1 \
    --hidden 20 --batch 16 --calibrate 5 --repeats keep >"log-$folder" || {
    cat "log-$folder"
    exit 1
  }
  "$program" info "$folder/train_shd.h5" | tail -n +2 | grep -v -E '^  (units|times) ' >"info-$folder"
  files=$((files + 1))
  if [[ -z $first ]]; then
    first=$folder
    continue
  fi
  "${python[@]}" compare "run-$first" "run-$folder"
  diff <(metrics "run-$first") <(metrics "run-$folder")
  diff "info-$first" "info-$folder"
done
((files == 18)) || { echo "expected 18 kinds of files, found $files"; exit 1; }
"$program" info float16-int64-gzip/train_shd.h5 | grep -qE 'units +int64, 0 to 255'
"$program" info float16-int64-gzip/train_shd.h5 | grep -qE 'times +float16, 0 to '

"$program" convert nmnist raw/nmnist converted.h5 --quiet
mkdir expected
"${python[@]}" read converted.h5 expected
cmp raw/nmnist/7/00001.bin expected/nmnist/7/00001.bin
echo "$files kinds of files by h5py train to the same bits; h5py reads the converted file"
