# Each target is one line of start.py; without make, call that yourself.
PYTHON ?= python3
UV ?= uv
ARGS ?=

# Locks hold for Linux, macOS and Windows, and for every Python from 3.11 on.
COMPILE = $(UV) pip compile --quiet --no-config --universal --generate-hashes \
	--python-version 3.11 --no-header $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help run password test test-all check bench lock audit screenshots lighthouse

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile
	@echo '  Options go into ARGS: make run ARGS="--port 8000"'

run: ## set up what is missing and start the server
	@$(PYTHON) start.py run $(ARGS)

password: ## set the admin's password
	@$(PYTHON) start.py password $(ARGS)

test: ## set up what is missing and run the tests
	@$(PYTHON) start.py test $(ARGS)

test-all: ## the tests, with those that take minutes
	@TEST_ALL=1 $(PYTHON) start.py test $(ARGS)

check: ## lint, format and types, Python and JavaScript
	@$(PYTHON) start.py check

bench: ## measure a room, beside the kernel's floor and others (Linux; under ten minutes)
	@$(PYTHON) start.py bench $(ARGS)

lock: ## pin every dependency anew after an edit (needs uv and npm; newest of all: ARGS=--upgrade)
	$(COMPILE) requirements.in --output-file requirements.txt
	$(COMPILE) requirements-dev.in --output-file requirements-dev.txt
	$(COMPILE) requirements-node.in --output-file requirements-node.txt
	$(COMPILE) bench/requirements.in --output-file bench/requirements.txt
	npm install --package-lock-only --ignore-scripts
	npm --prefix bench install --package-lock-only --ignore-scripts
	npm --prefix tests/lighthouse install --package-lock-only --ignore-scripts

audit: ## ask whether a pinned package has a known hole (needs uv, npm and the internet)
	for list in requirements.txt requirements-dev.txt requirements-node.txt bench/requirements.txt; \
	  do $(UV) tool run pip-audit --strict --require-hashes --disable-pip -r $$list || exit 1; done
	for folder in . bench tests/lighthouse; do npm --prefix $$folder audit || exit 1; done

screenshots: ## photograph every page in every state into screenshots/ (under six minutes)
	@$(PYTHON) start.py setup --dev
	@.venv/bin/python -m tests.screenshots $(ARGS)

lighthouse: ## measure the voter page as a slow phone would, into docs/lighthouse.json
	@$(PYTHON) start.py setup --dev
	@.venv/bin/python -m tests.lighthouse
