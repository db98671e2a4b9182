# Two commands to remember: `make run` and `make test`. Both set up what they need in .venv.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMPS := .stamps
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PYTHONUTF8 = 1

.PHONY: run test check bench chaos fuzz audit lock schemas messages clean

run: $(STAMPS)/run
	$(BIN)/kakehashi run

# One worker more than two cores have: whole bots wait for leases and backoffs a quarter of the time.
# Bytecode is kept, whatever the environment says: to compile and rewrite all tests anew takes each worker ten seconds.
test: $(STAMPS)/dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist worksteal

check: $(STAMPS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m bot.schemas --check
	$(BIN)/python -m bot.licences --check
	$(BIN)/kakehashi check

bench: $(STAMPS)/dev
	$(BIN)/python -m benchmarks

# SECONDS for all targets together; TARGET for one of them; SEED to repeat a run.
SECONDS ?= 120
fuzz: $(STAMPS)/dev
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(if $(TARGET),--target $(TARGET)) $(if $(SEED),--seed $(SEED))

# The real bot against fakes of both platforms, killed and cut off at every turn; half an hour, the last line is the
# verdict. SEED repeats a run's plot; EDITIONS and KILLS make it shorter.
EDITIONS ?= 580
KILLS ?= 200
chaos: $(STAMPS)/dev
	$(BIN)/python -m chaos --editions $(EDITIONS) --kills $(KILLS) $(if $(SEED),--seed $(SEED))

schemas: $(STAMPS)/dev
	$(BIN)/python -m bot.schemas --write

messages: $(STAMPS)/dev
	$(BIN)/python -m bot.catalogues --update

# Known weaknesses in what is pinned; asks a public database, so it needs the internet. pip-audit stays out of the lock.
audit: $(STAMPS)/dev
	$(PYTHON) -m venv $(STAMPS)/audit
	$(STAMPS)/audit/bin/python -m pip install -q pip-audit
	$(STAMPS)/audit/bin/pip-audit --require-hashes --disable-pip -r requirements.lock

# Pinned with hashes; names no host, so that any index or mirror serves it.
COMPILE := $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --no-annotate pyproject.toml --extra postgres --group build
lock: | $(VENV)/bin/python
	$(BIN)/python -m pip install -q uv
	$(COMPILE) --group dev --group bench -o requirements-dev.lock
	$(COMPILE) -c requirements-dev.lock -o requirements.lock

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# Bytecode for all, so that no start compiles again, wherever bytecode may not be written later. A few packages carry
# files for other Pythons, which do not compile; nothing is lost by that.
COMPILED := $(BIN)/python -m compileall -q -j 0 $(VENV)/lib bot digests >/dev/null 2>&1 || true
# hatchling and editables are in the lock too: the package itself is built without fetching anything unpinned.
$(STAMPS)/run: requirements.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --require-hashes -r requirements.lock
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	$(COMPILED)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/dev: requirements-dev.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	$(COMPILED)
	@mkdir -p $(STAMPS) && touch $@ $(STAMPS)/run

clean:
	rm -rf $(VENV) $(STAMPS) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .fuzz
