# One command each; `make` alone says which. Needs make and Python >= 3.11 with venv, and the network only
# when the environment in .venv is missing or pyproject.toml has changed since it was made.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
RUNTIME := $(VENV)/.installed
DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help run demo venv test fuzz torture lint bench wheel deb clean
.DELETE_ON_ERROR:

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-7s %s\n", $$1, $$2 }' Makefile

run: $(RUNTIME) ## audit this machine: environment, settings, first approval, then the daemon in the foreground
	@test -f .driftd/driftd.yaml || $(BIN)/driftd init --into .driftd --yes --approve || test $$? -eq 3
	@exec $(BIN)/driftd run --config .driftd/driftd.yaml

demo: $(RUNTIME) ## the outage of 2023-06-01, replayed in a sandbox
	@exec $(BIN)/driftd demo

venv: $(RUNTIME) ## the environment in .venv, with the command driftd in it

test: lint ## ruff, mypy and every test
	$(BIN)/python -m compileall -q driftd tests # once, for the thousand processes that tests start
	$(BIN)/pytest --numprocesses=$$(( $$(nproc) + 1 )) --dist=loadfile

fuzz: $(DEV) ## the tests that draw their examples, with many times as many, at random
	HYPOTHESIS_PROFILE=deep $(BIN)/pytest tests/unit/formats/test_fuzz.py tests/unit/meaning tests/unit/compare

torture: $(DEV) ## a long ordeal for the daemon, as root: SECONDS=600, SEED=, CHAPTERS= tell one again
	$(BIN)/python -m tests.system.torture $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED)) $(if $(CHAPTERS),--chapters $(CHAPTERS))

lint: $(DEV) ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(DEV) ## the programs of bench/, one after the other
	@set -e; for program in bench/*.py; do \
		test -f "$$program" || { echo "bench/ holds no program"; break; }; \
		echo "== $$program"; $(BIN)/python "$$program"; \
	done

wheel: $(DEV) ## wheel and source distribution, in dist/
	$(BIN)/hatchling build

deb: ## the Debian package, with all libraries in it, in dist/
	$(PYTHON) packaging/deb.py

clean: ## remove the environment; .driftd, which holds approvals, stays
	rm -rf $(VENV) build dist

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "driftd needs Python 3.11 or newer: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' || \
		{ echo "$(PYTHON) has no venv module: on Debian and Ubuntu, apt install python3-venv" >&2; exit 1; }
	@echo "making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(RUNTIME): pyproject.toml | $(BIN)/python
	@echo "installing driftd into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	@echo "installing driftd and what its tests need into $(VENV)"
	@$(PIP) install --editable '.[dev]'
	@touch $@ $(RUNTIME)
