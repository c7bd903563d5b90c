# The two commands of a new user: `make demo` and `make test`.
PYTHON ?= python3
TORCH  ?= torch==2.13.0
VENV   ?= .venv
BIN    := $(VENV)/bin
COMMA  := ,
CUDA   := $(if $(shell command -v nvidia-smi 2>/dev/null),$(COMMA)cuda)

# make train-weights: where the prepared data and the runs are kept, how many minutes each network is
# trained, and how many seconds of them in one call. A network that starts from another follows it.
RUNS    ?= $(HOME)/.cache/vsr/runs
MINUTES ?= 25
PIECE   ?= 570
NETWORKS := fast-x4 fast-video-strong-x4 fast-video-medium-x4 fast-video-light-x4 fast-perceptual-x4 \
            quality-x4 lite-x4 swift-srgan-x4 srgan-x4 dpsrgan-x4 fast-x2 fast-video-strong-x2 \
            swift-srgan-multiscale-gan-x4 srgan-mobilenet-gan-x4 dpsrgan-mobilenet-gan-x4
FEATURES = $(VSR_DATA)/weights/mobilenet_v2_features_fp16.safetensors
FAST    := vsr/models/weights/fast_x4.safetensors

.DEFAULT_GOAL := help
.PHONY: help demo test test-data test-slow test-gpu test-browser check format bench bench-gpu bench-video benchmark-quality \
        train-weights clean

help:                           ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/ —/'

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet '$(TORCH)'
	$(BIN)/pip install --quiet -e '.[dev$(CUDA)]'
	touch $@

demo: $(VENV)/installed         ## make a clip, upscale it to 1080p, compare with bicubic
	$(BIN)/vsr demo demo

test: $(VENV)/installed         ## the tests that need no network, data or GPU
	$(BIN)/pytest

test-data: $(VENV)/installed    ## the tests on real clips and benchmarks (needs VSR_DATA)
	$(BIN)/pytest -m data

test-slow: $(VENV)/installed    ## the long tests
	$(BIN)/pytest -m 'slow and not data and not gpu'

test-gpu: $(VENV)/installed     ## the tests on a GPU; they fail without one
	$(BIN)/pytest -m gpu

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

bench-gpu: $(VENV)/installed    ## the GPU benchmarks, in under eight minutes
	$(BIN)/python -m tests.benchmarks.gpu

bench-video: $(VENV)/installed  ## measure every flavour of `fast` on compressed clips (needs VSR_DATA)
	$(BIN)/python -m tests.benchmarks.video
	$(BIN)/python -m tests.benchmarks.video --scale 2 lanczos bicubic fast 1 auto
	$(BIN)/python -m tests.benchmarks.video_sheet
	$(BIN)/python -m tests.benchmarks.perceptual

benchmark-quality: $(VENV)/installed  ## measure every shipped network on Set5, Set14, BSD100
	$(BIN)/python -m tests.benchmarks.quality

# One call prepares the data, trains the first unfinished network for a piece, or exports it.
train-weights: $(VENV)/installed  ## train the shipped weights; run it again to continue
	@if [ ! -d $(RUNS)/data ]; then \
	  $(BIN)/vsr train prepare '$(VSR_DATA)/train/photos' '$(VSR_DATA)/train/bsds500' \
	    --out $(RUNS)/data --degradation video \
	    --weight 'drone_*=0.3' --weight 'opensfm_*=0.3' --weight 'sceaux_*=0.3'; code=$$?; \
	  [ $$code = 0 ] || [ $$code = 3 ] || exit $$code; \
	  echo "data prepared; run make train-weights again"; exit 0; \
	fi; \
	for name in $(NETWORKS); do \
	  run=$(RUNS)/$$name; model=$${name%-x*}; [ -f $$run/exported ] && continue; \
	  case $$name in \
	  quality-x4|fast-x2) init='--init $(FAST)';; \
	  fast-video-*) init='--init fast';; \
	  fast-perceptual-*) init='--init fast --perceptual-weights $(FEATURES)';; \
	  *-gan-x4) model=$${model%-*-gan}; \
	    init="--init $$model --perceptual-weights $(FEATURES)"; model=$$model-gan;; \
	  *) init=;; esac; \
	  if [ -f $$run/trained ]; then \
	    $(BIN)/vsr train export $$run --name $$model --to vsr/models/weights -y --licence Apache-2.0 \
	      --benchmark '$(VSR_DATA)/benchmarks/Set5' --benchmark '$(VSR_DATA)/benchmarks/Set14' \
	      --benchmark '$(VSR_DATA)/benchmarks/BSD100' || exit $$?; \
	    touch $$run/exported; echo "$$name: exported; run make train-weights again"; exit 0; \
	  fi; \
	  if [ -f $$run/run.json ]; \
	  then timeout -s INT $(PIECE) $(BIN)/vsr train resume $$run; \
	  else timeout -s INT $(PIECE) $(BIN)/vsr train fit $$name --data $(RUNS)/data --out $$run \
	    --minutes $(MINUTES) $$init; fi; \
	  code=$$?; [ $$code = 0 ] && touch $$run/trained; \
	  [ $$code = 0 ] || [ $$code = 124 ] || exit $$code; \
	  echo "$$name: trained for a piece; run make train-weights again"; exit 0; \
	done; echo "every network is trained and exported"

clean:                          ## remove the environment and all generated files
	rm -rf $(VENV) build dist demo
