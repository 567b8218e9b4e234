# Two commands are enough: `make run` and `make test`. See README.md.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SERVE ?= 1
WORKERS ?= 2
# A worker that dies ends the run: begun anew, the spreading by files may wait for ever.
SPREAD := --dist loadfile --no-loadscope-reorder --max-worker-restart=0

.PHONY: setup peers run check test test-all test-slow bench browser schemas words docs clean

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml constraints.txt $(wildcard app/web/components/viewer/frontend/package*.json) $(wildcard app/web/components/viewer/frontend/src/*) $(wildcard app/web/components/viewer/frontend/src/*/*)
	@command -v $(PYTHON) >/dev/null || { echo "StarLung needs Python 3.11 or newer; there is no $(PYTHON). Install it, or name one: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "StarLung needs Python 3.11 or newer; $(PYTHON) is older. Try: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) lacks venv. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/python -m app.web.components.viewer.build
	touch $@

run: setup
	$(BIN)/starlung score sample_data/ct --out runs/sample --resume
	@if [ "$(SERVE)" != "0" ]; then exec $(BIN)/starlung serve --open runs/sample; fi

# The browser tests need Chromium: Debian's package where we may install it, else they are skipped.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  export DEBIAN_FRONTEND=noninteractive && apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
	} || echo "No Chromium here, and it could not be installed: the browser tests will be skipped."

# Other people's DICOM programs, by which tests read what we write and send; else those tests are
# skipped. Orthanc's own service is not left running: the tests start theirs.
peers: setup
	@command -v dciodvfy >/dev/null && command -v dsrdump >/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  export DEBIAN_FRONTEND=noninteractive && apt-get update -qq && apt-get install -y -qq dicom3tools dcmtk >/dev/null; \
	} || echo "dicom3tools and DCMTK are not here, and could not be installed: their tests will be skipped."
	@command -v Orthanc >/dev/null || { \
	  test "$$(id -u)" = 0 && command -v apt-get >/dev/null && \
	  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 && apt-get install -y -qq orthanc orthanc-dicomweb >/dev/null && \
	  { ! command -v systemctl >/dev/null || systemctl disable --now orthanc 2>/dev/null || true; }; \
	} || echo "Orthanc is not here, and could not be installed: its tests will be skipped."
	@test -x $(BIN)/tid1500reader || $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[peers]' || \
	  echo "dcmqi could not be installed: its tests will be skipped."

# Style, private names, docstrings, spelling, the direction of imports, types.
check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy

# What takes seconds: minutes in all.
test: peers check
	$(BIN)/python -m pytest -q -n $(WORKERS) $(SPREAD) -m "not slow and not heavy and not browser and not real"

# These and what takes tens of seconds: the page in Chromium, real CTs, whole scorings and trainings. CI runs it.
test-all: browser peers check
	$(BIN)/python -m pytest -q -n $(WORKERS) $(SPREAD)

# Reading sessions, logins and bad uploads in Chromium, retraining over two network namespaces, ten
# studies with a killed worker: minutes each. docs/testing.md says when they last ran and what they gave.
test-slow: setup browser
	$(BIN)/python -m pytest -q -m slow

# Bring the catalogue of translations up to date with what the sources say.
words: setup
	$(BIN)/python -m medical.i18n.extract

bench: setup
	@test -n "$(NAME)" || { echo "Say which: make bench NAME=speed"; exit 2; }
	$(BIN)/python -m tests.benchmarks.$(NAME)

# JSON Schemas of findings.json and of the report's JSON; a test holds them against the models.
schemas: setup
	$(BIN)/python -m medical.report.schema docs/schemas

# The pages under docs/ with the Python reference, as a site in site/; a broken link or a page left out ends it.
docs: setup
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	$(BIN)/mkdocs build --quiet --site-dir site

clean:
	rm -rf $(VENV) site runs build dist *.egg-info
