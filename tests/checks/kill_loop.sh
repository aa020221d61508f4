#!/usr/bin/env bash
# kill_loop.sh PROGRAM [KILLS] [SEED]: kills `PROGRAM train` by SIGKILL at random moments, KILLS times
# (50). After each kill the files must load, or the next command must say that nothing was begun; a
# run that is resumed until it ends must leave the same bytes as one that was never stopped.
set -euo pipefail
program=$(realpath "$1")
kills=${2:-50}
seed=${3:-1}
RANDOM=$seed
work=$(mktemp -d)
pid=
trap '[[ -z $pid ]] || kill -9 "$pid" 2>/dev/null; rm -rf "$work"' EXIT
export OMP_NUM_THREADS=2 OMP_WAIT_POLICY=passive

# A checkpoint after every batch, so that many kills land while one is written.
begin=(train randman --quiet --classes 3 --units 20 --steps 20 --train-samples 160 --test-samples 30
  --hidden 12,9 --batch 16 --epochs 12 --lr 1e-2 --validation 0.2 --dropout 0.1
  --checkpoint-seconds 1e-9)

fail() {
  echo "kill_loop: $* (seed $seed, after $killed kills)"
  ls -l "$run" 2>/dev/null || true
  cat "$work/log" 2>/dev/null || true
  exit 1
}
metrics() { sed -E 's/"(step_)?seconds":[^,]*,//g' "$1/metrics.jsonl"; }

# expect_refusal WORDS ARGS...: the program must fail and say so.
expect_refusal() {
  local words=$1
  shift
  if "$program" "$@" >"$work/log" 2>&1; then fail "was not refused: $*"; fi
  grep -qF "$words" "$work/log" || fail "expected '$words' from: $*"
}

# What a kill may leave behind.
check_files() {
  local file
  for file in "$run"/*; do
    case ${file##*/} in
      '*' | config.toml | metrics.jsonl | checkpoint.h5 | best.h5) ;;
      config.toml.partial | metrics.jsonl.partial | checkpoint.h5.partial | best.h5.partial)
        within_saving=$((within_saving + 1))
        ;;
      *) fail "left an unexpected file: $file" ;;
    esac
  done
  if [[ -e $run/checkpoint.h5 ]]; then
    "$program" info "$run/checkpoint.h5" >"$work/log" 2>&1 || fail 'checkpoint.h5 does not load'
    expect_refusal 'holds a run already' "${begin[@]}" --out "$run"
  else
    before_first=$((before_first + 1))
    expect_refusal 'no run to resume' train randman --resume --out "$run"
  fi
  if [[ -e $run/best.h5 ]]; then
    "$program" eval "$run" >"$work/log" 2>&1 || fail 'best.h5 cannot be evaluated'
  fi
}

check_result() {
  cmp "$whole/checkpoint.h5" "$run/checkpoint.h5" || fail 'checkpoint.h5 differs'
  cmp "$whole/best.h5" "$run/best.h5" || fail 'best.h5 differs'
  diff <(metrics "$whole") <(metrics "$run") || fail 'metrics.jsonl differs'
  [[ $(ls -A "$run") == $(ls -A "$whole") ]] || fail 'files are left over'
  finished=$((finished + 1))
  rm -rf "$run"
}

# Starts the run, or goes on with it. Sets `pid`.
start() {
  local arguments=("${begin[@]}" --out "$run")
  [[ -e $run/checkpoint.h5 ]] && arguments=(train --quiet --resume --out "$run")
  "$program" "${arguments[@]}" >"$work/log" 2>&1 &
  pid=$!
}

# Waits for the run. Returns its status.
finish() {
  local status=0
  wait "$pid" 2>/dev/null || status=$?
  pid=
  return $status
}

whole=$work/whole run=$work/killed
killed=0 finished=0 within_saving=0 before_first=0
begun=$(date +%s%N)
"$program" "${begin[@]}" --out "$whole" >"$work/log" 2>&1 || fail 'the uninterrupted run failed'
length=$((($(date +%s%N) - begun) / 1000)) # microseconds
echo "uninterrupted: $((length / 1000)) ms; seed $seed"

while ((killed < kills)); do
  start
  # Up to the run's whole length; early moments are likelier, so that kills fall at every stage, and
  # each fifth falls into the start of the program.
  delay=$((length * RANDOM / 32768 * RANDOM / 32768))
  ((killed % 5)) || delay=$((40000 * RANDOM / 32768))
  sleep "$(printf '%d.%06d' $((delay / 1000000)) $((delay % 1000000)))"
  kill -9 "$pid" 2>/dev/null || true
  status=0
  finish || status=$?
  case $status in
    0) check_result ;;
    137)
      killed=$((killed + 1))
      check_files
      ;;
    *) fail "ended with status $status" ;;
  esac
done
start
finish || fail 'the last run failed'
check_result
echo "$killed kills in $SECONDS s: $within_saving left a half-written file, $before_first no checkpoint" \
  "yet; $finished runs resumed to the end, each with the bytes of the uninterrupted one"
