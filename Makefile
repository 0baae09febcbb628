# Commands for people and CI. They need Python >= 3.11 and make; the rest goes into .venv.

PYTHON ?= python3
JOBS ?= 2
ARGS ?=
AGAINST ?= .git#branch=main

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PROTOS := $(wildcard contract/v1/*.proto)
BUILD := pyproject.toml hatch_build.py

# Bytecode stays out of the tree, but is kept: a test run starts Python a few hundred times.
unexport PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(VENV)/pycache

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test soak mutation lint bench breaking clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(STAMPS)/run $(STAMPS)/protos ## Run the default scenario; ARGS="--seed 3" passes arguments on.
	@$(BIN)/convoy-sim run $(ARGS)

test: $(STAMPS)/test $(STAMPS)/protos ## Run the whole test suite; ARGS="-k mailbox" passes arguments on.
	@$(BIN)/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

soak: $(STAMPS)/test $(STAMPS)/protos ## Run the long tests that `make test` leaves out.
	@$(BIN)/python -m pytest -n $(JOBS) -m soak --timeout 1800 --hypothesis-profile soak $(ARGS)

mutation: $(STAMPS)/test $(STAMPS)/protos ## Plant faults in the vital modules; see which their tests find.
	@$(BIN)/python -m tests.mutation $(ARGS)

lint: $(STAMPS)/test $(STAMPS)/protos ## Check style, types, floors and the wire format.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint

bench: $(STAMPS)/test $(STAMPS)/protos ## Measure; ratios within one run, never a verdict.
	@$(BIN)/python -m bench $(ARGS)

breaking: $(STAMPS)/test ## Compare the wire format with AGAINST (a branch, a tag, a commit).
	$(BIN)/buf breaking --against '$(AGAINST)'

clean: ## Remove the environment, generated code, caches and runs.
	rm -rf $(VENV) runs build dist .coverage* .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	rm -f contract/v1/*_pb2.py contract/v1/*_pb2.pyi contract/v1/generated.sha256
	find . -name __pycache__ -prune -exec rm -rf {} +

# Stamps live in the environment, so that they go with it. A stamp is as old as what it stands for;
# messages go to stderr, because `make run ARGS=--json` writes a document to stdout.

$(STAMPS)/venv:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "make: $(PYTHON) not found; set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "make: Python >= 3.11 is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1); set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "make: $(PYTHON) cannot make environments (on Debian: apt install python3-venv)" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS) && touch $@

# Installing compiles the protos as well (hatch_build.py), hence the touch of their stamp.
$(STAMPS)/run: $(STAMPS)/venv $(BUILD)
	@echo "make: installing the simulator into $(VENV)" >&2
	@$(PIP) install --editable '.[sim]' >&2
	@touch $(STAMPS)/protos $@

$(STAMPS)/test: $(STAMPS)/venv $(BUILD)
	@echo "make: installing everything the tests need into $(VENV)" >&2
	@$(PIP) install --editable '.[test]' >&2
	@touch $(STAMPS)/run $(STAMPS)/protos $@

# Where the compiler is not installed (after `make run` alone), a build fetches it for itself.
$(STAMPS)/protos: $(PROTOS) | $(STAMPS)/venv
	@if $(BIN)/python -c 'import grpc_tools' 2>/dev/null; then $(BIN)/python hatch_build.py; \
	  else $(PIP) install --no-deps --editable . >&2; fi
	@touch $@
