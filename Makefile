# Each target makes the environment itself, from the lock requirements.txt, where it is missing or
# older.
# Without make (Windows): see README.md.

PYTHON ?= python3
# The models are so small that a second thread slows them down.
export OMP_NUM_THREADS := 1
ENV := .venv
RUN := $(ENV)/bin/python
READY := $(ENV)/.ready

.PHONY: help notebooks test lab student book refresh bench lock
help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

notebooks: $(READY) ## run every notebook and regenerate the plots (QUICK=1: few steps)
	$(RUN) -m mmhelpers run $(if $(filter-out 0,$(QUICK)),--quick)

test: $(READY) ## check style, units, and that the notebooks give what they show
	$(RUN) -m ruff check -q .
	$(RUN) -m ruff format -q --check .
	$(RUN) -m pytest

lab: $(READY) ## open JupyterLab on a copy of the notebooks, work/ (ARGS="...": options for it)
	$(RUN) -m mmhelpers work
	$(RUN) -m jupyterlab $(ARGS) work

student: $(READY) ## copy the notebooks without their solutions to build/student
	$(RUN) -m mmhelpers student

book: $(READY) ## build the series as a site in build/book, from the stored outputs
	@rm -rf build/book build/doctrees
	$(RUN) -m sphinx -W --keep-going -n -q -d build/doctrees notebooks build/book
	@find build/book -name '*.map' -delete
	@echo "open build/book/index.html"

refresh: $(READY) ## run on the lecture's list and store the outputs in the notebooks
	$(RUN) -m mmhelpers refresh

bench: $(READY) ## measure the speed
	$(RUN) -m pytest -o addopts= --benchmark-only tests/benchmarks

lock: $(READY) ## make requirements.txt, the lock, from the ranges in pyproject.toml (ARGS=-U: newest)
	$(RUN) -m uv pip compile pyproject.toml -o requirements.txt $(ARGS) --universal --all-extras \
		--no-annotate -q --custom-compile-command "make lock"

# Python compiles a module when it is first loaded, and most never are.
$(READY): requirements.txt pyproject.toml
	@echo "installing the requirements into $(ENV), which takes a few minutes"
	$(PYTHON) -m venv $(ENV)
	$(RUN) -m pip install -q --disable-pip-version-check --no-compile -r requirements.txt -e .
	@touch $@
