#!/usr/bin/env bash
# lint.sh ROOT BUILD: clang-tidy over every source that BUILD (Ninja, already built) compiles.
# A file that passed is not read again until it, one of our headers that it includes, its compile
# command or .clang-tidy changes: build/lint/ holds one empty file for each state that passed.
set -euo pipefail
root=$(realpath "$1")
build=$(realpath "$2")
passed=$root/build/lint
mkdir -p "$passed"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# "object<TAB>source or header of ours", one line for each dependency that Ninja recorded.
ninja -C "$build" -t deps | awk -v root="$root/" -v build="$build/" '
  /^[^ ].*: #deps/ { object = substr($1, 1, length($1) - 1); next }
  /^ +/ {
    path = $1
    if (path !~ /^\//) path = build path
    while (sub(/\/[^\/]+\/\.\.\//, "/", path)) {}
    if (index(path, root) == 1 && index(path, build) != 1) print object "\t" path
  }' | sort -u >"$work/deps"

settings=$(cat "$root/.clang-tidy" "$root/tests/.clang-tidy" "$0" | sha256sum)
cut -f1 "$work/deps" | sort -u | while read -r object; do
  awk -F'\t' -v object="$object" '$1 == object { print $2 }' "$work/deps" >"$work/files"
  source=$(grep -E '\.cpp$' "$work/files" | head -n 1) || continue
  [[ -f $source ]] || continue
  key=$({ echo "$settings"; xargs sha256sum <"$work/files" 2>/dev/null || true; } | sha256sum |
    cut -d' ' -f1)
  [[ -e $passed/$key ]] || printf '%s\t%s\n' "$source" "$key"
done | sort -u -t $'\t' -k1,1 >"$work/todo"

tidy_one() {
  local source=${1%$'\t'*} key=${1##*$'\t'} checks=''
  # The analyzer raises false alarms inside Eigen's expression templates.
  grep -q '#include <Eigen' "$source" && checks='-clang-analyzer-*'
  if output=$(clang-tidy-14 --quiet --checks="$checks" --extra-arg=-Wno-unknown-warning-option \
    -p "$build" "$source" 2>&1); then
    touch "$passed/$key"
  else
    printf '%s\n' "$output"
    return 1
  fi
}
export -f tidy_one
export build passed

sources=$(grep -cE '\.cpp$' "$work/deps" || true)
echo "$(wc -l <"$work/todo") of $sources sources to check"
((sources > 0)) || { echo "$build: no source of ours is known to Ninja; build it first"; exit 1; }
xargs -r -d '\n' -P "$(nproc)" -n 1 bash -c 'tidy_one "$1"' _ <"$work/todo"
