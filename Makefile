# Every target does its own set-up in a fresh clone; `build/stamps` remembers what is done.
#   make run       the example directory behind Hedgerow
#   make test      lint, Rust tests, Python tests
# Set-up installs missing tools where root and Debian allow it, and otherwise says the exact command.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON := .venv/bin/python
BIN := .venv/bin
STAMPS := build/stamps
RUST := $(shell find crates -name '*.rs' -o -name Cargo.toml -o -path '*/data/*' -type f 2>/dev/null) Cargo.toml Cargo.lock
# Cargo may have been installed a moment ago, by rustup, into a folder that this shell does not know yet.
export PATH := $(HOME)/.cargo/bin:$(PATH)
# The same for clippy and maturin, or each would build the Python face anew for the other's interpreter.
export PYO3_PYTHON := $(CURDIR)/.venv/bin/python

.PHONY: help run test test-rust test-python lint bench wheel docs clean harvest people fuzz setup lock

help: ## Shows this list.
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

# --- set-up ---------------------------------------------------------------------------------------------------------

$(STAMPS)/tools-%: tools/setup.sh
	tools/setup.sh $*
	@mkdir -p $(@D) && touch $@

$(STAMPS)/venv: requirements-dev.lock $(STAMPS)/tools-base
	"$$(tools/setup.sh --python)" -m venv .venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@mkdir -p $(@D) && touch $@

# One dev build: the Python module and `cargo test` share its profile and its target folder.
$(STAMPS)/engine-dev: $(STAMPS)/venv $(RUST) pyproject.toml
	$(BIN)/maturin develop --quiet
	@rm -f $(STAMPS)/engine-release $(STAMPS)/engine-trained && mkdir -p $(@D) && touch $@

$(STAMPS)/engine-release: $(STAMPS)/venv $(RUST) pyproject.toml
	$(BIN)/maturin develop --quiet --release
	@rm -f $(STAMPS)/engine-dev $(STAMPS)/engine-trained && mkdir -p $(@D) && touch $@

# Built twice, and put under load in between: what is published, and what is measured.
$(STAMPS)/engine-trained: $(STAMPS)/venv $(RUST) pyproject.toml benches/training.py | $(STAMPS)/tools-bench
	$(BIN)/maturin develop --quiet --release --pgo
	@rm -f $(STAMPS)/engine-dev $(STAMPS)/engine-release && mkdir -p $(@D) && touch $@

$(STAMPS)/harvest-tools: requirements-harvest.lock $(STAMPS)/venv
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-harvest.lock
	@mkdir -p $(@D) && touch $@

setup: $(STAMPS)/engine-dev ## Installs everything and builds the engine (dev profile).

# --- what people ask for --------------------------------------------------------------------------------------------

run: $(STAMPS)/engine-release ## Starts the example directory behind Hedgerow and prints the addresses.
	$(PYTHON) tools/run_example.py

test: lint test-rust test-python ## Lint, Rust tests, Python tests; ends with pytest's summary line.

# The Python face is tested through Python: a test binary of it would need a libpython to link to, which few machines have.
test-rust: $(STAMPS)/venv
	cargo test --workspace --exclude hedgerow-python --quiet
	cargo build --quiet -p hedgerow-gateway --example pages # what tests/browser starts: built here, not within a test's time

GATEWAY_PART := tests/gateway $(wildcard tests/python/test_store_*.py)
BROWSER_PART := tests/browser tests/people $(wildcard tests/python/test_audit_*.py) \
	tests/python/console/test_api_schema.py tests/python/console/test_route_table.py
# Three parts side by side, about equally long: two mostly wait for gateways and for browsers. What those say is shown when all
# have ended, and the exit code is that of whichever failed.
test-python: $(STAMPS)/engine-dev $(STAMPS)/tools-test
	@mkdir -p build
	$(PYTHON) -m pytest -p no:cacheprovider $(GATEWAY_PART) >build/pytest-gateway.txt 2>&1 & gateway=$$!; \
	$(PYTHON) -m pytest -p no:cacheprovider $(BROWSER_PART) >build/pytest-browsers.txt 2>&1 & browsers=$$!; \
	failed=0; $(PYTHON) -m pytest tests/python $(addprefix --ignore=,$(filter tests/python/%,$(GATEWAY_PART) $(BROWSER_PART))) || failed=$$?; \
	wait $$gateway || failed=$$?; wait $$browsers || failed=$$?; \
	cat build/pytest-gateway.txt build/pytest-browsers.txt; exit $$failed

lint: $(STAMPS)/venv ## Format, clippy, ruff, mypy.
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --quiet -- -D warnings
	cargo clippy --manifest-path fuzz/Cargo.toml --target-dir target --locked --no-default-features --quiet -- -D warnings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: $(STAMPS)/venv $(STAMPS)/tools-bench ## The wheel that is published, in build/wheels: as fast as `make bench` says.
	$(BIN)/maturin build --quiet --release --pgo --locked --out build/wheels

bench: $(STAMPS)/engine-trained $(STAMPS)/tools-bench ## Speed beside nginx and HAProxy; writes build/bench.json.
	$(PYTHON) benches/gateway.py

harvest: $(STAMPS)/engine-release $(STAMPS)/harvest-tools $(STAMPS)/tools-harvest ## Real scrapers against the example; writes build/harvest.json.
	$(PYTHON) -m tests.harvest

people: $(STAMPS)/engine-release $(STAMPS)/tools-test ## Ordinary visitors in a real browser; writes build/people.json.
	$(PYTHON) -m tests.people

fuzz: $(STAMPS)/tools-fuzz ## Every fuzz target; SECONDS_EACH=600 by default.
	tools/fuzz.sh $${SECONDS_EACH:-600}

docs: $(STAMPS)/engine-dev ## Writes the generated reference pages and builds build/docs; a broken link is an error.
	PYTHONPATH=src $(PYTHON) tools/reference.py
	$(BIN)/sphinx-build --quiet --nitpicky --fail-on-warning --keep-going -b html -d build/doctrees docs build/docs
	@echo "build/docs/index.html"

lock: $(STAMPS)/venv ## Writes the requirement locks anew.
	$(PYTHON) -m pip install --quiet pip-tools
	PATH="$(CURDIR)/$(BIN):$$PATH" tools/lock.sh

clean: ## Removes everything that was built or installed here.
	rm -rf build target .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis site
	find src tests tools examples \( -name __pycache__ -o -name '*.so' \) -prune -exec rm -rf {} + 2>/dev/null || true
