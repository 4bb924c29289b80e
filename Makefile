# The commands of the house. `make` alone explains them. Everything is made by its age, so a second run is instant.
# Overridable: PYTHON (makes the environment), VENV (where it lies), CHROMIUM (which browser), PYTEST_ARGS, PYTEST_WORKERS.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
# Processes that py-test and ui-test share their files out to.
PYTEST_WORKERS ?= 2

BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# The last that the build writes; the pages are beside it.
BUNDLE := python/cellucid/static/widget.js
BUNDLE_SOURCES := $(shell find js/src -type f 2>/dev/null) js/build.mjs js/tsconfig.json package.json package-lock.json
NODE_MODULES := node_modules/.package-lock.json

# Most modules are never imported: those that are get their bytecode then, and a fresh environment is made sooner.
PIP = "$(BIN)/python" -m pip install -qq --disable-pip-version-check --no-compile
PIP_INSTALL = $(PIP) -c constraints.txt
# What depends on when a kernel hears its pages.
KERNEL_TESTS := $(addprefix ui-tests/,test_harness.py test_waits.py test_notebook_life.py test_broken_connections.py)
SAY = @printf '\n==> %s\n'
# A browser of the system; installed from Debian's packages when there is none. Its path is the last word on stdout.
WITH_CHROMIUM = CHROMIUM="$$("$(BIN)/python" ui-tests/hosts/chromium.py)" && export CHROMIUM
# Else every kernel and every process of a test would compile what it imports anew.
export PYTHONDONTWRITEBYTECODE :=
# Neither tool may fetch a browser of its own.
export PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo env kernels reference anndatas build watch test test-all lint format py-test js-test ui-test bench docs dist clean

help: ## explain every target (this text)
	@printf 'cellucid: make TARGET\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' Makefile
	@printf '\nOverridable: PYTHON=%s VENV=%s CHROMIUM=path PYTEST_ARGS="-k lasso"\n' '$(PYTHON)' '$(VENV)'

demo: $(STAMPS)/test ## open the quick start in JupyterLab; HEADLESS=1 runs it without a screen and writes build/demo.png
ifdef HEADLESS
	@$(WITH_CHROMIUM) && exec "$(BIN)/python" ui-tests/demo.py --headless $(if $(DEMO_NO_HTTP),--no-http)
else
	@exec "$(BIN)/python" ui-tests/demo.py
endif

env: $(STAMPS)/test ## make the environments: .venv, with cellucid installed in place, and node_modules

kernels: $(STAMPS)/kernels ## install the other ipykernels that test-all starts kernels of, below .venv/kernels

reference: $(STAMPS)/reference ## install Cellucid 0.0.9, which py-test exchanges export folders with, below .venv/reference

anndatas: $(STAMPS)/anndatas ## install the other anndatas that test-all reads with, below .venv/anndatas

build: $(BUNDLE) ## build the viewer into python/cellucid/static

watch: $(NODE_MODULES) ## rebuild the viewer at every change of js/src
	@npm run --silent watch

test: ## everything that must hold: lint, py-test, js-test, ui-test; stops at the first failure
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory py-test
	@$(MAKE) --no-print-directory js-test
	@$(MAKE) --no-print-directory ui-test

lint: $(STAMPS)/test ## ruff, mypy, biome, tsc
	$(SAY) 'lint: ruff check'
	@"$(BIN)/python" -m ruff check
	$(SAY) 'lint: ruff format'
	@"$(BIN)/python" -m ruff format --check
	$(SAY) 'lint: mypy'
	@"$(BIN)/python" -m mypy
	$(SAY) 'lint: biome'
	@npm run --silent lint
	$(SAY) 'lint: tsc'
	@npm run --silent typecheck && echo 'No type errors'

format: $(STAMPS)/test ## format Python and TypeScript, and repair what the linters can repair
	@"$(BIN)/python" -m ruff check --fix-only
	@"$(BIN)/python" -m ruff format
	@npm run --silent format

py-test: $(STAMPS)/test $(STAMPS)/reference ## pytest on tests/: the rooms of the Python package, packaging, the house rules
	$(SAY) 'py-test: pytest tests'
	@"$(BIN)/python" -m pytest tests -m "not slow" -n $(PYTEST_WORKERS) --dist loadfile $(PYTEST_ARGS)

js-test: $(STAMPS)/test ## vitest: state, data and tools in Node, the renderer in headless Chromium
	$(SAY) 'js-test: vitest'
	@$(WITH_CHROMIUM) && npm run --silent test

ui-test: $(STAMPS)/test ## pytest on ui-tests/: the widget in a real JupyterLab, kernel and Chromium
	$(SAY) 'ui-test: pytest ui-tests'
	@$(WITH_CHROMIUM) && "$(BIN)/python" -m pytest ui-tests -m "not slow" -n $(PYTEST_WORKERS) --dist loadfile $(PYTEST_ARGS)

