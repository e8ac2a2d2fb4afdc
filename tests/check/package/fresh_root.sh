#!/usr/bin/env bash
# Installs the built deb, then the built rpm, into a fresh root of this Debian release, runs the programs there, removes
# the package, and checks that nothing is left. Needs root and the network.
# Usage: fresh_root.sh PACKAGES_FOLDER VERSION
set -euo pipefail

packages=$1 version=$2
[[ "$(id -u)" -eq 0 ]] || { echo "skipped: only root can make a root file system"; exit 77; }

only() {
  [[ $# -eq 1 && -s "$1" ]] || { echo "expected one package of version $version in $packages, found: ${*:-none}" >&2; exit 1; }
  readlink -f "$1"
}
shopt -s nullglob
HAWSER_DEB=$(only "$packages"/hawser_"$version"_*.deb)
HAWSER_RPM=$(only "$packages"/hawser-"$version"-*.rpm)
HAWSER_VERSION=$version HAWSER_CHECKS=$(dirname "$(readlink -f "$0")")
export HAWSER_DEB HAWSER_RPM HAWSER_VERSION HAWSER_CHECKS

# The mirrors and the proxy of this machine, and the release it runs: the programs were linked against its libraries.
. /etc/os-release
sources=()
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
  if [[ -s "$file" ]] && grep -qE "\b$VERSION_CODENAME\b" "$file"; then sources+=("$file"); fi
done
options=(--aptopt='Acquire::Retries "3"' --dpkgopt=force-unsafe-io)
while read -r option; do options+=(--aptopt="$option"); done \
  < <(apt-config dump | grep -E '^Acquire::https?::Proxy ' || true)

TMPDIR=$(mktemp -d /var/tmp/hawser-root.XXXXXX)
export TMPDIR
trap 'rm -rf --one-file-system "$TMPDIR"' EXIT
# shellcheck disable=SC2016
mmdebstrap --quiet --variant=apt --format=null "${options[@]}" \
  --customize-hook='bash "$HAWSER_CHECKS/in_root.sh" "$1"' "$VERSION_CODENAME" - "${sources[@]}"
