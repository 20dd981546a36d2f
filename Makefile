# Everything that this project does, one word each. `make help` lists the words.
#
# What is needed beforehand: Python 3.11 or newer with venv, Node 20 or newer with npm, and make. `make deploy` also
# needs terraform (1.10 or newer) in the PATH. Everything else is installed into this folder.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

BASE_PYTHON ?= python3
PYTHON := .venv/bin/python
CHECKOV := .build/checkov/bin/checkov
CDKTF := node_modules/.bin/cdktf
# Arguments for pytest, for example: make test TESTS='tests/stacks -k cors'
TESTS ?=
# How many tests run at a time: two for each of two cores, as many a test waits for seconds of a real run.
WORKERS ?= 4
# Groups of tests go to whichever process is free, in the order that tests/schedule.py gives them.
PARALLEL = --numprocesses $(WORKERS) --dist loadgroup --no-loadscope-reorder
# Everything is pinned, so there is nothing to resolve; and most of the bytecode would never be used.
INSTALL := -m pip install --quiet --no-deps --no-compile --requirement
# What is asked before something is changed; `make deploy ASK=--ask` shows the plan and waits for a yes.
ASK ?=

# No calls home, and no screenful about Node 20, with which this is tested.
export CHECKPOINT_DISABLE := 1
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION := 20
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Tests start hundreds of Python processes. Where they may not keep bytecode, each compiles all that it imports again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo demo-mappings test test-cdk-terrain test-fast test-thorough environments check lint types scan bench synth deploy redeploy destroy lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# -- the two commands

demo: .venv/.installed ## the load test against the sandbox, with all set-up; ends with a report
	$(PYTHON) -m loadtest demo

demo-mappings: .venv/.installed ## the three mappings of the gateway side by side, on one page
	$(PYTHON) -m loadtest mappings

test: ## every check and every test, with all set-up
	$(MAKE) --jobs --output-sync=target environments
	$(MAKE) --jobs --output-sync=target check
	$(PYTHON) -m pytest $(PARALLEL) $(TESTS)

test-cdk-terrain: .venv/.installed ## docs/cdk-terrain.md with the packages of CDKTF's successor, 0.5 GB that are installed for it
	INSTALL_CDK_TERRAIN=1 $(PYTHON) -m pytest tests/docs/test_cdk_terrain.py

# Few of these wait for anything, so that more processes would only import everything once more.
test-fast: WORKERS = 2
test-fast: .venv/.installed ## the tests that need no Terraform, Locust, browser or sandbox, without costly ones, for the loop while writing
	$(PYTHON) -m pytest $(PARALLEL) --fast $(TESTS)

test-thorough: .venv/.installed ## ten thousand random histories and a thousand correct runs against the checks, before a release
	RANDOM_HISTORIES=10000 SIMULATED_RUNS=1000 $(PYTHON) -m pytest $(PARALLEL) --hypothesis-profile=thorough tests/loadtest/judge tests/loadtest/run

# -- parts of them

check: lint types scan ## ruff, mypy, and a policy scan of the synthesized Terraform

lint: .venv/.installed
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	.venv/bin/lint-imports --no-cache

types: .venv/.installed
	$(PYTHON) -m mypy

# The scan is of what the settings in cdktf.json make, which the tests have synthesized with all that they look at;
# .checkov.yaml says what is left out and why.
scan: .venv/.installed $(CHECKOV)
	$(CHECKOV) --directory "$$($(PYTHON) tests/synthesized_once.py)/cdktf.out" --config-file .checkov.yaml

bench: .venv/.installed ## measure speed and accuracy beside peers
	$(PYTHON) -m benchmarks

# -- the gateway

synth: .venv/.installed $(CDKTF) ## write the Terraform configuration to cdktf.out
	export TF_CLI_CONFIG_FILE="$$($(PYTHON) -m stacks.terraform_mirror .build/terraform.rc)"; $(CDKTF) synth

deploy: .venv/.installed $(CDKTF) ## create or change the gateway, and write outputs.json
	$(PYTHON) -m stacks.deploy deploy $(ASK)

redeploy: .venv/.installed ## deploy the API as it now is once more
	$(PYTHON) -m stacks.deploy redeploy

destroy: .venv/.installed $(CDKTF) ## remove the gateway and everything in it
	$(PYTHON) -m stacks.deploy destroy $(ASK)

# -- what the above needs

environments: .venv/.installed $(CDKTF) $(CHECKOV)

.venv/.installed: requirements.txt
	test -x $(PYTHON) || $(BASE_PYTHON) -m venv .venv
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; name one: make BASE_PYTHON=python3.11")'
	$(PYTHON) $(INSTALL) requirements.txt
	touch $@

$(CDKTF): package-lock.json
	npm ci --no-audit --no-fund --loglevel=error
	touch $@

$(CHECKOV): requirements-checkov.txt
	rm -rf .build/checkov
	$(BASE_PYTHON) -m venv .build/checkov
	.build/checkov/bin/python $(INSTALL) requirements-checkov.txt
	touch $@

lock: ## pin everything below every requirements*.in anew
	for list in requirements requirements-checkov requirements-mutation; do \
	  rm -rf .build/lock; \
	  $(BASE_PYTHON) -m venv .build/lock; \
	  .build/lock/bin/python -m pip install --quiet --requirement $$list.in; \
	  { echo "# Everything that $$list.in needs, pinned by make lock."; .build/lock/bin/python -m pip freeze; } > $$list.txt; \
	done
	rm -rf .build/lock

clean: ## remove what was installed and made, but neither outputs, state nor runs
	rm -rf .venv node_modules .build cdktf.out .mypy_cache .pytest_cache .ruff_cache .hypothesis
