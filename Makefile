# The steps by name. `make` alone lists them.
PYTHON ?= python3
ARGS ?=

.PHONY: help setup up test lint format bench wheel lock clean

help:
	@echo "make up       set up if needed, then run the platform        (ARGS=\"--port 8001 --data DIR\")"
	@echo "make test     set up if needed, then every check and test    (ARGS=\"mypy tests\" for some parts)"
	@echo "make lint     the checks that run no test"
	@echo "make format   lay out the sources as the checks want them"
	@echo "make bench    the benchmarks                                 (ARGS=\"--help\")"
	@echo "make wheel    dist/guanjia-*.whl with the built pages in it"
	@echo "make setup    only the set-up: .venv/bin/guanjia and the pages"
	@echo "make lock     lock the dependencies of pyproject.toml anew   (ARGS=\"--upgrade-package NAME\")"
	@echo "make clean    remove what the steps made, but not your data"

setup:
	@$(PYTHON) tools/setup.py

up: setup
	@exec .venv/bin/guanjia up $(ARGS)

test: setup
	@exec .venv/bin/python -m tools.check $(ARGS)

lint: setup
	@exec .venv/bin/python -m tools.check --without tests web-tests $(ARGS)

format: setup
	@.venv/bin/ruff check --fix-only --quiet .
	@.venv/bin/ruff format --quiet .
	@cd web && ../.venv/bin/npm run --silent format

bench: setup
	@exec .venv/bin/python -m benchmarks $(ARGS)

wheel: setup
	@.venv/bin/python -m hatchling build --target wheel

lock:
	@tools/lock.sh $(ARGS)

clean:
	rm -rf .venv dist web/node_modules web/shared/api/generated src/guanjia/web test-results
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
