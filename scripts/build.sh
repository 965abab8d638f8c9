#!/usr/bin/env bash
# Configures and builds a preset: scripts/build.sh PRESET [TARGET...]   (release, dev, asan, tsan, fuzz)
set -euo pipefail
source "$(dirname "$0")/env.sh"
cd "$PORTOLAN_ROOT"
preset=${1:?usage: scripts/build.sh PRESET [TARGET...]}
shift
cmake --preset "$preset" >/dev/null
exec ninja -C "build/$preset" "$@"
