#!/bin/sh
# The whole proof, in the order in which it fails fastest: form, types, directions, then the tests by folder.
set -eu
cd "$(dirname "$0")/.."
run() { echo "== $*"; "$@"; }
bin=.venv/bin
run $bin/ruff check .
run $bin/ruff format --check .
run $bin/mypy
run $bin/lint-imports
run $bin/python -m pytest -n 2 --dist loadgroup tests
