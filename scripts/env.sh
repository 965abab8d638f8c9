# Sourced by the other scripts: where things are, and how they are compiled.
PORTOLAN_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export PORTOLAN_ROOT
# Objects are found in ccache wherever the tree lies, and by every preset that compiles them alike.
export CCACHE_BASEDIR=$PORTOLAN_ROOT
export CCACHE_NOHASHDIR=1
export CCACHE_SLOPPINESS=${CCACHE_SLOPPINESS:-time_macros,include_file_mtime,include_file_ctime,pch_defines}
# Go for the API server of the cluster tests, where the machine's own is too old (scripts/setup.sh).
if [ -x "$PORTOLAN_ROOT/build/go/bin/go" ]; then
  export PATH="$PORTOLAN_ROOT/build/go/bin:$PATH"
fi
