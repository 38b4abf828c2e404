# make demo: environment, install, the main job on the embedded sample.   make test: everything CI runs.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help venv demo app docs test test-fast lint browser clean

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

venv: $(READY) ## A ready .venv/ with all extras

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "rationale needs Python 3.11 or newer: make PYTHON=python3.11 …"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[all]' --group dev
	touch $@

demo: $(READY) ## The full pipeline on the embedded sample; prints where the reports are
	$(BIN)/rationale demo --out runs/demo

app: $(READY) ## Open the demo's results in the browser
	$(BIN)/rationale demo --out runs/demo --open

docs: $(READY) ## The docs site, in docs/_build/html; needs no network, warnings are errors
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build/html
	@echo docs/_build/html/index.html

lint: $(READY) ## Style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

browser:
	@.ci/browser

test: $(READY) browser lint docs ## Everything CI runs
	$(BIN)/python eraser_data/make_sample.py --check
	$(BIN)/python -m pytest $(WORKERS)

test-fast: $(READY) ## What answers within a minute or two: no training, no browser
	$(BIN)/python -m pytest $(WORKERS) -m "not training and not browser and not slow and not gpu"

clean: ## Remove the environment and what runs left
	rm -rf .venv runs docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
