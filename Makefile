# make run: everything, from nothing to a conversation.  make test: all checks.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test index clean

run: $(VENV)/.installed
	@$(BIN)/python scripts/reindex.py; status=$$?; [ $$status -le 1 ] || exit $$status
	@exec $(BIN)/python -m bot

index: $(VENV)/.installed
	@$(BIN)/python scripts/reindex.py

test: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2

clean:
	rm -rf $(VENV) build data/index data/models

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed, and $(PYTHON) is " + sys.version.split()[0] + ": make run PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[baseline,dev]'
	@touch $@
