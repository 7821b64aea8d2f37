# Everything a developer, a newcomer or CI runs. Bare `make` lists the targets.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
SERVICES := api dispatcher ingest analyzer exporter
PACKAGES := shared $(SERVICES:%=services/%) standalone
LOCKED := $(SERVICES) standalone build uv
UPGRADE :=
TESTS :=
BENCH :=
SCENARIOS :=
RUNS := 10
CHAOS :=
HOURS := 1
MINUTES := 10
FUZZ :=
SOAK :=

# How images are built and run: scripts/images has the meaning of each.
export ENGINE BASE VERSION BUILD_ARGS

# The tools write one thing only where it is said here, whatever the machine is set up to do.
export UV_NO_CONFIG := 1
export UV_PYTHON_DOWNLOADS := never
export UV_COMPILE_BYTECODE := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/installed-standalone ## set everything up and show a list going through, on the embedded database
	@$(BIN)/mailsift demo

serve: $(VENV)/installed-standalone ## run the whole of mailsift in one process, its API on 127.0.0.1
	@$(BIN)/mailsift serve

test: $(VENV)/installed-dev servers ## every test, with the coverage gate (about fifteen minutes)
	@$(BIN)/pytest tests -n 3 --dist worksteal --cov --cov-report=term:skip-covered $(TESTS)

unit: $(VENV)/installed-dev ## the tests that need no server, sockets off
	@$(BIN)/pytest tests/unit tests/architecture $(TESTS)

integration: $(VENV)/installed-dev servers ## the tests on a real PostgreSQL and a real RabbitMQ
	@$(BIN)/pytest tests/integration $(TESTS)

e2e: $(VENV)/installed-dev servers ## five processes take a list from upload to download, workers killed on the way
	@$(BIN)/pytest tests/e2e $(TESTS)

e2e-images: $(VENV)/installed-dev servers images ## the images as built, and the same flow with every service started from its own
	@$(BIN)/pytest --images build/images tests/e2e/images.py tests/e2e/test_five_services.py tests/e2e/test_graceful_stop.py $(TESTS)

bench: $(VENV)/installed-dev servers ## measure the job engine, every worker and the API into build/bench.json (BENCH=--help for parts and meanings)
	@PYTHONPATH=tests $(BIN)/python -m benchmarks $(BENCH)

chaos: $(VENV)/installed-dev servers ## every chaos scenario, ten runs and one at production's times, into build/chaos.json (SCENARIOS=S3,S4 RUNS=2)
	@PYTHONPATH=tests $(BIN)/python -m chaos --scenarios "$(SCENARIOS)" --runs $(RUNS) $(CHAOS)

soak: $(VENV)/installed-dev servers ## keep 1,000 jobs a minute going for HOURS, disturbed every few minutes, into build/soak.json
	@PYTHONPATH=tests $(BIN)/python -m chaos.soak --hours $(HOURS) $(SOAK)

fuzz: $(VENV)/installed-dev ## spoil lists of every format for MINUTES and have them taken in; findings go to build/fuzz (FUZZ="--seed 7")
	@PYTHONPATH=tests $(BIN)/python -m fuzz --minutes $(MINUTES) $(FUZZ)

check: $(VENV)/installed-dev ## format, lint, types, imports, dead dependencies
	@scripts/check

format: $(VENV)/installed-dev ## lay out the code and mend what can be mended by itself
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

isolate: $(VENV)/installed-dev ## install each service alone: its entry point imports, no other service is there
	@scripts/isolate $(SERVICES)

dashboards: $(VENV)/installed-dev ## write deploy/grafana/dashboards from their description in deploy/grafana/boards
	@$(BIN)/python -m deploy.grafana.boards

rules: ## write deploy/k8s/components/monitoring/rules.yaml from deploy/prometheus
	@scripts/rules

images: ## build the images of all services with docker, podman or buildah (ENGINE= BASE= VERSION= BUILD_ARGS=, as scripts/images has them)
	@scripts/images $(SERVICES)

servers: ## install Debian's PostgreSQL, RabbitMQ, NSD, Prometheus and faketime for the tests where missing; starts none
	@scripts/servers

lock: $(VENV)/installed-uv ## write requirements/*.txt anew from every pyproject.toml (UPGRADE=--upgrade for newer versions)
	@scripts/lock $(UPGRADE)

clean: ## remove the virtual environment and whatever tools left behind
	@rm -rf $(VENV) .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo serve test unit integration e2e e2e-images bench chaos soak fuzz check format isolate dashboards rules images servers lock clean

# One stamp for each set of requirements: a second run installs nothing.
$(VENV)/bin/python:
	@scripts/venv $(VENV)

$(VENV)/installed-%: requirements/%.txt requirements/build.txt requirements/uv.txt $(PACKAGES:%=%/pyproject.toml) | $(VENV)/bin/python
	@scripts/install $(VENV) $*
	@touch $@
