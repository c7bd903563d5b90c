# The two commands of a new user: `make demo` and `make test`.
PYTHON ?= python3
TORCH  ?= torch==2.13.0
VENV   ?= .venv
BIN    := $(VENV)/bin
COMMA  := ,
SPANDREL := 'spandrel>=0.4.2,<0.5' einops
PAIR   := torch==2.14.1 torchvision==0.29.1
CUDA   := $(if $(shell command -v nvidia-smi 2>/dev/null),$(COMMA)cuda)

# What runs on a GPU: in the environment if it is there, else with a Python that has what is needed,
# as a machine with a GPU may have no package registry to make an environment from.
READY  := from importlib.util import find_spec; print(all(map(find_spec, ("torch", "av", "pytest"))))
HAS    := $(if $(wildcard $(VENV)/installed),,$(filter True,$(shell $(PYTHON) -c '$(READY)' 2>/dev/null)))
ON_GPU := $(if $(HAS),$(PYTHON),$(BIN)/python)
NEEDED := $(if $(HAS),,$(VENV)/installed)
INTO   := $(if $(RESULTS),--results $(RESULTS))

.DEFAULT_GOAL := help
.PHONY: help demo test test-data test-slow test-models test-gpu gpu-first test-browser check format bench bench-gpu bench-video \
        bench-looks benchmark-quality train-weights clean

help:                           ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/ —/'

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet '$(TORCH)'
	$(BIN)/pip install --quiet -e '.[dev$(CUDA)]'
	$(BIN)/pip install --quiet --no-deps $(SPANDREL) # with them comes a torchvision for another torch
	touch $@

demo: $(VENV)/installed         ## make a clip, upscale it to 1080p, compare with bicubic
	$(BIN)/vsr demo demo

test: $(VENV)/installed         ## the tests that need no network, data or GPU
	$(BIN)/pytest

test-data: $(VENV)/installed    ## the tests on real clips and benchmarks (needs VSR_DATA)
	$(BIN)/pytest -m data

test-slow: $(VENV)/installed    ## the long tests
	$(BIN)/pytest -m 'slow and not data and not gpu'

test-models:                    ## networks of others beside torchvision itself, in its own environment
	$(PYTHON) -m venv $(VENV)-models
	$(VENV)-models/bin/pip install --quiet $(PAIR)
	$(VENV)-models/bin/pip install --quiet -e '.[dev,models]'
	$(VENV)-models/bin/pytest -m 'not data and not gpu' tests/models/foreign tests/upscaling/engine/test_foreign.py

test-gpu: $(NEEDED)             ## the tests on a GPU; they fail without one
	$(ON_GPU) -m pytest -m gpu

gpu-first: $(NEEDED)            ## the first minutes on a GPU: right, fast enough, what to change (RESULTS=DIR)
	$(ON_GPU) -m tests.gpu_first $(INTO)

test-browser: $(VENV)/installed  ## the tests that drive the system's Chromium; they fail without one
	$(BIN)/pytest -m browser

check: $(VENV)/installed        ## lint, format, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/installed       ## format, and fix what lint can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/installed        ## the CPU benchmarks; results go to tests/benchmarks/results
	$(BIN)/python -m tests.benchmarks.end_to_end
	$(BIN)/python -m tests.benchmarks.memory
	$(BIN)/python -m tests.benchmarks.batch
	$(BIN)/python -m tests.benchmarks.training

bench-gpu: $(NEEDED)            ## the GPU benchmarks, in under eight minutes (RESULTS=DIR)
	$(ON_GPU) -m tests.benchmarks.gpu $(INTO)

bench-video: $(VENV)/installed  ## measure every flavour of `fast` on compressed clips (needs VSR_DATA)
	$(BIN)/python -m tests.benchmarks.video
	$(BIN)/python -m tests.benchmarks.video --scale 2 lanczos bicubic fast 1 auto
	$(BIN)/python -m tests.benchmarks.video_sheet
	$(BIN)/python -m tests.benchmarks.perceptual

bench-looks: $(VENV)/installed  ## judge how clips look; CANDIDATES='--candidate NAME=FILE' (needs VSR_DATA)
	$(BIN)/python -m tests.benchmarks.looks $(CANDIDATES)

benchmark-quality: $(VENV)/installed  ## measure every shipped network on Set5, Set14, BSD100
	$(BIN)/python -m tests.benchmarks.quality

train-weights: $(NEEDED)        ## train the shipped weights; run it again to continue
	$(ON_GPU) -m tests.benchmarks.train_weights $(ARGS)

clean:                          ## remove the environment and all generated files
	rm -rf $(VENV) $(VENV)-models build dist demo
