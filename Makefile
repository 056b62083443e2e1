# Two commands: `make lab` to work, `make test` to check. Both make `.venv` first and need only Python >= 3.11.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
NOTEBOOKS = $(sort $(wildcard notebooks/*.ipynb))
TRANSLATED = $(sort $(wildcard notebooks/*/*.ipynb))
# In a container one often is root, which Jupyter wants to be told.
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help lab test test-oldest test-python coverage lint types js docs bench-check gpu notebooks screenshots clean

help:
	@echo "make lab          JupyterLab on the first notebook"
	@echo "make test         every test; make lint types for style and types"
	@echo "make test-oldest  the tests of the core with the oldest packages that pyproject.toml allows"
	@echo "make test-python  the core of the tests with other interpreters: VERSIONS=\"3.12 3.13\""
	@echo "make js           style, types and unit tests of the JavaScript (needs node)"
	@echo "make coverage     lines and branches, room by room"
	@echo "make docs         the documentation site, in build/site"
	@echo "make bench-check  whether ratios to named peers still hold"
	@echo "make notebooks, make screenshots  what notebooks and docs store"

lab: $(VENV)/.lab
	$(BIN)/jupyter lab $(AS_ROOT) --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=/lab/tree/notebooks/01_explore_an_area.ipynb

# Two processes with one thread each: threads that wait for each other on too few cores are many times slower. A browser
# needs both cores.
test: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests --ignore=tests/browser -n 2 --dist loadfile --durations=30
	$(BIN)/python -m pytest tests/browser
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --nbval --nbval-sanitize-with notebooks/sanitize.cfg -n 2 --dist loadfile $(NOTEBOOKS)

# The oldest versions of the direct dependencies that pyproject.toml allows, for the parts below the widgets.
test-oldest: $(VENV)/.test
	$(BIN)/python tools/oldest.py --venv $(VENV)-oldest --python $(PYTHON)

# Every version has an environment of its own, so this takes minutes and several GB: not part of CI, run before a release.
VERSIONS ?= 3.12 3.13 3.14
test-python:
	$(PYTHON) tools/pythons.py $(VERSIONS)

# Not part of CI, because tracing makes the tests about a fifth slower.
coverage: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest tests --ignore=tests/browser -n 2 --dist loadfile --cov --cov-report= --cov-fail-under=0
	$(BIN)/python -m pytest tests/browser --cov --cov-append --cov-report=term
	$(BIN)/python tools/coverage_by_room.py

# Without node this says so and ends well: nothing of the package needs it.
js:
	@if command -v npm >/dev/null; then \
	  npm ci --no-audit --no-fund --silent && npm run --silent lint && npm run --silent types && npm run --silent test; \
	else echo "SKIPPED: node is not installed, so the JavaScript was not checked"; fi

docs: $(VENV)/.test
	$(BIN)/python tools/build_docs.py

# Never part of the tests: it measures.
bench-check: $(VENV)/.test
	OMP_NUM_THREADS=1 $(BIN)/python -m benchmarks.check

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tools/check_docstrings.py
	$(BIN)/python tools/check_public_docstrings.py

types: $(VENV)/.dev
	$(BIN)/mypy

# On a machine with a CUDA device.
gpu: $(VENV)/.test
	EOW_REQUIRE_GPU=1 $(BIN)/python -m pytest tests/gpu
	$(BIN)/python benchmarks/gpu.py

# Everything that notebooks store: outputs, translations, and pictures of the widgets for readers who do not run them.
notebooks: $(VENV)/.test
	$(BIN)/python tools/diagrams.py
	OMP_NUM_THREADS=1 $(BIN)/python tools/run_notebooks.py $(NOTEBOOKS)
	$(BIN)/python tools/translate_notebooks.py build
	OMP_NUM_THREADS=1 $(BIN)/python tools/run_notebooks.py $(TRANSLATED)
	OMP_NUM_THREADS=1 $(BIN)/python tools/store_pictures.py $(NOTEBOOKS) $(TRANSLATED)

# Pictures of the docs and of the widgets in the notebooks.
screenshots: $(VENV)/.test
	$(BIN)/python tools/screenshots.py
	OMP_NUM_THREADS=1 $(BIN)/python tools/store_pictures.py $(NOTEBOOKS) $(TRANSLATED)

# A stamp per set of extras: nothing is installed twice, and everything again when the pins change.
# JupyterLab starts its own yarn.js, which node takes for an ES module because of the package.json of the repository.
$(VENV)/.python:
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'eowidgets needs Python 3.11 or newer: try  make PYTHON=python3.12 lab')"
	$(PYTHON) -m venv $(VENV)
	echo '{"type": "commonjs"}' > $(VENV)/package.json
	touch $@

$(VENV)/.lab: $(VENV)/.python pyproject.toml constraints.txt
	$(PIP) -e '.[lab,stac,dask,video,hdf4,charts]'
	touch $@

$(VENV)/.test: $(VENV)/.python pyproject.toml constraints.txt
	$(PIP) -e '.[lab,stac,dask,video,hub,docs,test]'
	touch $@ $(VENV)/.lab

$(VENV)/.dev: $(VENV)/.python pyproject.toml constraints.txt
	$(PIP) -e '.[lab,stac,dask,video,hub,docs,test,dev]'
	touch $@ $(VENV)/.test $(VENV)/.lab

clean:
	rm -rf $(VENV) $(VENV)-* node_modules build dist *.egg-info ci-output .coverage