test-all: $(STAMPS)/hosts $(STAMPS)/vscode $(STAMPS)/kernels $(STAMPS)/anndatas ## test, the slow ones, other hosts, anndatas and ipykernels; writes the README's table of hosts
	@rm -rf build/hosts
	@$(MAKE) --no-print-directory test
	$(SAY) 'test-all: slow tests'
	@"$(BIN)/python" -m pytest tests -m slow $(PYTEST_ARGS)
	$(SAY) 'test-all: slow ui-tests'
	@$(WITH_CHROMIUM) && "$(BIN)/python" -m pytest ui-tests -m slow $(PYTEST_ARGS)
	$(SAY) 'test-all: ui-tests on other ipykernels'
	@$(WITH_CHROMIUM) && for folder in "$(VENV)"/kernels/ipykernel-*; do \
	  printf '\n==> %s\n' "$$folder" && UI_IPYKERNEL="$$(cd "$$folder" && pwd)" \
	  "$(BIN)/python" -m pytest $(KERNEL_TESTS) $(PYTEST_ARGS) || exit 1; done
	$(SAY) 'test-all: the table of hosts'
	@PYTHONPATH=ui-tests "$(BIN)/python" -m hosts.table

bench: $(STAMPS)/test $(STAMPS)/bench $(STAMPS)/reference ## measure side by side with peers, one table
	@$(WITH_CHROMIUM) && "$(BIN)/python" benchmarks/run.py

docs: $(STAMPS)/test $(STAMPS)/docs ## build the site into build/docs; a warning is an error
	$(SAY) 'docs: sphinx'
	@"$(BIN)/python" -m sphinx -q -W --keep-going -b html -d build/doctrees docs build/docs
	@echo 'build/docs/index.html'

dist: $(STAMPS)/test ## build dist/*.whl and dist/*.tar.gz, both with the viewer inside
	@rm -rf dist
	@"$(BIN)/python" -m build --no-isolation --outdir dist

clean: ## remove what was built; keeps .venv and node_modules
	rm -rf build dist python/cellucid/static .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find python tests ui-tests -type d -name __pycache__ -prune -exec rm -rf {} +

# ---- what the targets above stand on ----

$(NODE_MODULES): package.json package-lock.json .npmrc
	@command -v npm >/dev/null || { echo 'error: npm is not on PATH. The viewer is built with Node 20.19 or newer: install it, then run make again.' >&2; exit 1; }
	$(SAY) 'installing node_modules'
	@npm ci --no-progress
	@touch $@

$(BUNDLE): $(BUNDLE_SOURCES) | $(NODE_MODULES)
	$(SAY) 'building the viewer'
	@npm run --silent build

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'error: cellucid needs Python 3.11 or newer; name one with make PYTHON=python3.12' >&2; exit 1; }
	$(SAY) 'making the environment $(VENV)'
	@"$(PYTHON)" -m venv "$(VENV)"

# Installed in place: a change of Python code needs nothing, a change of js/ only the bundle.
$(STAMPS)/test: pyproject.toml constraints.txt hatch_build.py $(BUNDLE) | $(BIN)/python $(NODE_MODULES)
	@if [ ! -e $@ ] || [ -n "$(filter-out $(BUNDLE),$?)" ]; then \
	  printf '\n==> installing cellucid and its test tools into $(VENV)\n' && $(PIP_INSTALL) -e ".[test]"; fi
	@mkdir -p $(STAMPS) && touch $@

# A folder each, put first on a kernel's path; everything else such a kernel imports is the environment's.
$(STAMPS)/kernels: tests/kernels.py $(STAMPS)/test
	@missing=$$("$(BIN)/python" tests/kernels.py) && for version in $$missing; do \
	  printf '\n==> installing ipykernel %s for tests\n' $$version && \
	  $(PIP) --no-deps \
	    --target "$(VENV)/kernels/ipykernel-$$version" ipykernel==$$version || exit 1; done
	@touch $@

# A folder as well: its import name is ours.
$(STAMPS)/reference: tests/reference.py $(STAMPS)/test
	@missing=$$("$(BIN)/python" tests/reference.py) && for package in $$missing; do \
	  printf '\n==> installing %s for tests\n' $$package && \
	  $(PIP) --no-deps \
	    --target "$(VENV)/reference/cellucid-$${package##*==}" $$package || exit 1; done
	@touch $@

# As the kernels: a folder that is put first on the path of one run.
$(STAMPS)/anndatas: tests/anndatas.py $(STAMPS)/test
	@missing=$$("$(BIN)/python" tests/anndatas.py) && printf '%s\n' "$$missing" | while read -r folder needs; do \
	  [ -z "$$folder" ] || { printf '\n==> installing %s for tests\n' "$$needs" && \
	  "$(BIN)/python" -m pip install -qq --disable-pip-version-check --no-deps --target "$$folder" $$needs; } || exit 1; done
	@touch $@

# The file alone: not all that the package asks for is in the registry, and its file has all of it built in.
$(STAMPS)/vscode: Makefile | $(STAMPS)/test
	$(SAY) "fetching VS Code's widget manager"
	@mkdir -p "$(VENV)/vscode" && cd "$(VENV)/vscode" && npm pack --silent @vscode/jupyter-ipywidgets8@1.0.9 | xargs tar -xzf
	@touch $@

$(STAMPS)/%: $(STAMPS)/test
	$(SAY) 'installing the tools for $*'
	@$(PIP_INSTALL) -e ".[$*]"
	@touch $@
