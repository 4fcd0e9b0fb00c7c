# Two commands: `make demo` shows the ledger on real data, `make test` proves it. Both do their own set-up.
PORT ?= 8000
MINUTES ?= 5
DIR ?= var/demo

.PHONY: demo test check fuzz lock look clean
demo:
	tools/prepare.sh run
	.venv/bin/covid-ledger demo --dir "$(DIR)" --port $(PORT)

test:
	tools/prepare.sh test
	tools/test.sh

# Broken files for the reader, for MINUTES; stops at the first that ends without a name, and keeps it in var/fuzz.
fuzz:
	tools/prepare.sh test
	.venv/bin/python tools/fuzz_reader.py --minutes $(MINUTES)

# After changing dependencies in pyproject.toml.
lock:
	tools/prepare.sh test
	.venv/bin/python -m pip install --quiet uv
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header pyproject.toml -o requirements.lock
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf .venv var build *.egg-info

# The stylesheet, from public_site/look: needs Node, and the network once.
look:
	tools/look.sh
