# Only Python >= 3.11 and make are assumed; everything else is made here.
PYTHON ?= python3
PORT ?= 1500
REQUIRED = import sys; sys.exit(sys.version_info < (3, 11) and "Zonekey needs Python 3.11 or newer; try make PYTHON=python3.12")

.PHONY: help run test lint spec bench clean

help:
	@echo "make run     start an appliance (PORT=1500), show a first conversation, then a whole payment network, until Ctrl-C"
	@echo "make test    everything: style, types, unit, property and conformance tests"
	@echo "make lint    style and types alone"
	@echo "make spec    derive protocol-spec again"
	@echo "make bench   measure"
	@echo "make clean   remove what was built here"

run: .run-venv/installed
	@.run-venv/bin/python -m switch.main demo --hsm-port $(PORT)

# Python 3.13, which one client of the tests needs, is used where pyenv keeps it though it is not on the path.
OTHERS = $(foreach found,$(wildcard $(HOME)/.pyenv/versions/3.13*/bin/python),--discover $(found))

test: .tox-venv/installed
	.tox-venv/bin/tox run $(OTHERS)

lint: .tox-venv/installed
	.tox-venv/bin/tox run -e lint,types

spec: .tox-venv/installed
	.tox-venv/bin/tox run -e derive

bench: .tox-venv/installed
	.tox-venv/bin/tox run -e bench

.run-venv/installed: setup.cfg $(shell find hsm switch -name '*.py')
	@$(PYTHON) -c '$(REQUIRED)'
	@test -x .run-venv/bin/python || $(PYTHON) -m venv .run-venv
	.run-venv/bin/python -m pip install --quiet --disable-pip-version-check .
	@touch $@

.tox-venv/installed: Makefile
	@$(PYTHON) -c '$(REQUIRED)'
	@test -x .tox-venv/bin/python || $(PYTHON) -m venv .tox-venv
	.tox-venv/bin/python -m pip install --quiet --disable-pip-version-check 'tox >=4.20, <5'
	@touch $@

clean:
	rm -rf .run-venv .venv .tox-venv .tox build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
