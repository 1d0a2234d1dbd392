# Two commands for a fresh machine:  make demo  (the main job)   make test  (the tests)
PYTHON ?= python3
BIN := .venv/bin
.PHONY: demo test truth lint types imports bench docs lock clean

demo: .venv/ready
	$(BIN)/tocsin study examples/zhou2023

test: .venv/ready
	$(BIN)/python -m pytest

.venv/ready: requirements.lock pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation --no-index -e .
	touch $@

# the slow run, hours: bias and coverage against known truth, and the page docs/truth.md made of it
truth: .venv/ready
	PYTHONPATH=tests $(BIN)/python -m truth.slow
	for design in docs/truth/*.toml; do $(BIN)/tocsin power $$design -o out/truth/$$(basename $$design .toml) || exit 1; done
	$(BIN)/python docs/truth/page.py out/truth

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/ready
	$(BIN)/pyright

imports: .venv/ready
	$(BIN)/lint-imports

docs: .venv/ready
	$(BIN)/python docs/build.py

bench: .venv/ready
	$(BIN)/python bench/bench.py
	$(BIN)/python bench/ccw_bench.py
	$(BIN)/python bench/virtual_bench.py

# needs uv (pip install uv); the file names no index
lock:
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-header --no-annotate -q -o requirements.lock

clean:
	rm -rf .venv out dist
