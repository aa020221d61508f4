#!/usr/bin/env bash
# includes.sh ROOT: each room includes only the rooms that the design allows, from the root.
set -euo pipefail
cd "$1"

declare -A allowed=(
  [core]='core'
  [cuda]='cuda core'
  [data]='data core'
  [autograd]='autograd core cuda'
  [layers]='layers autograd core'
  [apps]='apps layers data autograd core cuda spiketape.hpp'
)
failures=0
complain() {
  echo "$1:$2: $3"
  failures=$((failures + 1))
}

for room in "${!allowed[@]}"; do
  [[ -d $room ]] || continue
  while IFS=: read -r file line text; do
    target=${text#*\"}
    target=${target%%\"*}
    if [[ ! -f $target ]]; then
      complain "$file" "$line" "\"$target\" is not a path from the root of the project"
    elif [[ " ${allowed[$room]} " != *" ${target%%/*} "* ]]; then
      complain "$file" "$line" "$room/ must not include ${target%%/*} (allowed: ${allowed[$room]})"
    fi
  done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' \
    --include='*.cpp' --include='*.hpp' --include='*.cu' --include='*.cuh' "$room" || true)
done
# An angle include of a room would go round the rule.
while IFS=: read -r file line text; do
  complain "$file" "$line" "our own headers are included with quotes: $text"
done < <(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]*<(core|cuda|data|autograd|layers|apps)/' \
  --include='*.cpp' --include='*.hpp' --include='*.cu' --include='*.cuh' . || true)

((failures == 0)) || { echo "$failures includes break the rule"; exit 1; }
