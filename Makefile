.PHONY: install run test lock bench hosts screens
PYTHON := .venv/bin/python
export PYTHONDONTWRITEBYTECODE :=  # else every program that is started compiles all it imports anew

install: .venv/installed

.venv/installed: requirements.txt
	@python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Arrivals needs Python 3.11 or newer.")'
	@test -x $(PYTHON) || python3 -m venv .venv || { rm -rf .venv; echo "Install python3-venv first."; exit 1; }
	@echo "Installing into .venv"
	@$(PYTHON) -m pip install --quiet --quiet --disable-pip-version-check --no-compile --require-hashes -r requirements.txt
	@touch $@

run: install
	@exec $(PYTHON) manage.py up

test: install
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy .
	.venv/bin/pytest -n 3 --dist loadfile

lock:
	uv lock
	uv export --no-header -q --format requirements-txt > requirements.txt

bench: install
	$(PYTHON) -m bench

hosts: install
	for seed in 1 2 3; do $(PYTHON) -m tests.hosts --seed $$seed || exit 1; done

screens: install
	$(PYTHON) -m tests.browser.screens
