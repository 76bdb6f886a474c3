PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install demo quick serve browser test bench-server bench-upgrade bench-generator bench-twin bench-gate april-2016 check lint types imports fmt lock clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v < (3, 14) else "antrean needs Python 3.11, 3.12 or 3.13; this is %d.%d. Name another: make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

install: $(VENV)/.installed ## Make the virtual environment with the pinned dependencies

demo: $(VENV)/.installed ## April 2016, measured and simulated; writes results/april-2016/<run>/report.html
	$(BIN)/antrean run april-2016

quick: $(VENV)/.installed ## The same in about 90 seconds, coarser
	$(BIN)/antrean run april-2016 --quick

serve: $(VENV)/.installed ## The mock server with its console and a few people a second, until Ctrl-C
	$(BIN)/antrean serve --demo

browser: ## Install Debian's Chromium for the console's tests, if it is missing and we may
	@command -v chromium >/dev/null && exit 0; \
	if [ "$$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then \
	  { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; } >/dev/null 2>&1; \
	fi; \
	command -v chromium >/dev/null || echo "no chromium, so the console is not tested in a browser; on Debian: apt-get install chromium"

test: $(VENV)/.installed browser ## Run the tests
	$(BIN)/python -m pytest -n 3 --dist loadfile --ignore tests/acceptance --ignore tests/loadtests
	@# What keeps time has the machine to itself, or nearly: the load side's tests wait most of the time.
	$(BIN)/python -m pytest tests/acceptance
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/loadtests

lint: $(VENV)/.installed ## Style: ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed ## Types: mypy, strict
	$(BIN)/mypy

imports: $(VENV)/.installed ## Imports go one way: import-linter
	$(BIN)/lint-imports

check: lint types imports test ## All that CI asks: lint, types, imports, tests

bench-server: $(VENV)/.installed ## The pipeline's cards a second against what the cores could do; writes results/benchmarks/server.json
	$(BIN)/python -m benchmarks.server

bench-upgrade: $(VENV)/.installed ## Each plan of the upgrade on the same day; writes results/benchmarks/upgrade.json and a chart; goes on where it was stopped
	$(BIN)/python -m benchmarks.upgrade

bench-generator: $(VENV)/.installed ## How punctual the load generator is at 2,000 arrivals a second; writes results/benchmarks/generator.json
	$(BIN)/python -m benchmarks.generator

bench-twin: $(VENV)/.installed ## Whether the twin predicts days it has not seen; writes results/benchmarks/twin.json and docs/twin-protocol.md; goes on where it was stopped
	$(BIN)/python -m benchmarks.twin

bench-gate: $(VENV)/.installed ## How often the gate errs and how small a slow-down it sees; writes results/benchmarks/gate.json; goes on where it was stopped; hours
	$(BIN)/python -m benchmarks.gate

april-2016: $(VENV)/.installed ## What is told of April 2016, held against the model; writes results/benchmarks/april-2016.json and two charts; goes on where it was stopped
	$(BIN)/python -m benchmarks.april_2016

fmt: $(VENV)/.installed ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Resolve requirements.lock afresh from pyproject.toml (needs uv)
	uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' --quiet --output-file requirements.lock

clean: ## Remove the virtual environment and caches; results stay
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
