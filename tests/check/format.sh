#!/usr/bin/env bash
# Fails when clang-format would change a source file. Usage: format.sh CLANG_FORMAT ROOT
set -euo pipefail
cd "$2"
mapfile -d '' files < <(find include src tests docs/examples -type f \( -name '*.cpp' -o -name '*.hpp' -o -name '*.h' -o -name '*.c' \) -print0)
[[ ${#files[@]} -gt 0 ]] || { echo "no source file found"; exit 1; }
printf '%s\0' "${files[@]}" | xargs -0 -n 20 -P "$(nproc)" "$1" --dry-run -Werror
echo "${#files[@]} files are formatted"
