# Usher: everything a newcomer, a tester and CI call. `make` alone lists the targets.
# The environment is .venv/; uv is used where it is installed, venv and pip where it is not.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
USHER := $(VENV)/bin/usher
ROOMS := agent api console customers evals policies prompts store tools server.py cli.py
ARGS ?=

.PHONY: help install install-dev demo serve test check eval bench bench-memory-1m soak long-tests mutants \
	lock contract clean

help: ## list these targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):[^#]*## /  \1\t/' | expand -t 20

# -- the environment ------------------------------------------------------------------------------------

# A Python of 3.11 to 3.13: what `python3` means here, if it is one of them, else the newest there is.
define find-python
for p in python3 python3.13 python3.12 python3.11 python; do \
  if $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null; \
  then command -v $$p; exit 0; fi; \
done; \
if command -v uv >/dev/null; then uv python find --no-python-downloads '>=3.11,<3.14' 2>/dev/null && exit 0; fi; \
echo "usher needs Python 3.11, 3.12 or 3.13 on the PATH and found none; install one, then run make again." >&2; \
exit 1
endef

# Locked versions with their hashes, then this folder itself; nothing is resolved or built elsewhere.
define install-lock
if command -v uv >/dev/null; then \
  uv pip install -q --python $(PY) --require-hashes --no-deps -r $(1); \
  uv pip install -q --python $(PY) --no-deps --no-build-isolation -e .; \
else \
  $(PY) -m pip install -q --disable-pip-version-check --no-compile --require-hashes --no-deps -r $(1); \
  $(PY) -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; \
fi
endef

$(PY):
	@python="$$( $(find-python) )"; \
	echo "making $(VENV)/ with $$python"; \
	if command -v uv >/dev/null; then uv venv -q --allow-existing --python "$$python" $(VENV); \
	elif ! "$$python" -m venv $(VENV); then \
	  rm -rf $(VENV); \
	  echo "$$python cannot make a virtual environment; on Debian and Ubuntu: apt install python3-venv" >&2; \
	  exit 1; \
	fi

$(VENV)/.installed: requirements.lock pyproject.toml | $(PY)
	@echo "installing what usher runs with (requirements.lock)"
	@$(call install-lock,requirements.lock)
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock pyproject.toml | $(PY)
	@echo "installing what tests and checks need (requirements-dev.lock)"
	@$(call install-lock,requirements-dev.lock)
	@touch $(VENV)/.installed $@

install: $(VENV)/.installed ## what usher runs with, into .venv/

install-dev: $(VENV)/.installed-dev ## and what tests and checks need

# -- using it -------------------------------------------------------------------------------------------

demo: install ## sample data through the real API, each decision with its why (ARGS=--once ends by itself)
	@$(USHER) demo $(ARGS)

serve: install ## the server on this machine (ARGS="--port 8000 --data DIR")
	@$(USHER) serve $(ARGS)

# -- checking it ----------------------------------------------------------------------------------------

test: install-dev ## every test, on all cores (ARGS="-k words" for some)
	@$(PY) -m pytest -n auto --dist loadfile $(ARGS)

check: install-dev ## style, types, and that imports point downwards
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m pytest -q tests/test_imports.py

contract: install ## the outlines of the design, asked from outside over HTTP
	@if [ -f ../shared/contract/check.py ]; then $(PY) ../shared/contract/check.py; \
	else echo "no contract beside this checkout (../shared/contract/check.py): nothing to ask"; fi

eval: install ## what the agents decide, measured
	@$(USHER) eval $(ARGS)

bench: install ## how fast, and at what cost
	@$(USHER) bench $(ARGS)

bench-memory-1m: install ## recall among up to a million vectors of other people; takes long
	@$(PY) -m evals.benches.memory 10000 100000 1000000

soak: install-dev ## a server killed, stopped and failed at, then judged from outside (ARGS=--quick)
	@$(PY) -m tests.soak $(ARGS)

long-tests: install-dev ## the tests that need long runs (ARGS="-k hostile" for some)
	@$(PY) -m pytest -m soak --timeout 3600 $(ARGS)

mutants: install-dev ## what the gate's tests would not notice; takes hours (ARGS=policies/quiet.py)
	@$(PY) -m evals.mutants $(ARGS)

# -- keeping it -----------------------------------------------------------------------------------------

COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-header --no-emit-index-url --no-emit-find-links

# The wider lock comes first and binds the narrower, so that both name the same versions.
lock: ## both locks anew from pyproject.toml (needs uv; UPGRADE=--upgrade takes newer versions)
	@command -v uv >/dev/null || { echo "make lock needs uv (pip install uv)" >&2; exit 1; }
	@printf 'setuptools>=77\n' | $(COMPILE) $(UPGRADE) --extra dev pyproject.toml - -o requirements-dev.lock
	@printf 'setuptools>=77\n' | $(COMPILE) -c requirements-dev.lock pyproject.toml - -o requirements.lock

clean: ## the environment and everything that tools leave behind
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis mutants
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
