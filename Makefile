# Everything from a fresh clone. Variables you may set: PYTHON, VENV, TRAIN (options for fae_train in `make demo`), NB (notebooks to
# execute, or the one to check), ARGS (more options for pytest, or for tools/evidence.py), WORKERS (how many tests at once), ONLY (benchmarks to run),
# TORCH_INDEX (address of an index of packages: torch and torchvision come from there, such as builds for the CPU)
PYTHON ?= python3
VENV ?= .venv
TRAIN ?= --epochs 3
NB ?=
ARGS ?=
WORKERS ?= 2
ONLY ?=
TORCH_INDEX ?=
BIN := $(VENV)/bin

.PHONY: install demo app check test test-rest test-all chromium lint hooks notebooks links evidence golden site vendor wasm picture bench

install: $(VENV)/installed

# On Linux, PyPI's torch and its CUDA have 5.3 GB (2.14.1), a build for the CPU 0.7 GB (2.13.0): without a GPU, give the
# address of torch's index for the CPU as TORCH_INDEX. What was interrupted goes on with what is there: a package of which
# pip had not yet written the last file, RECORD, counts as missing.
$(VENV)/installed: settings.ini setup.py
	@echo '== 1 of 3: an environment in $(VENV)'
	$(PYTHON) -m venv $(VENV)
	@find $(VENV) -name '*.dist-info' ! -exec test -e {}/RECORD \; -prune -exec rm -r {} +
	$(BIN)/python -m pip install --upgrade pip
	@echo "== 2 of 3: torch$(if $(TORCH_INDEX), from $(TORCH_INDEX))"
	$(BIN)/pip install torch torchvision $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	@echo '== 3 of 3: face_autoencoder with all that its tests need, about 200 packages'
	$(BIN)/pip install -e '.[dev]'
	@touch $@

demo: install
	$(BIN)/fae_train $(TRAIN)
	$(BIN)/fae_app

app: install
	$(BIN)/fae_app

# After an edit of one notebook: export, clean, lint, run it, and the tests that belong to it
check: install
	@$(BIN)/python tools/check.py $(NB)

PYTEST = $(BIN)/python -m pytest tests -v -n $(WORKERS) --dist loadgroup --no-loadscope-reorder --durations=10

# Every module, and one way through everything: before a pull request, and on every push
test: install chromium
	$(PYTEST) -m quick $(ARGS)

test-rest: install chromium
	$(PYTEST) -m 'not quick' $(ARGS)

test-all: install chromium
	$(PYTEST) $(ARGS)

# Tests in a browser want Chromium: installed here in CI; elsewhere they are skipped with a reason if there is none.
chromium:
	@[ "$$CI" != true ] || command -v chromium > /dev/null || command -v google-chrome > /dev/null || \
		 (apt-get -qq update && apt-get -qq install -y chromium)

# Width, unused and undefined names, known traps (.ruff.toml)
lint: install
	$(BIN)/ruff check
	$(BIN)/ruff check --select E501 --line-length 100 nbs/*.ipynb

# For Jupyter and git: notebooks are cleaned when they are saved, and merged cell by cell.
hooks: install
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/nbdev_install_hooks

# Run notebooks in full and save their outputs; nbdev_test only checks them.
notebooks: install
	FAE_FULL=1 $(BIN)/python tools/run_notebooks.py $(NB)
	$(BIN)/nbdev_clean

# Badges, links and Colab cells from the three lines at the top of settings.ini.
links: install
	$(BIN)/python tools/links.py

# Train the models that the claims of the lesson want, and say what became of the claims: hours, but it can be stopped
evidence: install
	$(BIN)/python tools/evidence.py $(ARGS)

# Keep the figures of short trainings, after a change that is meant to change them.
golden: install
	FAE_GOLDEN=1 $(BIN)/python -m pytest tests/test_golden.py

# The course page, in _site/
site: install
	$(BIN)/python tools/site.py

# Third-party files of slides and course page, pinned in tools/vendor.py; needs npm, and only when those pins change
vendor:
	$(PYTHON) tools/vendor.py

# The matrix product of vae.js, from its text in face_autoencoder/web/matmul.wat; needs npm, and only when that changes
wasm:
	$(PYTHON) tools/wasm.py

# The README's moving picture, nbs/images/slider.webp; needs Chromium
picture: install
	$(BIN)/python tools/moving_picture.py

# All benchmarks: three hours on a machine that does nothing else. pythae has an environment of its own, which borrows our torch.
bench: install $(VENV)-pythae/installed
	$(BIN)/python benchmarks/bench.py $(ONLY)

$(VENV)-pythae/installed: $(VENV)/installed
	$(BIN)/python -m venv $(VENV)-pythae
	$(BIN)/python -c "import sysconfig; print(sysconfig.get_path('purelib'))" > "$$($(VENV)-pythae/bin/python -c "import sysconfig; print(sysconfig.get_path('purelib'))")/borrowed.pth"
	$(VENV)-pythae/bin/pip install --quiet pythae==0.1.2
	touch $@
