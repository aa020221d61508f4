#!/usr/bin/env bash
# gpu_report.sh [--data DIR] [--out FILE] [--seconds N]: builds the CUDA backend, tests and measures it on the card of
# this machine, and writes one markdown file (gpu_report.md), and beside it the table of paths for --path-table
# (gpu_report.paths.json). DIR holds Fashion-MNIST; without it no epoch is trained.
# Every stage has a limit of its own, all together N seconds (600); what did not fit is said. The exit status is 1 when
# the build, a test, a sanitizer or a measurement failed.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
out=$PWD/gpu_report.md
data=
seconds=600

die() { printf 'gpu_report: %s\n' "$*" >&2; exit 1; }

while (($#)); do
  (($# > 1)) || die "$1 needs a value; see the head of $0"
  case $1 in
    --data) data=$(realpath -e "$2") || die "--data: there is no folder $2" ;;
    --out) out=$(realpath "$2") ;;
    --seconds) seconds=$2 ;;
    *) die "unknown option $1; expected --data DIR, --out FILE or --seconds N" ;;
  esac
  shift 2
done
[[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds: expected a whole number above 0, got '$seconds'"

command -v nvcc >/dev/null || [[ ! -x /usr/local/cuda/bin/nvcc ]] || PATH=$PATH:/usr/local/cuda/bin
command -v nvcc >/dev/null || die 'no nvcc on this machine: install the CUDA toolkit (12.0 or newer), or put its bin folder on the PATH'
command -v nvidia-smi >/dev/null || die 'no nvidia-smi on this machine, so no NVIDIA driver'
nvidia-smi -L 2>/dev/null | grep -q '^GPU' || die "nvidia-smi sees no card: $(nvidia-smi -L 2>&1 | head -n 1)"
touch "$out" 2>/dev/null || die "cannot write $out; choose another --out"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build=$root/build/cuda
program=$build/spiketape
tests=$build/tests/spiketape_tests
summary=()
failures=0

left() { echo $((seconds - SECONDS)); }

# stage TITLE LIMIT LINES COMMAND...: runs one stage for LIMIT seconds at most; the last LINES lines of its output go into
# the report.
stage() {
  local title=$1 limit=$2 lines=$3 begin=$SECONDS status=0 verdict
  shift 3
  ((limit <= $(left))) || limit=$(left)
  if ((limit < 5)); then
    summary+=("| $title | left out: no time left | |")
    return 1
  fi
  printf '[gpu_report] %s (at most %d s)\n' "$title" "$limit" >&2
  timeout --kill-after=10 "$limit" "$@" >"$work/log" 2>&1 || status=$?
  case $status in
    0) verdict=ok ;;
    124 | 137) verdict="stopped after $limit s" ;;
    *) verdict="**failed** (status $status)" ;;
  esac
  # A sanitizer is slow and may be cut short; what hangs elsewhere has failed.
  ((status == 0)) || { [[ $title == compute-sanitizer* ]] && ((status == 124 || status == 137)); } ||
    failures=$((failures + 1))
  summary+=("| $title | $verdict | $((SECONDS - begin)) s |")
  {
    printf '\n## %s\n\n' "$title"
    printf '    $ %s\n\n' "$*" | sed "s|$root/||g"
    tail -n "$lines" "$work/log" | sed 's/^/    /; s/[[:space:]]*$//'
  } >>"$work/details"
  return "$status"
}

# skip TITLE REASON: notes a stage that this machine cannot run.
skip() { summary+=("| $1 | skipped: $2 | |"); }

write_report() {
  local commit
  commit=$(git -C "$root" rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
  git -C "$root" diff --quiet HEAD 2>/dev/null || commit="$commit, with changes"
  {
    printf '# spiketape on a card\n\n'
    printf '| | |\n|---|---|\n'
    printf '| date | %s |\n' "$(date -u '+%Y-%m-%d %H:%M UTC')"
    printf '| commit | %s |\n' "$commit"
    nvidia-smi --query-gpu=index,name,compute_cap,memory.total,driver_version,power.limit --format=csv,noheader |
      sed 's/^/| card (index, name, capability, memory, driver, power limit) | /; s/$/ |/'
    printf '| toolkit | %s |\n' "$(nvcc --version | grep -o 'release [0-9.]*, V[0-9.]*' || echo unknown)"
    printf '| compiler | %s |\n' "$("${CXX:-c++}" --version | head -n 1)"
    printf '| processor | %s, %s cores |\n' "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(nproc)"
    printf '\n| stage | result | time |\n|---|---|---|\n'
    printf '%s\n' "${summary[@]}"
    cat "$work/details"
  } >"$out"
  printf '[gpu_report] %s\n' "$out" >&2
}

configure_and_build() {
  cmake -S "$root" --preset cuda ${launcher:+-DCMAKE_CXX_COMPILER_LAUNCHER=ccache} &&
    cmake --build "$build" --parallel "$(nproc)" --target spiketape_program spiketape_tests
}
export -f configure_and_build
launcher=$(command -v ccache || true)
export root build launcher

# Tests that run on every device, as doctest takes them; those of the programs are too slow under a sanitizer.
device_tests=$(cd "$root" && grep -rlE --include='test_*.cpp' 'available_devices|cards\(\)' tests | grep -v '^tests/apps/' |
  sed 's/^/*/' | paste -sd, -)

touch "$work/details"
stage 'build (preset cuda)' 420 15 bash -c configure_and_build || { write_report; exit 1; }
stage 'tests' 150 25 ctest --test-dir "$build" --parallel "$(($(nproc) < 4 ? $(nproc) : 4))" \
  --timeout 90 --output-on-failure -E 'header|install|killed|h5py|fuzz/|download' || true
stage 'the golden cases on the card' 30 3 "$program" verify --device cuda "$root"/tests/golden/*.h5 || true
stage 'bench all' 90 20 "$program" bench all --device cuda || true
stage 'bench of wider layers' 40 10 "$program" bench fmnist --device cuda --scan hidden=400,1000 || true
stage 'bench, deterministic' 40 20 "$program" bench all --device cuda --deterministic --no-dense || true
stage 'paths of a projection' 60 40 "$program" bench --paths --device cuda --batch 32 --repeats 20 \
  --json "${out%.md}.paths.json" || true
if [[ -n $data ]]; then
  stage 'one epoch of Fashion-MNIST' 60 12 "$program" train fmnist --data "$data" --device cuda --epochs 1 --quiet \
    --out "$work/run" || true
else
  skip 'one epoch of Fashion-MNIST' 'no --data DIR'
fi
if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck synccheck; do
    stage "compute-sanitizer $tool" 120 12 compute-sanitizer --tool "$tool" --error-exitcode 9 "$tests" \
      --source-file="$device_tests" || true
  done
else
  skip 'compute-sanitizer' 'not installed'
fi
if command -v ncu >/dev/null; then
  stage 'the sweeps under Nsight Compute' 60 120 ncu --kernel-name 'regex:sweep_forward_kernel|backpropagate_kernel' --launch-skip 40 \
    --launch-count 6 --section SpeedOfLight --section Occupancy --section LaunchStats \
    "$program" bench fmnist --device cuda --no-dense --repeats 5 || true
else
  skip 'the sweeps under Nsight Compute' 'no ncu on this machine'
fi
if python3 -c 'import torch' 2>/dev/null; then
  stage 'PyTorch on the same card' 150 30 python3 "$root/apps/bench_peer.py" --program "$program" || true
else
  skip 'PyTorch on the same card' 'python3 finds no torch'
fi
write_report
((failures == 0))
