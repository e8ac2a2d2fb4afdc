#!/usr/bin/env bash
# Installs missing packages, builds Hawser and runs every test. For a fresh Debian 12; it can be repeated.
#
#   sudo tests/run.sh           everything: release with all tests, packages, sanitizers with fuzzing, clang-tidy
#   sudo tests/run.sh --quick   the release build and its tests only
#
# The last line is "N passed, M failed"; the exit status is 0 only when M is 0.
set -uo pipefail

quick=no
case "${1:-}" in
  "") ;;
  --quick) quick=yes ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0"; exit 2 ;;
esac
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
if [[ "$(id -u)" -ne 0 ]]; then
  echo "the system tests create network namespaces: run 'sudo tests/run.sh'" >&2
  exit 2
fi
exec </dev/null
export HOME="${HOME:-/root}" LC_ALL=C.UTF-8
reports=$PWD/build/reports
jobs=$(nproc)
passed=0 failed=0 summary=() closing=() skipped=() broken=()

heading() { printf '\n=== %s\n' "$*"; }

count() {  # count NAME PASSED FAILED SECONDS
  passed=$((passed + $2)) failed=$((failed + $3))
  summary+=("$(printf '%-34s %5d passed %4d failed %5d s' "$@")")
}

# step NAME COMMAND...: a preparation for the tests. It only counts when it fails.
step() { run_counted 0 "$@"; }

# check NAME COMMAND...: a test outside ctest.
check() { run_counted 1 "$@"; }

run_counted() {
  local worth=$1 name=$2 begin=$SECONDS status=0
  shift 2
  heading "$name"
  "$@" || status=$?
  if ((status == 0)); then
    count "$name" "$worth" 0 $((SECONDS - begin))
  else
    echo "*** $name failed: exit status $status"
    broken+=("$name (exit status $status)")
    count "$name" 0 1 $((SECONDS - begin))
  fi
  return "$status"
}

# build PRESET: configures and builds.
build() { cmake --preset "$1" -Wno-dev && cmake --build --preset "$1"; }

# suite PRESET: runs the tests of a built preset, and counts each of them.
suite() {
  local preset=$1 begin=$SECONDS junit=$reports/$1.xml log=$reports/$1.log numbers
  heading "tests: $preset"
  rm -f "$junit"
  ctest --preset "$preset" --parallel "$jobs" --output-junit "$junit" 2>&1 | tee "$log"
  if [[ ! -s "$junit" ]]; then
    broken+=("$preset: ctest wrote no report")
    count "tests: $preset" 0 1 $((SECONDS - begin))
    return 1
  fi
  numbers=$(python3 - "$junit" <<'PYTHON'
import sys, xml.etree.ElementTree as tree
passed, notes = 0, []
for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
    status, note = case.get("status"), case.find("skipped")
    by_itself = note is not None and note.get("message", "").startswith("SKIP_")  # not: no program, no fixture
    if status == "run":
        passed += 1
    else:
        notes.append(("skipped " if by_itself or status == "disabled" else "failed ") + case.get("name"))
print(passed, sum(note.startswith("failed") for note in notes), *notes, sep="\n")
PYTHON
  ) || numbers=$'0\n1'
  while read -r kind name; do
    [[ "$kind" == skipped ]] && skipped+=("$preset: $name")
    [[ "$kind" == failed ]] && broken+=("$preset: $name")
  done < <(tail -n +3 <<<"$numbers")
  closing+=("$preset: $(grep -E '^[0-9]+% tests passed' "$log" | tail -n 1)")
  # shellcheck disable=SC2046
  count "tests: $preset" $(head -n 2 <<<"$numbers") $((SECONDS - begin))
}

finish() {
  local line
  heading "summary after $SECONDS s"
  printf '%s\n' "${summary[@]}"
  for line in "${skipped[@]}"; do echo "skipped: $line"; done
  for line in "${broken[@]}"; do echo "FAILED:  $line"; done
  printf '%s\n' "${closing[@]}"
  echo "$passed passed, $failed failed"
  ((failed == 0 && passed > 0))
  exit
}

mkdir -p "$reports"
. tests/packages.sh
step "install packages" install_packages || finish
if step "build release" build release; then
  [[ "$quick" == yes ]] || check "make the packages" cmake --workflow --preset package
  suite release
fi
[[ "$quick" == no ]] || finish
if step "build asan-ubsan" build asan-ubsan; then
  suite asan-ubsan
  check "clang-tidy" tests/check/tidy.sh build/asan-ubsan
fi
finish
