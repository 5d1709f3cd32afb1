# The whole course. `make` alone prints what there is.

STEPS   := $(sort $(wildcard step[0-9][0-9]_*))
LAST    := $(lastword $(STEPS))
CODE    := bench/floor.cpp $(foreach kind,cpp h,$(wildcard step*/*.$(kind) step*/lib/*/*.$(kind) step*/tests/*.$(kind) step*/tests/*/*.$(kind) step*/fuzz/*.$(kind)))
PYTEST  ?= /usr/bin/python3 -m pytest
PYTESTS := $(PYTEST) -q -rs -p no:cacheprovider

.PHONY: help
help:
	@echo 'make run            start step 4 on port 8000 (make run WORKERS=4 PORT=0)'
	@echo 'make hello          start the ten lines that it all began with, on port 8000'
	@echo 'make mixed          two workers in C++ and two in Node share port 8000'
	@echo 'make check          build and check every step, and the course itself'
	@echo 'make check-step02   build and check one step'
	@echo 'make check-more     the same once more, harder: sanitizers, regressions, wrong programs'
	@echo 'make interop        step 4 with other versions of Node: NODES="18 20 22 24 26"'
	@echo 'make drill          the worst day of a server: ours, nginx, HAProxy and Node, side by side'
	@echo 'make bench          what each way of sharing a port costs, beside nginx, HAProxy and Node (QUICK=1)'
	@echo 'make fuzz           any bytes, for 30 s, as messages and as requests: SECONDS=3600'
	@echo 'make diff STEP=3    what step 3 adds to step 2'
	@echo 'make slides         slides/dist/index.html and slides/dist/slides.pdf'
	@echo 'make format, tidy   lay the code out, lint it'
	@echo 'make clean          remove everything that was built'
	@echo
	@echo 'Something missing? tools/setup installs it.'

.PHONY: ready
ready:
	@tools/setup --check

.PHONY: run
run: ready
	@echo 'building $(LAST)'
	@$(MAKE) -s -j$(shell nproc) --no-print-directory -C $(LAST) run

.PHONY: hello
hello: ready
	@echo 'building $(LAST)'
	@$(MAKE) -s -j$(shell nproc) --no-print-directory -C $(LAST) hello
	@echo 'http://127.0.0.1:8000/ (Ctrl-C ends it)'
	@exec $(LAST)/hello

.PHONY: mixed
mixed: ready
	@echo 'building $(LAST)'
	@$(MAKE) -s -j$(shell nproc) --no-print-directory -C $(LAST) mixed

.PHONY: fuzz
fuzz: ready
	@$(MAKE) -s -j$(shell nproc) --no-print-directory -C $(LAST) fuzz

.PHONY: drill
drill: ready
	@$(MAKE) -s -j$(shell nproc) --no-print-directory -C $(LAST)
	@drill/drill.py $(if $(ROWS),--rows $(ROWS)) $(if $(QUICK),--quick)

.PHONY: bench
bench: ready
	@for step in $(STEPS); do $(MAKE) -s -j$(shell nproc) --no-print-directory -C $$step || exit 1; done
	@mkdir -p bench/build
	@$(CXX) -O2 -std=c++20 -Wall -Wextra -Werror bench/floor.cpp -o bench/build/floor
	@bench/bench.py $(if $(QUICK),--quick)

.PHONY: interop
interop: ready
	@$(MAKE) -s -j$(shell nproc) --no-print-directory -C $(LAST) interop

.PHONY: check
check: ready $(STEPS:%=check-%) check-course
	@echo 'everything passed'

# make check-step02 and make check-step02_env are the same.
check-step%: ready
	@echo '== step$*'
	@$(MAKE) -s -j$(shell nproc) --no-print-directory -C $(or $(wildcard step$**),$(error there is no step$*)) check

.PHONY: check-course
check-course: ready
	@echo '== the course'
	@$(PYTESTS) --ignore=tests/more tests

.PHONY: check-more
check-more: ready format-check
	@echo '== each step alone, with sanitizers'
	@$(PYTESTS) -n $(shell nproc) tests/more/test_alone.py
	@echo '== any bytes'
	@$(MAKE) -s --no-print-directory fuzz
	@echo '== earlier promises, later steps; wrong programs; lint'
	@$(MAKE) -s --no-print-directory tidy
	@$(PYTESTS) -n $(shell nproc) tests/more/test_mutations.py
	@$(PYTESTS) --ignore=tests/more/test_mutations.py --ignore=tests/more/test_alone.py tests/more

.PHONY: slides
slides: ready
	@$(MAKE) -s --no-print-directory -C slides

.PHONY: diff
diff:
	@tools/step-diff $(STEP)

.PHONY: format format-check tidy clean
format: ready
	@clang-format -i $(CODE)

format-check: ready
	@clang-format --dry-run -Werror $(CODE)

tidy: ready
	@for step in $(STEPS); do $(MAKE) -s --no-print-directory -C $$step tidy || exit 1; done

clean:
	@for folder in $(STEPS) slides; do $(MAKE) -s --no-print-directory -C $$folder clean || exit 1; done
