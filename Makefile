# Only names for commands: the work is in packaging/bootstrap.py, which Windows users call directly.
PYTHON ?= python3
BOOTSTRAP = $(PYTHON) packaging/bootstrap.py
VENV_PYTHON = .venv/bin/python

.PHONY: run test check soak screens bench translations bundle clean

run:  ## set up, then open the window; ARGS goes to main.py
	@$(BOOTSTRAP) run $(ARGS)

test:  ## set up, then the whole test suite; ARGS goes to pytest
	@$(BOOTSTRAP) test $(ARGS)

check:  ## lint, format, types, direction rules, files
	@$(BOOTSTRAP) check $(ARGS)

soak:  ## the promises of docs/reliability.md as often as they were promised; hours
	@IMPRINT_SOAK=1 $(BOOTSTRAP) test -m soak --timeout 7200 tests tests/soak $(ARGS)
	@IMPRINT_SWITCH_INTERVAL=1e-5 $(BOOTSTRAP) test -p tests.switch_interval --timeout 1800 tests/desktop

screens:  ## pictures of every panel
	@$(BOOTSTRAP) setup
	@$(VENV_PYTHON) tests/screens.py $(ARGS)

bench:  ## CPU seconds a step and peak memory
	@$(BOOTSTRAP) setup
	@$(VENV_PYTHON) tests/benchmarks/bench_lora_step.py $(ARGS)

translations:  ## read the sentences from the source, write .ts and .qm
	@$(BOOTSTRAP) setup
	@$(VENV_PYTHON) packaging/translations.py $(ARGS)

bundle:  ## the installed program, for this system, under dist/
	@$(BOOTSTRAP) bundle

clean:  ## remove what the set-up and the checks made
	rm -rf .venv .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
