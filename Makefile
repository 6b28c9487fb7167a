# One environment in .venv, made from a clean checkout with CPython 3.11+, a C++ compiler and the package index.
PYTHON ?= python3
BIN := .venv/bin
# Of `make fuzz` and `make kill`: `make fuzz MUTATIONS=20000 SEED=2` is a long run.
MUTATIONS ?= 3000
KILLS ?= 200
SEED ?= 1
# Two workers on two cores: more threads in each would only get in each other's way.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile

.PHONY: quickstart quickstart-full test check docs fuzz kill bench bench-full clean

# Installed when pyproject.toml changes; `touch` marks it, so that a second `make` starts at once.
.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[quickstart,plots,chinese,study,dev,docs]'
	touch $@

quickstart: .venv/.installed
	PATH="$(CURDIR)/$(BIN):$$PATH" examples/quickstart/run.sh

quickstart-full: .venv/.installed
	PATH="$(CURDIR)/$(BIN):$$PATH" examples/quickstart/run.sh --full

test: .venv/.installed
	$(PYTEST)

check: .venv/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The site, into site/: a page per command from the code, then the rest; a warning (a dead link, say) is an error.
docs: .venv/.installed
	$(BIN)/python tools/command_pages.py docs/commands
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

fuzz: .venv/.installed
	PYTHONPATH=tests OMP_NUM_THREADS=1 $(BIN)/python -m reliability.fuzz --mutations $(MUTATIONS) --seed $(SEED)

kill: .venv/.installed
	PYTHONPATH=tests OMP_NUM_THREADS=1 $(BIN)/python -m reliability.kill --kills $(KILLS) --seed $(SEED)

bench: .venv/.installed
	$(BIN)/python -m benchmarks

bench-full: .venv/.installed
	$(BIN)/python -m benchmarks --full --output bench-full.json
	$(BIN)/python -m benchmarks.report bench-full.json benchmarks/README.md

clean:
	rm -rf .venv quickstart-run site
