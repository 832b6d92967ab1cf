.DEFAULT_GOAL := help
.PHONY: help install run dev env test test-all soak openapi bench lint check migration lock fuzz docs

# The first Python that is new enough; pyenv may have none for .python-version.
PYTHON ?= $(or $(shell for python in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do \
  $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done),python3)
BIN := .venv/bin

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-12s%s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The locks name every package, so that pip resolves nothing: --no-deps, then pip check.
# $(call sync,VENV,FILE): an environment without a stamp is incomplete and is created again.
# Errors of venv go to a file, because Ctrl-C would print a traceback.
define sync
@ls $(1)/run $(1)/dev $(1)/ready 2>/dev/null | grep -q . && $(1)/bin/python -m pip --version >/dev/null 2>&1 || \
  { echo "Creating an environment in $(1)"; mkdir -p build; \
    $(if $(UV),$(UV) venv --quiet --seed --clear --python $(PYTHON) $(1),$(PYTHON) -m venv --clear $(1)) 2>build/venv.log || { cat build/venv.log; exit 1; }; }
@rm -f $(1)/run $(1)/dev $(1)/ready
@echo "Installing $$(grep -c == $(2)) packages of $(2) with $(if $(UV),uv,pip), which can take a minute"
@$(if $(UV),VIRTUAL_ENV=$(1) $(UV) pip install --quiet,$(1)/bin/python -m pip install --quiet --disable-pip-version-check) --no-deps --require-hashes -r $(2)
@$(1)/bin/python -m pip check --disable-pip-version-check >$(1)/check.log || { cat $(1)/check.log; exit 1; }
endef
UV := $(shell command -v uv 2>/dev/null)

# Ctrl-C ends Python at once while it imports, without a traceback.
PYTHON_RUN := $(BIN)/python -c 'import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); from

.venv/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "taskapi needs Python 3.11 or newer, such as: make PYTHON=python3.13")'
	$(call sync,.venv,$<)
	@touch $@

.venv/dev: requirements-dev.txt .venv/run
	$(call sync,.venv,$<)
	@touch .venv/run $@ # requirements-dev.txt contains all of requirements.txt

install: .venv/dev ## Create the environment with everything for development

run: .venv/run ## Migrate and serve on PORT (default 8000)
	@echo "Migrating the database"
	@LOG_LEVEL=WARNING $(PYTHON_RUN) flask.cli import main; main()' db upgrade
	@echo "Starting the server"
	@exec $(PYTHON_RUN) gunicorn.app.wsgiapp import run; run()' wsgi:app

# PYTHONPATH, because the import of taskapi takes two seconds.
dev: export ENVIRONMENT = development
dev: .venv/run ## Serve with reload on change, and tracebacks in responses
	@LOG_LEVEL=WARNING $(PYTHON_RUN) flask.cli import main; main()' db upgrade
	@PYTHONPATH=taskapi/server $(PYTHON_RUN) config import load; import ports; s = load(); ports.check_free(s.host, s.port, "make dev"); print(f"Documentation: {s.address}/docs")'
	@exec $(PYTHON_RUN) flask.cli import main; main()' run --debug

tests/clients/node_modules: tests/clients/package-lock.json
	@! command -v npm >/dev/null || (npm ci --prefix tests/clients --ignore-scripts --no-audit --no-fund --silent && touch $@)

tests/generators/node_modules: tests/generators/package-lock.json
	@! command -v npm >/dev/null || (npm ci --prefix tests/generators --ignore-scripts --no-audit --no-fund --silent && touch $@)

build/generators/ready: requirements-generators.txt
	$(call sync,build/generators,$<)
	@touch $@

env: ## Write .env with new secrets for compose.yaml
	@! [ -e .env ] || (echo ".env exists, and was not changed." && exit 1)
	@$(PYTHON) -c 'import os, secrets; print(f"SECRET_KEY={secrets.token_urlsafe(48)}\nPOSTGRES_PASSWORD={secrets.token_hex(24)}", file=os.fdopen(os.open(".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w"))'
	@echo "Wrote .env. Keep it: it has the password of the database."

