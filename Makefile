# make run     install into .venv what is needed and start the dashboard      make run ARGS="--port 9000 --no-open"
# make test    the same, then run all tests and the check                     make test ARGS="tests/engine -k gil"
# make check   formatting, lint and types only: says nothing if all is well
# make wheel   build the distributable wheel into dist/
# make clean   remove .venv and what was built

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

# The first of these that is CPython 3.11 or later and can make a virtual environment; `make PYTHON=…` overrules.
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python3.15 python
PROBE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for one in $(CANDIDATES); do "$$one" -c '$(PROBE)' >/dev/null 2>&1 && command -v "$$one" && break; done)

.PHONY: run test check wheel clean

run: $(STAMP)
	@exec $(BIN)/gilscope serve $(ARGS)

# The tests first: whatever else is wrong, their summary is what one wants to see.
test: $(STAMP)
	$(BIN)/python -m pytest $(ARGS)
	@$(MAKE) --no-print-directory check

check: $(STAMP)
	@$(BIN)/ruff format --check --quiet . || { echo "make check: run $(BIN)/ruff format ." >&2; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary

wheel: $(STAMP)
	$(BIN)/hatchling build -t wheel

clean:
	rm -rf $(VENV) dist build

$(STAMP): pyproject.toml
	@if [ -z "$(PYTHON)" ]; then \
	  echo "gilscope needs CPython 3.11 or later with the venv module (Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; fi
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable . --group dev
	@touch $(STAMP)
