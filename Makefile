SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help app test lint notebooks docs gallery constraints clean

VENV := .venv
BIN := $(VENV)/bin

# The first Python on the path that is new enough.
PYTHON = $(shell for p in python3 python3.11 python3.12 python3.13; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

# Without an NVIDIA card the build of torch for processors alone saves gigabytes.
CPU_TORCH := https://download.pytorch.org/whl/cpu/torch/
TORCH = $(shell [ "$$(uname)" = Linux ] && ! command -v nvidia-smi >/dev/null \
	&& curl -fsI -m 5 -o /dev/null $(CPU_TORCH) 2>/dev/null && echo --find-links $(CPU_TORCH))

# One line that names the package in hand on a terminal, one line for each package elsewhere.
define install
	@echo "Installing $(1)"
	@set -o pipefail; $(BIN)/python -m pip install --disable-pip-version-check $(TORCH) -c constraints.txt -e "$(1)" \
		| while read -r line; do case "$$line" in Collecting*|Building*|Installing*) \
			if [ -t 1 ]; then printf '\r\033[K  %.72s' "$$line"; else printf '  %.72s\n' "$$line"; fi ;; esac; done
	@[ ! -t 1 ] || printf '\r\033[K'
	@touch $@
endef

help:
	@echo "make app         set up on first use, then open the dashboard"
	@echo "make test        run the tests        make lint   check style and types"
	@echo "make notebooks   run every notebook   make docs   build the documentation into site/"
	@echo "make gallery     draw its pictures    make clean  remove what was made here"

app: $(VENV)/.core
	@$(BIN)/workbench app $(ARGS)

test: $(VENV)/.dev
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto $(ARGS)

lint: $(VENV)/.dev
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy

notebooks: $(VENV)/.dev
	@$(BIN)/python -m pytest -q tests/test_notebooks.py $(ARGS)

# The notice is about another major version, which pyproject.toml leaves out.
docs: $(VENV)/.dev
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict $(ARGS)
	@echo "site/index.html; with a search: $(BIN)/python -m http.server --directory site"

gallery: $(VENV)/.dev
	@$(BIN)/python docs/gallery/draw.py $(ARGS)

constraints: $(VENV)/.dev
	@{ head -n 1 constraints.txt; $(BIN)/python -m pip freeze --exclude-editable | sed 's/+cpu//'; } > constraints.new
	@mv constraints.new constraints.txt

clean:
	@rm -rf $(VENV) site .mypy_cache .ruff_cache .pytest_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "The workbench needs Python 3.11 or newer: install it from python.org and run make again." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/.core: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,.)

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(call install,.[dev])
	@touch $(VENV)/.core
