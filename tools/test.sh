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
# Halves by folder, so that what a folder shares is made once; who is done first takes from the other.
run $bin/python -m pytest -n "${LEDGER_TEST_PROCESSES:-2}" --dist worksteal tests
