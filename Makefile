# The tasks of the project. `make` alone lists them. Nothing here needs an activated environment or a certain path.

PYTHON ?= python3
JOBS ?= auto
N ?= 2000
SEED ?= 1
RUNS ?= 200
OPENCLAW ?= latest
ARGS ?=

PY := .venv/bin/python
PIP_INSTALL := -m pip install --quiet --no-input --disable-pip-version-check
PATHS := src tests tools $(wildcard bench examples)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: help setup demo test check gates lint format types layering sizes sim mutants fix fmt golden bench crash e2e-openclaw lock clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: .venv/.ready ## install everything the product and its tests need into .venv

demo: setup ## two real nodes, one delegated task, one killed on the way: the whole story in half a minute
	@$(PY) examples/demo.py

test: setup ## run the tests (ARGS="-k name" for some of them)
	@$(PY) -m pytest -n $(JOBS) $(ARGS)

check: gates test ## everything a change must pass, the tests last

gates: lint format types layering sizes sim mutants ## everything of `make check` before the tests

lint: setup ## ruff, with the banned calls
	@$(PY) -m ruff check $(PATHS)

format: setup ## is everything formatted?
	@$(PY) -m ruff format --check $(PATHS)

types: .venv/.types ## pyright, strict on src
	@$(PY) -m pyright

layering: setup ## who may import whom
	@.venv/bin/lint-imports --no-cache

sizes: setup ## no module over 400 lines, no function over 50, no module named utils
	@$(PY) tools/check_sizes.py

sim: setup ## whole nodes in virtual time under faults, RUNS worlds from seed SEED on
	@$(PY) -m tests.world --seed $(SEED) --runs $(RUNS) $(ARGS)

mutants: setup ## every seeded safety bug must be caught by worlds or by an aimed test
	@$(PY) -m tests.mutants --runs 30 $(ARGS)

fix: setup ## mend what ruff can mend, then format
	@$(PY) -m ruff check --fix $(PATHS)
	@$(PY) -m ruff format $(PATHS)

fmt: setup ## format only
	@$(PY) -m ruff format $(PATHS)

golden: setup ## write the golden files anew; review the difference before committing it
	@$(PY) -m pytest tests/golden tests/catalogue --golden $(ARGS)

bench: .venv-bench/.ready ## measure, with the rivals in the same run, and print the table
	@.venv-bench/bin/python -m bench $(ARGS)

crash: setup ## kill -9 either node at random during N tasks (N=2000)
	@$(PY) -m tests.process.crash --tasks $(N) $(ARGS)

e2e-openclaw: setup ## against a real OpenClaw from npm, the newest (OPENCLAW=2026.3.13 for another)
	@E2E_OPENCLAW=$(OPENCLAW) $(PY) -m pytest tests/e2e_openclaw -m e2e_openclaw $(ARGS)

lock: .venv-lock/.ready ## compile requirements/*.in to locked files with hashes
	@for name in base dev types bench lock; do \
	  echo "  $$name"; \
	  .venv-lock/bin/python -m piptools compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-header --no-config \
	    --no-emit-index-url --no-emit-find-links --no-emit-trusted-host $(ARGS) \
	    --output-file requirements/$$name.txt requirements/$$name.in || exit 1; \
	done

clean: ## remove what was built here, the environments too
	@rm -rf .venv .venv-bench .venv-lock build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache bench/out

# ── environments, each rebuilt when its lock changes ────────────────────────────────────────────────────────────────

%/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "make: no $(PYTHON) here; install Python 3.11 or newer, or name it: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: $(PYTHON) is $$($(PYTHON) -c 'import platform; print(platform.python_version())'); Gatepost needs 3.11 or newer: make PYTHON=python3.11" >&2; exit 1; }
	@echo "  making $* with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $* || { echo "make: could not make $*; where venv is a package of its own, install it (python3-venv)" >&2; rm -rf $*; exit 1; }

.PRECIOUS: %/bin/python

.venv/.ready: requirements/dev.txt pyproject.toml | .venv/bin/python
	@echo "  installing from requirements/dev.txt"
	@$(PY) $(PIP_INSTALL) --require-hashes -r requirements/dev.txt
	@$(PY) $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.types: requirements/types.txt .venv/.ready
	@echo "  installing from requirements/types.txt"
	@$(PY) $(PIP_INSTALL) --require-hashes -r requirements/types.txt
	@touch $@

.venv-bench/.ready: requirements/bench.txt pyproject.toml | .venv-bench/bin/python
	@echo "  installing from requirements/bench.txt"
	@.venv-bench/bin/python $(PIP_INSTALL) --require-hashes -r requirements/bench.txt
	@.venv-bench/bin/python $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

.venv-lock/.ready: requirements/lock.txt | .venv-lock/bin/python
	@.venv-lock/bin/python $(PIP_INSTALL) --require-hashes -r requirements/lock.txt
	@touch $@
