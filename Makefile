# The entry points. CI runs the same names (see .ci/run).
#
#   make demo      audit and load a real checkpoint, refuse its malicious twin
#   make setup     a development environment in .venv
#   make test      the quick suite, below 10 minutes;  make test-all  everything
#   make lint bench fuzz fuzz-guided goldens docs

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2
SECONDS_PER_TARGET ?= 60
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check --no-input

export OMP_NUM_THREADS := 1
export PYTHONHASHSEED := 0

.PHONY: demo setup test test-all lint format bench fuzz fuzz-guided goldens docs clean

demo: $(VENV)/.demo
	$(BIN)/python examples/demo.py

setup: $(VENV)/.dev

test: setup
	$(BIN)/python -m pytest -q -n $(JOBS) -m "not slow"

test-all: setup
	$(BIN)/python -m pytest -q -n $(JOBS)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.run

fuzz: setup
	$(BIN)/python -m tests.fuzz.run --seconds $(SECONDS_PER_TARGET)

fuzz-guided: setup
	$(PIP) atheris
	$(BIN)/python -m tests.fuzz.guided --seconds $(SECONDS_PER_TARGET)

goldens: setup
	$(BIN)/python -m tests.golden.write

docs: setup
	$(BIN)/python docs/generate.py

clean:
	rm -rf .bench .demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Each stamp is an environment that holds what its name needs; all share one .venv.

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt requirements-demo.txt | $(VENV)/bin/python
	$(PIP) -c constraints.txt -e '.[torch]'
	$(PIP) --no-deps --require-hashes -r requirements-demo.txt
	touch $@

$(VENV)/.dev: pyproject.toml constraints.txt requirements-demo.txt | $(VENV)/bin/python
	$(PIP) -c constraints.txt -e '.[dev]'
	$(PIP) --no-deps --require-hashes -r requirements-demo.txt
	touch $@

$(VENV)/.bench: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) -c constraints.txt -e '.[bench]'
	$(PYTHON) -m venv .venv-modelscan
	.venv-modelscan/bin/python -m pip install -qq --disable-pip-version-check --no-input modelscan==0.8.8
	touch $@
