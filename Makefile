# Needed beforehand: git, make, and Python 3.11 or newer with venv. Everything else is installed here, into this folder.
PYTHON = $(shell sh scripts/find-python.sh)
BIN = .venv/bin
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check install
LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
       --no-emit-index-url --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help run test check fmt assets bench chaos hostile real lock sbom chromium

help: ## list what can be done
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/.run assets ## start HealthBerry with everything it needs; Ctrl-C ends it
	@exec $(BIN)/python -m healthberry.local.run

test: .venv/.dev assets chromium ## run all tests, or those of one path: make test T=tests/core
	@PYTHONDONTWRITEBYTECODE= exec $(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder $(T)

check: .venv/.dev ## formatting, lint, types, import contracts, locks of migrations, known weaknesses
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/djlint --quiet --lint healthberry
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -W ignore -m tests.policy.locks
	@mkdir -p var
	$(BIN)/bandit -q -c pyproject.toml -r healthberry gunicorn.conf.py wsgi.py worker.py 2> var/bandit.log || { cat var/bandit.log; exit 1; }
	$(BIN)/python -m tests.policy.advisories

fmt: .venv/.dev ## format the Python code and repair what can be repaired
	$(BIN)/ruff check --quiet --fix-only .
	$(BIN)/ruff format .

assets: .venv/.run ## install and build what browsers load, if anything changed
	@$(BIN)/python -I healthberry/local/assets.py

bench: .venv/.dev assets ## measure what is claimed, beside the targets
	@exec $(BIN)/python -m benchmarks

chaos: .venv/.dev assets ## kill everything at random, and count what is lost or doubled; C="--seed 7"
	@exec $(BIN)/python -m tests.chaos $(C)

hostile: .venv/.dev assets ## send 50,000 generated requests to every route; try core's queries without their filters
	@HOSTILE_REQUESTS=50000 $(BIN)/python -m pytest -s tests/security/test_generated.py
	@$(BIN)/python -m pytest -s -p tests.security.every_query tests/core tests/inbox tests/session tests/signup \
		tests/realtime tests/background tests/browser/test_uploads.py tests/security/test_mutants.py

real: .venv/.dev assets ## walk the main job with what people really wrote
	@exec $(BIN)/python -m pytest --log-cli-level=INFO --log-cli-format='%(asctime)s %(message)s' tests/stories/test_real_input.py

lock: .venv/.dev ## pin newer versions, with hashes (needs uv and npm)
	$(LOCK) --upgrade --extra build pyproject.toml --output-file requirements.txt
	$(LOCK) --upgrade --extra build --extra observe --extra dev --constraint requirements.txt pyproject.toml --output-file requirements-dev.txt
	$(LOCK) --upgrade --group node --output-file requirements-node.txt
	npm install --package-lock-only

sbom: .venv/.dev ## write what an installation is made of into var/, as CycloneDX
	@mkdir -p var
	$(BIN)/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible --of JSON -o var/sbom-python.json requirements.txt
	npm sbom --sbom-format cyclonedx --package-lock-only --omit dev > var/sbom-browser.json

chromium: .venv/.dev
	@sh scripts/find-chromium.sh $(BIN)/python

.venv/.run: requirements.txt pyproject.toml
	@echo "Installing Python packages into .venv"
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-index --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.txt .venv/.run
	@echo "Installing the tools for tests and checks into .venv"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@
