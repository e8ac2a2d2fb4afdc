#!/usr/bin/env bash
# Runs clang-tidy over src/ on all cores; fails on any finding. Usage: tidy.sh BUILD_FOLDER [NAME_PATTERN]
# BUILD_FOLDER contains the compile_commands.json of a clang build (preset asan-ubsan): clang 14 rejects options of GCC.
set -euo pipefail
build=$(readlink -f "$1") pattern=${2:-}
cd "$(dirname "$0")/../.."
output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
run-clang-tidy-14 -clang-tidy-binary clang-tidy-14 -p "$build" -j "$(nproc)" -quiet "$PWD/src/.*$pattern.*" \
  >"$output" 2>&1 </dev/null || status=$?
files=$(grep -c '^clang-tidy-14 ' "$output" || true)
grep -Ev '^(clang-tidy-14 .*|[0-9]+ warnings? generated\.|)$' "$output" || true
((files > 0)) || { echo "clang-tidy checked no file"; exit 1; }
echo "clang-tidy: $files files, exit status $status"
exit "$status"
