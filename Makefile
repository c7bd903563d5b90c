# The two commands of a new user: `make demo` and `make test`.
PYTHON ?= python3
TORCH  ?= torch==2.13.0
VENV   ?= .venv
BIN    := $(VENV)/bin
CUDA_EXTRA := $(if $(shell command -v nvidia-smi 2>/dev/null),$(COMMA)cuda)
COMMA  := ,

.PHONY: demo test test-all check format bench test-gpu bench-gpu train-weights clean

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet '$(TORCH)'
	$(BIN)/pip install --quiet -e '.[dev$(CUDA_EXTRA)]'
	touch $@

check: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: $(VENV)/installed
	$(BIN)/pytest

clean:
	rm -rf $(VENV) build dist demo
