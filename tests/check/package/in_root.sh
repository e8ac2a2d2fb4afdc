#!/usr/bin/env bash
# fresh_root.sh runs this inside mmdebstrap; $1 is the fresh root file system.
set -euo pipefail
root=$1
scratch=$root/var/tmp
export DEBIAN_FRONTEND=noninteractive

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# The files that the package must contain; it may contain others.
expected_files() {
  cat <<'FILES'
/usr/sbin/hawserd
/usr/bin/hawser
/usr/lib/systemd/system/hawser@.service
/usr/lib/systemd/system/hawser-kill-switch@.service
/usr/lib/sysusers.d/hawser.conf
/usr/share/doc/hawser/LICENSE
/usr/share/doc/hawser/README.md
/usr/share/doc/hawser/changelog.gz
/usr/share/doc/hawser/copyright
/usr/share/man/man1/hawser.1.gz
/usr/share/man/man5/hawser.toml.5.gz
/usr/share/man/man8/hawserd.8.gz
FILES
  local examples=("$HAWSER_CHECKS"/../../../conf/*.toml) example
  [[ -e "${examples[0]}" ]] || fail "conf/ contains no example"
  for example in "${examples[@]}"; do echo "/usr/share/doc/hawser/examples/${example##*/}"; done
}

exists() { [[ -e "$root$1" || -L "$root$1" ]]; }

# check_content LIST: every expected file is in LIST, and every file of LIST is on disk.
check_content() {
  local path
  while read -r path; do
    grep -qxF -- "$path" "$1" || fail "the package does not contain $path"
  done < <(expected_files)
  while read -r path; do
    exists "$path" || fail "$path is listed, but was not installed"
  done <"$1"
  [[ "$(chroot "$root" stat -c %U:%G:%a /etc/hawser)" == root:hawser:2750 ]] ||
    fail "/etc/hawser: $(chroot "$root" stat -c %U:%G:%a /etc/hawser)"
}

# The user that hawserd becomes: without a password, a shell, or other groups.
check_user() {
  local entry
  entry=$(chroot "$root" getent passwd hawser) || fail "there is no user hawser"
  [[ "$entry" == hawser:*:/usr/sbin/nologin ]] || fail "the user hawser may log in: $entry"
  [[ "$(chroot "$root" id -nG hawser)" == hawser ]] || fail "groups of hawser: $(chroot "$root" id -nG hawser)"
}

# Exposure as systemd-analyze rates it, times ten. What is left: hawserd needs the network, and the
# rights to become its user; the kill switch is set by root with the rights for routing alone.
readonly exposure=22

# Units of this machine's systemd, as the fresh root has none. $1: the name.
check_unit() {
  local unit=$root/usr/lib/systemd/system/$1 copy=$scratch/$1 output
  if ! command -v systemd-analyze >/dev/null; then
    echo "no systemd-analyze on this machine: the unit is not checked"
    return
  fi
  # Its program is in the fresh root.
  sed 's|^ExecStart=\(!\?\)[^ ]*|ExecStart=\1/bin/true|' "$unit" >"$copy"
  output=$(systemd-analyze verify --man=no "$copy" 2>&1) || fail "systemd-analyze verify: $output"
  [[ -z "$output" ]] || fail "systemd-analyze verify: $output"
  output=$(systemd-analyze security --offline=yes --threshold=$exposure --no-pager "$copy" 2>&1) ||
    fail "systemd-analyze security: $output"
  tail -n 1 <<<"$output"
}

check_programs() {
  local program output
  for program in hawserd hawser; do
    output=$(chroot "$root" "$program" --version) || fail "$program --version: exit status $?"
    [[ "$output" == *"$HAWSER_VERSION"* ]] || fail "$program --version prints '$output', not $HAWSER_VERSION"
    chroot "$root" "$program" --help >/dev/null || fail "$program --help: exit status $?"
    echo "$program --version: $output"
  done
  output=$(chroot "$root" sh -c 'hawser genkey | hawser pubkey') || fail "hawser genkey | hawser pubkey: exit status $?"
  [[ ${#output} -eq 44 ]] || fail "hawser pubkey prints '$output'"
}

# check_nothing_left LIST: no file of LIST is on disk, except those that were there before.
check_nothing_left() {
  local path left
  while read -r path; do
    ! exists "$path" || grep -qxF -- "$root$path" "$scratch/before" || fail "$path was left behind"
  done <"$1"
  left=$(find "$root/etc" "$root/usr" "$root/run" -iname '*hawser*')
  [[ -z "$left" ]] || fail "left behind: $left"
  echo "$(wc -l <"$1") paths installed and removed"
}

# Installs the libraries first, so that the package manager only installs the package itself; dpkg checks the
# dependencies.
install_dependencies() {
  chroot "$root" apt-get satisfy -qq -y --no-install-recommends "$(dpkg-deb -f "$HAWSER_DEB" Depends)" >/dev/null
  find "$root" -xdev -path "$root/proc" -prune -o -print >"$scratch/before"
}

deb() {
  cp "$HAWSER_DEB" "$scratch/hawser.deb"
  chroot "$root" dpkg -i /var/tmp/hawser.deb
  [[ "$(chroot "$root" dpkg-query -W -f='${db:Status-Abbrev}' hawser)" == "ii " ]] || fail "dpkg did not configure it"
  chroot "$root" dpkg-query -L hawser | grep -vx '/\.' >"$scratch/deb"
  check_content "$scratch/deb"
  [[ -z "$(chroot "$root" dpkg --verify hawser)" ]] || fail "dpkg --verify found differences"
  check_user
  grep -qx 'User=hawser' "$root/usr/lib/systemd/system/hawser@.service" || fail "the unit runs as root"
  check_unit hawser@.service
  check_unit hawser-kill-switch@.service
  check_programs
  chroot "$root" dpkg --purge hawser
  check_nothing_left "$scratch/deb"
  chroot "$root" userdel hawser  # a system user outlives its package; the rpm creates it again
}

# rpm in a Debian root cannot resolve dependencies: the libraries are installed already, so --nodeps.
rpm_() {
  rpm --root "$root" --initdb
  rpm --root "$root" --nodeps -i "$HAWSER_RPM"
  rpm -qlp "$HAWSER_RPM" 2>/dev/null >"$scratch/rpm"
  check_content "$scratch/rpm"
  [[ "$(rpm --root "$root" -q --qf '%{VERSION} %{LICENSE}' hawser 2>/dev/null)" == "$HAWSER_VERSION Apache-2.0" ]] ||
    fail "the rpm's header is wrong"
  rpm --root "$root" -V --nodeps hawser || fail "rpm -V found differences"
  check_user
  check_programs
  rpm --root "$root" --nodeps -e hawser
  check_nothing_left "$scratch/rpm"
}

install_dependencies
deb
rpm_
