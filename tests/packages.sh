# shellcheck shell=bash
# The Debian packages that are needed to build and test Hawser, and a function that installs them.
#
#   . tests/packages.sh; install_packages               everything
#   . tests/packages.sh; install_packages build demo    only these groups
#   sudo bash tests/packages.sh [GROUP...]              as a command
#
# Fast and silent when nothing is missing; it uses apt (and the network) only when something is.

declare -gA HAWSER_PACKAGES=(
  [build]="g++ cmake ninja-build ccache pkg-config git ca-certificates
    libboost1.81-dev libboost-json1.81-dev libssl-dev libcli11-dev libtomlplusplus-dev libgtest-dev
    libfmt-dev libspdlog-dev libnl-3-dev libnl-route-3-dev libc-ares-dev libseccomp-dev
    libusrsctp-dev"
  [demo]="nftables iproute2 iputils-ping iperf3 procps python3 tcpdump"
  [lint]="clang-14 libclang-rt-14-dev llvm-14 clang-tidy-14 clang-format-14 binutils python3 doxygen
    universal-ctags"
  [sweep]="mptcpize ngtcp2-client ngtcp2-server openssl python3-matplotlib"
  [packaging]="rpm dpkg-dev file binutils gzip man-db mmdebstrap"
)

install_packages() {
  local groups=("$@") group package missing=() as_root=()
  ((${#groups[@]})) || groups=(build demo lint packaging)
  for group in "${groups[@]}"; do
    [[ -v "HAWSER_PACKAGES[$group]" ]] || { echo "packages: no group '$group'" >&2; return 2; }
    for package in ${HAWSER_PACKAGES[$group]}; do
      [[ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" == installed ]] || missing+=("$package")
    done
  done
  ((${#missing[@]})) || return 0

  if [[ "$(id -u)" -ne 0 ]]; then
    command -v sudo >/dev/null || { echo "packages: need root to install: ${missing[*]}" >&2; return 1; }
    as_root=(sudo)
  fi
  echo "installing: ${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
  "${as_root[@]}" "${apt[@]}" update </dev/null &&
    "${as_root[@]}" "${apt[@]}" install -y --no-install-recommends "${missing[@]}" </dev/null >/dev/null || {
    echo "packages: apt-get could not install: ${missing[*]}" >&2
    return 1
  }
}

if [[ "${BASH_SOURCE[0]}" == "$0" ]]; then
  set -eu
  install_packages "$@"
fi
