# Every target sets up what it needs. ARGS goes to the tool behind the target; PYTHON names another interpreter (3.11+).
#   make test ARGS="-k multipart -x"      make serve ARGS="--port 8080"      make test PYTHON=python3.12

VENV := .venv
BENCH_VENV := .bench-venv
DATA_VENV := .data-venv
MUTANTS_VENV := .mutants-venv
MEMBERS := $(patsubst %/pyproject.toml,%,$(wildcard core/pyproject.toml access/pyproject.toml client/pyproject.toml s3client/pyproject.toml drivers/*/pyproject.toml http/pyproject.toml \
             cli/pyproject.toml testing/pyproject.toml tests/contract/pyproject.toml))
export PYTHON

# Test processes; 0 runs all in one process, as a debugger needs.
WORKERS ?= auto

COMPILE = $(VENV)/bin/uv pip compile --quiet --python $(VENV)/bin/python --python-version 3.11 --universal \
          --generate-hashes --no-header --no-emit-index-url --no-emit-find-links $(ARGS)
LOCAL = $(foreach member,$(MEMBERS),--no-emit-package $(shell sed -n 's/^name = "\(.*\)"/\1/p' $(member)/pyproject.toml))
CHECKS := check-format check-lint check-imports check-tree check-types check-docs

.DEFAULT_GOAL := help
.PHONY: help serve test test-clients test-data aio servers clients compat settings record sweep load check docs dist image image-context bench mutants fix lock clean venv bench-venv data-venv mutants-venv $(CHECKS)

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

serve: venv ## run the REST API and S3 on the in-memory driver
	@$(VENV)/bin/bucketry serve --store memory:// $(ARGS)

test: venv ## run all tests, or what ARGS names (path::test, -k name); those of MinIO and Ceph RGW need a Docker engine
	@$(VENV)/bin/python -m tests.prepare $(ARGS)
	@$(VENV)/bin/pytest -n $(WORKERS) $(ARGS)

test-clients: clients ## run the tests of S3 clients and generated clients, with those that need Java's or Rust's toolchain
	@$(VENV)/bin/pytest -n $(WORKERS) -m "toolchain or not toolchain" -o faulthandler_timeout=3600 \
	    tests/s3_clients tests/rest_clients $(ARGS)

test-data: data-venv ## run the tests of data libraries (pandas, pyarrow, polars, dask, zarr, xarray, DuckDB), in .data-venv
	@$(DATA_VENV)/bin/pytest tests/data $(ARGS)

clients: venv ## install or build other people's clients and servers, which tests and benchmarks drive
	@$(VENV)/bin/python -m tests.toolchains.install

servers: venv ## pull or build the images of the servers that tests run on
	@$(VENV)/bin/python -m tests.servers.images

compat: venv ## run the whole contract suite on drivers and servers (some: ARGS="file s3-minio"), and write docs/compat.md
	@$(VENV)/bin/python -m tests.compat --workers $(WORKERS) $(ARGS)

settings: venv ## write docs/settings.md and docs/limits.md from the code
	@$(VENV)/bin/python -m tools.settings_page > docs/settings.md.new && mv docs/settings.md.new docs/settings.md
	@$(VENV)/bin/python -m tools.limits_page > docs/limits.md.new && mv docs/limits.md.new docs/limits.md

aio: venv ## write the operations of AsyncStore from those of Store
	@$(VENV)/bin/python -m tools.async_operations

record: servers ## record anew the responses of MinIO and Ceph RGW that tests cut off
	@$(VENV)/bin/python -m tests.responses record $(ARGS)

sweep: servers ## cut off the responses of MinIO and Ceph RGW on their way (each byte of heads: ARGS="--every 1")
	@$(VENV)/bin/python -m tests.responses sweep $(ARGS)

load: servers ## put a load on memory, MinIO and Ceph RGW, ten minutes each, and write docs/load.md (ARGS="--seconds 60")
	@$(VENV)/bin/python -m tests.load $(ARGS)

.PHONY: kill-test crash-states
kill-test: venv ## kill writers of a file store 500 times, and check the store after each (ARGS="--kills 50 --seed 7")
	@$(VENV)/bin/python -m tests.crash kills $(ARGS)

crash-states: venv ## replay what a loss of power may leave of a file store, with more states than make test (ARGS="--most 50")
	@$(VENV)/bin/python -m tests.crash states $(ARGS)

check: venv ## check format, lint, import rules, tree rules, types and docs
	@$(MAKE) --no-print-directory --keep-going --jobs=2 --output-sync=target $(CHECKS)
	@echo "check: all good"

check-format:
	@$(VENV)/bin/ruff format --check --quiet --diff .

check-lint:
	@$(VENV)/bin/ruff check --quiet .

check-imports:
	@$(VENV)/bin/lint-imports --no-logo

check-tree:
	@$(VENV)/bin/python tools/check_tree.py
	@$(VENV)/bin/python tools/check_lock.py
	@$(VENV)/bin/python tools/check_distributions.py
	@$(VENV)/bin/python tools/check_platforms.py
	@$(VENV)/bin/python -m tools.async_operations --check

check-types:
	@$(VENV)/bin/mypy --no-error-summary .

SPHINX = $(VENV)/bin/sphinx-build --quiet --fail-on-warning --jobs auto --conf-dir docs --doctree-dir build/doctrees

check-docs:
	@$(SPHINX) . build/docs $(ARGS)

docs: venv check-docs ## build the documentation site: build/docs/index.html
	@echo "docs: build/docs/index.html"

fix: venv ## format the code and apply the linter's safe fixes
	@$(VENV)/bin/ruff check --quiet --fix-only .
	@$(VENV)/bin/ruff format --quiet .

dist: venv ## build the sdist and the wheel of every distribution: dist/
	@rm -rf dist
	@$(VENV)/bin/uv build --quiet --all-packages --no-build-isolation --python $(VENV)/bin/python --out-dir dist

IMAGE ?= bucketry
image-context: dist
	@$(VENV)/bin/python tools/image_context.py dist build/image

image: image-context ## build the container image (IMAGE=name:tag); ARGS go to docker build
	docker build --tag $(IMAGE) $(ARGS) build/image

bench: bench-venv clients ## measure against what a user would pick instead
	@$(BENCH_VENV)/bin/python -m benchmarks $(ARGS)

mutants: mutants-venv ## plant mistakes in the memory driver, and see whether the contract suite notices (half an hour)
	@$(MUTANTS_VENV)/bin/python -m tests.mutants $(ARGS)

lock: ## update requirements/ (newest versions: ARGS=--upgrade)
	@tools/venv.sh $(VENV)
	$(COMPILE) --group bootstrap --output-file requirements/uv.txt
	$(COMPILE) pyproject.toml --group dev $(LOCAL) --output-file requirements/dev.txt
	$(COMPILE) --group clients --output-file requirements/clients.txt
	$(COMPILE) pyproject.toml --group bench $(LOCAL) --constraints requirements/dev.txt --output-file requirements/bench.txt
	$(COMPILE) pyproject.toml --group data $(LOCAL) --constraints requirements/dev.txt --output-file requirements/data.txt
	$(COMPILE) --group image $(LOCAL) --override deploy/image/left-out.txt --constraints requirements/dev.txt --output-file requirements/image.txt
	$(COMPILE) pyproject.toml --group dev --group mutants $(LOCAL) --constraints requirements/dev.txt --output-file requirements/mutants.txt

clean: ## remove what the other targets made
	rm -rf build dist $(VENV) $(BENCH_VENV) $(DATA_VENV) $(MUTANTS_VENV) .clients-venv .clients .bench .*venv.lock .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

venv:
	@tools/venv.sh $(VENV) requirements/dev.txt $(MEMBERS)

mutants-venv:
	@tools/venv.sh $(MUTANTS_VENV) requirements/mutants.txt $(MEMBERS)

data-venv:
	@tools/venv.sh $(DATA_VENV) requirements/data.txt $(MEMBERS)

bench-venv:
	@tools/venv.sh $(BENCH_VENV) requirements/bench.txt $(MEMBERS)
