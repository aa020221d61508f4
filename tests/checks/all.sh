# shellcheck shell=bash disable=SC2154
# Every check of the project, stage by stage; sourced by ./run (which has say, quietly and build).
# A failing stage does not stop the others: the end lists every stage and counts the tests.
shopt -s inherit_errexit

check_format() {
  cd "$root"
  git ls-files -z '*.cpp' '*.hpp' '*.cu' '*.cuh' | xargs -0 -r clang-format-14 --dry-run --Werror
}

build_with_warnings_as_errors() { build cpu all -DSPIKETAPE_WERROR=ON; }

# The emulated build compiles cuda/, too; what the first round has read is not read again.
lint() {
  "$root/tests/checks/lint.sh" "$root" "$root/build/cpu"
  "$root/tests/checks/lint.sh" "$root" "$root/build/asan"
}

# run_tests PRESET: ctest of a preset; its output is kept for the closing count.
run_tests() {
  cd "$root"
  ctest --preset "$1" --parallel "$(nproc)" 2>&1 | tee "$root/build/$1-tests.log"
}

sanitized() {
  build "$1" all
  run_tests "$1"
}

compile_cuda() {
  if ! find_nvcc; then
    echo 'skipped: no nvcc on this machine'
  else
    # The library alone: the other builds have compiled the programs and the tests.
    build cuda-compile spiketape -DSPIKETAPE_WERROR=ON -DSPIKETAPE_TESTS=OFF -DSPIKETAPE_APPS=OFF
  fi
}

# stage TITLE COMMAND...: runs one stage in a shell of its own and notes how it ended.
stage() {
  local title=$1 start=$SECONDS status
  shift
  printf '\n==== %s ====\n' "$title"
  set +e
  (
    set -e
    "$@"
  )
  status=$?
  set -e
  if ((status == 0)); then
    summary+=("$(printf 'ok      %4d s  %s' $((SECONDS - start)) "$title")")
  else
    summary+=("$(printf 'FAILED  %4d s  %s' $((SECONDS - start)) "$title")")
    failures=$((failures + 1))
  fi
}

# Adds up the closing lines of the ctest runs, and prints one in the same words.
print_count() {
  cat "$root"/build/*-tests.log 2>/dev/null | awk '
    /tests passed, .* tests? failed out of/ { failed += $4; total += $NF }
    END {
      percent = total ? int(100 * (total - failed) / total) : 0
      printf "%d%% tests passed, %d tests failed out of %d\n", percent, failed, total
    }'
}

run_all_checks() {
  summary=()
  failures=0
  mkdir -p "$root/build"
  rm -f "$root"/build/*-tests.log
  stage 'format (clang-format 14)' check_format
  stage 'build, warnings as errors (preset cpu)' build_with_warnings_as_errors
  stage 'tests, install and consume (preset cpu)' run_tests cpu
  stage 'address and undefined-behaviour sanitizers, emulated CUDA (preset asan)' sanitized asan
  stage 'lint (clang-tidy 14)' lint
  stage 'thread sanitizer, parallel parts (preset tsan)' sanitized tsan
  stage 'CUDA sources compile (preset cuda-compile)' compile_cuda
  printf '\n==== summary ====\n'
  printf '%s\n' "${summary[@]}"
  print_count
  ((failures == 0))
}
