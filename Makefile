.PHONY: install run example test test-fast lock bench hosts screens
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

example: install
	@exec $(PYTHON) -m example

test: install
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy .
	.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder

lock:
	uv lock
	uv export --no-header -q --format requirements-txt > requirements.txt
	uv export --no-header -q --no-dev --format requirements-txt > requirements-runtime.txt

# 115 s of processor time in two processes: about a minute where two cores are free. No browser, no worker, no web server.
FAST := tests/test_*.py tests/names tests/language \
	tests/door/test_letters.py tests/door/test_limits.py tests/door/test_links.py tests/door/test_table.py \
	tests/provisioning/test_attribution.py tests/provisioning/test_journey.py tests/provisioning/test_retry.py \
	tests/provisioning/test_status.py tests/support/test_acts.py tests/support/test_diagnosis.py \
	tests/time/test_friction.py tests/time/test_hours.py tests/time/test_promises.py tests/time/test_rule.py

test-fast: install
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/pytest -q -n 2 --dist loadfile $(FAST)

bench: install
	$(PYTHON) -m bench

hosts: install
	for seed in 1 2 3; do $(PYTHON) -m tests.hosts --seed $$seed || exit 1; done

screens: install
	$(PYTHON) -m tests.browser.screens
