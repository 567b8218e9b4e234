# Two commands are enough: `make run` and `make test`. See README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= 1

.PHONY: setup run test bench browser clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt $(wildcard app/web/components/viewer/frontend/package*.json) $(wildcard app/web/components/viewer/frontend/src/*)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "StarLung needs Python 3.11 or newer; $(PYTHON) is older. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m app.web.components.viewer.build
	touch $@

run: setup
	$(BIN)/starlung score sample_data/ct --out runs/sample
	@if [ "$(SERVE)" != "0" ]; then exec $(BIN)/starlung serve --open runs/sample; fi

# A browser test needs Chromium: Debian's package where we may install it, else the test says so.
browser:
	@if ! command -v chromium >/dev/null && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && apt-get install -y -qq chromium >/dev/null || echo "Chromium could not be installed; the browser tests will be skipped"; fi

test: setup browser
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q

bench: setup
	@test -n "$(NAME)" || { echo "Say which: make bench NAME=speed"; exit 2; }
	$(BIN)/python -m tests.benchmarks.$(NAME)

clean:
	rm -rf $(VENV) runs build dist *.egg-info
