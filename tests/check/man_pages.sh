#!/usr/bin/env bash
# Formats every manual page with all warnings enabled; fails on any warning. Usage: man_pages.sh FOLDER
set -euo pipefail
command -v man >/dev/null || { echo "skipped: man is not installed"; exit 77; }
status=0
for page in "$1"/*.[1-8]; do
  warnings=$(LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=100 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null) || status=1
  if [[ -n "$warnings" ]]; then
    echo "$page: $warnings"
    status=1
  fi
done
exit "$status"
