# Everything runs in .venv, made from pyproject.toml and the pins of constraints.txt. No other set-up is needed.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
EXTRAS ?= dev
PORT ?= 4200
JOBS ?= 2
# pinned: constraints.txt; lowest or latest: what pyproject.toml allows
RESOLUTION ?= pinned
# cache: make docs executes changed notebooks; off: it shows them without results
NOTEBOOKS ?= cache
RESOLVE_pinned := --constraints constraints.txt
RESOLVE_lowest := --resolution lowest-direct
RESOLVE_latest := --resolution highest
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help setup azurite demo test soak lint docs serve bench constraints clean picture

help: ## list these targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 14

setup: $(READY) ## make .venv with the pinned dependencies

$(READY): pyproject.toml constraints.txt hatch_build.py spatialcore/annotation/model/scores.c
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@VIRTUAL_ENV=$(CURDIR)/$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode $(RESOLVE_$(RESOLUTION)) --editable '.[$(EXTRAS)]'
	@touch $@

azurite: $(READY) ## install the Azure emulator for the tests of az:// (needs npm)
	@test -x $(VENV)/node_modules/.bin/azurite-blob || npm install --silent --no-audit --no-fund --no-save --prefix $(VENV) azurite@3

demo: $(READY) ## annotate a section of pancreas: references -> model -> calls -> plots -> store
	@$(BIN)/python -m flows.demo

picture: $(READY) ## draw the picture of the README anew, from the section of the demo
	@$(BIN)/spatialcore demo --out demo/library
	@$(BIN)/python tools/make_result_picture.py demo/library/pancreas_section/annotated.h5ad docs/img/result.png

test: $(READY) ## run the tests (JOBS=2 processes)
	@OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(JOBS) --dist loadgroup

soak: $(READY) ## run the tests of long outages (ten minutes)
	@$(BIN)/python -m pytest -q -m soak

lint: $(READY) ## ruff, mypy and codespell
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/codespell

docs: $(READY) ## build the documentation site into docs/_build/html; warnings are errors
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -D nb_execution_mode=$(NOTEBOOKS) --builder html docs docs/_build/html

serve: $(READY) ## Prefect server with its UI on 127.0.0.1, deployments served
	@$(BIN)/python -m deployments.serve --port $(PORT)

bench: $(READY) ## measure a small run as a whole: CPU seconds and peak memory
	@$(BIN)/python -m benchmarks.cost.scale

constraints: ## pin anew what pyproject.toml asks for
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header --extra dev pyproject.toml -o constraints.txt

clean: ## remove .venv and caches
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache demo docs/_build docs/api/generated
