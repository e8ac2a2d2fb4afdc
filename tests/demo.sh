#!/usr/bin/env bash
# Installs missing packages, builds Hawser and runs the demonstration: two NATed uplinks, bonded, in network namespaces.
# For a fresh Debian 12; it can be repeated. Apart from the build it takes less than two minutes.
#
#   sudo tests/demo.sh                  prints its progress and a table
#   sudo tests/demo.sh --json FILE      also writes the figures as JSON
#
# The table reports figures below their floor; the exit status is 0 unless the demonstration could not run or the
# association broke.
set -euo pipefail

json=()
case "${1:-}" in
  "") ;;
  --json)
    [[ $# -eq 2 && -n "$2" ]] || { echo "demo.sh: --json needs a file name" >&2; exit 2; }
    json=(--json "$(realpath -m "$2")")
    ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
cd "$(dirname "$(readlink -f "$0")")/.."
if [[ "$(id -u)" -ne 0 ]]; then
  echo "the demonstration creates network namespaces: run 'sudo tests/demo.sh'" >&2
  exit 2
fi
export HOME="${HOME:-/root}" LC_ALL=C.UTF-8

. tests/packages.sh
install_packages build demo
echo "building (build/release)"
cmake --preset release -Wno-dev >/dev/null
cmake --build --preset release --target hawserd hawser linkem
HAWSER_BUILD_DIR=$PWD/build/release exec /usr/bin/python3 -B tests/system/demo.py "${json[@]}"
