# make setup | demo | demo-destroy | tour | check | test | mutation | docs | tables | bench | audit | format

SHELL := /bin/bash
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PYTHON ?= $(shell for each in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$each" -c '$(SUITABLE)' 2> /dev/null && command -v "$$each" && break; done)
PY := .venv/bin/python
# uv installs what is locked in seconds, from PATH or else from PyPI; `make setup UV=` leaves it to pip.
UV ?= $(or $(shell command -v uv),.venv/bin/uv)
export UV_SYSTEM_CERTS ?= 1
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif
# $(call install,PYTHON,REQUIREMENTS): by uv; by pip where uv is not there or fails. Neither compiles
# ahead: of the bindings, which are most of what there is, a small part is ever imported.
install = { test -x "$(UV)" && $(UV) pip install --quiet --python $(1) --require-hashes --requirement $(2); } || \
	$(1) -m pip install --quiet --quiet --disable-pip-version-check --no-compile --require-hashes --requirement $(2)
PIPENV := PIPENV_VENV_IN_PROJECT=1 PIPENV_IGNORE_VIRTUALENVS=1 PIPENV_NOSPIN=1 .venv/bin/pipenv
REQUIREMENTS := $(wildcard .github/*requirements.txt bench/*requirements.txt container/*/requirements.txt tests/*/requirements.txt)
SOURCES := main.py inferform environments inferform_ops inferform_emulator bench container tests examples/extensions examples/peers examples/platform/team

.PHONY: setup demo demo-destroy tour rehearsal check test mutation lint types docs tables bench audit format clean

setup: .venv/bin/inferform node_modules/.ready
	@$(if $(filter setup,$(MAKECMDGOALS)),echo "ready; .venv/bin/inferform --help shows the commands")

.venv/bin/inferform: Pipfile.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed, and PATH has none: https://www.python.org/downloads/, uv python install 3.13, pyenv install 3.13, or set PYTHON=/path/to/python3.13"; exit 1; }
	@"$(PYTHON)" -c '$(SUITABLE)' || { echo "Python 3.11 to 3.14 is needed, $(PYTHON) is $$("$(PYTHON)" --version); set PYTHON=/path/to/python3.13"; exit 1; }
	@echo "setting up .venv"
	@test -x $(PY) || "$(PYTHON)" -m venv .venv
	@test "$(UV)" != .venv/bin/uv || $(call install,$(PY),.github/uv-requirements.txt) || echo "uv is not to be had, so pip installs, which takes minutes"
	@$(call install,$(PY),.github/pipenv-requirements.txt)
	@$(PIPENV) requirements --dev --hash --exclude-index > .venv/requirements.txt
	@$(call install,$(PY),.venv/requirements.txt)
	@printf '#!%s\nimport sys\n\nsys.path.insert(0, "%s")\n\nfrom inferform_ops.__main__ import main\n\nmain()\n' "$(CURDIR)/$(PY)" "$(CURDIR)" > $@
	@chmod +x $@

node_modules/.ready: package-lock.json | .venv/bin/inferform
	@echo "setting up node_modules"
	@$(PY) -m inferform_ops.node
	@touch $@

# Checkov pins a boto3 of its own, so it has an environment of its own, with the other scanners.
.venv-checkov/.ready: .github/checkov-requirements.txt | .venv/bin/inferform
	@echo "setting up .venv-checkov"
	@$(PYTHON) -m venv --clear .venv-checkov
	@$(call install,.venv-checkov/bin/python,$<)
	@touch $@

# CDK Terrain is not installed beside CDKTF.
.venv-terrain/.ready: tests/longevity/requirements.txt | .venv/bin/inferform
	@echo "setting up .venv-terrain"
	@$(PYTHON) -m venv --clear .venv-terrain
	@$(call install,.venv-terrain/bin/python,$<)
	@touch $@

# Airflow of a version that MWAA has, which runs on Python 3.12 at most; tests/airflow says so of a later one.
.venv-airflow/.ready: tests/airflow/airflow-requirements.txt | .venv/bin/inferform
	@echo "setting up .venv-airflow"
	@$(PYTHON) -m venv --clear .venv-airflow
	@if "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info >= (3, 13))'; then \
		$(call install,.venv-airflow/bin/python,$<); fi
	@touch $@

demo: setup
	@.venv/bin/inferform demo

demo-destroy: setup
	@.venv/bin/inferform demo --destroy

tour: setup
	@.venv/bin/inferform tour

# The whole of examples/platform on the emulator, which is no part of make test (docs/testing.md).
rehearsal: setup
	$(PY) -m tests.rehearsal

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/lint-imports --no-logo --no-cache

types: setup
	.venv/bin/mypy $(SOURCES)

# What needs neither Terraform nor an emulator, without what is marked as long.
CHECKED := tests/specs tests/modules tests/names tests/golden tests/cost tests/documents tests/review tests/tables

check: lint types
	.venv/bin/pytest $(CHECKED) -m "not long" -n 2 --dist loadfile --timeout 300

# One file stays with one worker, so that each worker starts few emulators. The order is random:
# its seed stands at the head of the output, and --randomly-seed repeats it. tests/conftest.py
# spreads the files that wait for the provider among those that work, and four workers keep two
# processors busy so. The time limit is there to end what hangs.
test: lint types .venv-airflow/.ready .venv-checkov/.ready .venv-terrain/.ready
	@container/install-nginx.sh
	@tests/review/install-chromium.sh
	.venv/bin/pytest -n 4 --dist loadfile --no-loadscope-reorder --timeout 900

# How many small faults the tests notice (docs/testing.md).
mutation: setup
	$(PY) -m tests.mutation

# AWS CDK pins a jsii and constructs of its own, and only the benchmark needs it.
.venv-aws-cdk/.ready: bench/aws-cdk-requirements.txt | .venv/bin/inferform
	@echo "setting up .venv-aws-cdk"
	@$(PYTHON) -m venv --clear .venv-aws-cdk
	@$(call install,.venv-aws-cdk/bin/python,$<)
	@touch $@

# MkDocs has an environment of its own, and what draws Mermaid's pictures stands in it.
.venv-docs/.ready: .github/docs-requirements.txt .github/docs/package-lock.json | .venv/bin/inferform
	@echo "setting up .venv-docs"
	@$(PYTHON) -m venv --clear .venv-docs
	@$(call install,.venv-docs/bin/python,$<)
	@cp .github/docs/package.json .github/docs/package-lock.json .venv-docs
	@npm ci --prefix .venv-docs --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null
	@touch $@

# The documentation site, in build/docs. It loads nothing from another host.
docs: setup .venv-docs/.ready
	@$(PY) -m tests.documents.site write .inferform/docs
	@NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet
	@$(PY) -m tests.documents.site check build/docs
	@echo "the site is in build/docs: open build/docs/index.html"

# Makes the tables of what AWS has anew, and prints what has changed.
# .venv/bin/python -m tests.tables --aws asks AWS too.
tables: setup
	@$(PY) -m tests.tables

bench: setup .venv-aws-cdk/.ready
	$(PY) -m bench

# Asks the advisory databases of PyPI and npm about everything that is locked. What has a reason
# to stay stands in .github/audit-ci.json.
audit: setup
	@mkdir -p .inferform
	@$(PIPENV) requirements --dev > .inferform/requirements.txt
	@for file in .inferform/requirements.txt $(REQUIREMENTS); do \
		echo "$$file"; \
		.venv/bin/pip-audit --strict --no-deps --disable-pip --requirement $$file || exit 1; \
	done
	@npm ci --prefix .github/audit --ignore-scripts --no-audit --no-fund --loglevel=error > /dev/null
	@.github/audit/node_modules/.bin/audit-ci --config .github/audit-ci.json

format: setup
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

clean:
	rm -rf .venv .venv-airflow .venv-checkov .venv-aws-cdk .venv-terrain .venv-docs node_modules cdktf.out .inferform build dist *.egg-info