# Bytecode is written even where the environment disables it: without it each process
# compiles the application again, and two workers took 245 instead of 207 seconds.
# worksteal, because the last of the long tests would wait in the queue of one worker.
test test-all soak fuzz: export PYTHONDONTWRITEBYTECODE =
test: .venv/dev tests/clients/node_modules ## Run the tests on SQLite and PostgreSQL
	@$(BIN)/pytest -q -n auto --dist worksteal -m "not slow"

test-all: export ALL_DATABASES = 1
test-all: .venv/dev tests/clients/node_modules tests/generators/node_modules build/generators/ready ## Run all tests, also long ones, and measure coverage
	@$(BIN)/pytest -q -n auto --dist worksteal --cov --cov-report=term --ignore tests/test_speed.py
	@$(BIN)/pytest -q tests/test_speed.py

soak: .venv/dev ## Kill and freeze databases and processes, and fill disks, while clients work
	@SOAK=1 $(BIN)/pytest -n 0 -m faults tests/faults

fuzz: export FUZZ_SEED ?= $(shell date +%s)
fuzz: export FUZZ_EXAMPLES ?= 300
fuzz: .venv/dev ## Send valid and invalid requests by the OpenAPI document, 20,000 per database
	@$(BIN)/pytest -q tests/test_fuzz.py

openapi: .venv/run ## Write docs/openapi.json from the code
	@ENVIRONMENT=testing PUBLIC_URL= $(BIN)/flask openapi write docs/openapi.json
	@$(BIN)/python -m json.tool --indent 1 --no-ensure-ascii docs/openapi.json docs/openapi.json

.bench/venv/ready: requirements-bench.txt
	$(call sync,.bench/venv,$<)
	@touch $@

bench: .bench/venv/ready ## Measure the speed, compared with other servers: make bench o="--small"
	@.bench/venv/bin/python -W ignore:XDG_RUNTIME_DIR -m bench $(o)

build/docs/ready: requirements-docs.txt
	$(call sync,build/docs,$<)
	@touch $@

# The script of the API reference, in build/ because tests read all pages in docs/.
build/reference/ready: docs/site/package-lock.json
	@command -v npm >/dev/null || { echo "make docs needs npm for the API reference. Install Node.js 20 or newer: https://nodejs.org"; exit 1; }
	@mkdir -p build/reference && cp docs/site/package.json docs/site/package-lock.json build/reference
	@npm ci --prefix build/reference --omit=peer --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null
	@touch $@

docs: build/docs/ready build/reference/ready ## Build the documentation as a site in build/site
	@NO_MKDOCS_2_WARNING=1 build/docs/bin/mkdocs build --strict --config-file docs/site/mkdocs.yml

lint: .venv/dev ## Format, and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

check: .venv/dev ## Formatting, lint, types, import rules, dependencies (what CI checks)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

# Compares the models with a database of its own, which has all migrations.
migration: export DATABASE_URL = sqlite:///build/migration/taskapi.db
migration: export DATABASE_REPLICA_URL =
migration: .venv/dev ## Write a migration from the models: make migration m="Add a column"
	@$(if $(m),,$(error Name the migration: make migration m="Add a column"))rm -rf build/migration && mkdir -p build/migration
	@LOG_LEVEL=WARNING $(BIN)/flask db upgrade
	@$(BIN)/flask db migrate -m "$(m)"
	@rm -rf build/migration

lock: .venv/dev ## Compile the requirements files from pyproject.toml
	$(BIN)/uv pip compile --quiet --custom-compile-command "make lock" --universal --no-strip-extras --generate-hashes pyproject.toml -o requirements.txt
	$(BIN)/uv pip compile --quiet --custom-compile-command "make lock" --universal --no-strip-extras --generate-hashes --group dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	$(BIN)/uv pip compile --quiet --custom-compile-command "make lock" --universal --no-strip-extras --generate-hashes --group bench -c requirements.txt pyproject.toml -o requirements-bench.txt
	$(BIN)/uv pip compile --quiet --custom-compile-command "make lock" --universal --no-strip-extras --generate-hashes --group docs -o requirements-docs.txt
	$(BIN)/uv pip compile --quiet --custom-compile-command "make lock" --universal --no-strip-extras --generate-hashes --group generators -c requirements-dev.txt -o requirements-generators.txt
