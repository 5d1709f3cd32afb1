# The whole course. `make` alone prints what there is.

STEPS   := $(sort $(wildcard step[0-9][0-9]_*))
LAST    := $(lastword $(STEPS))
CODE    := bench/floor.cpp $(foreach kind,cpp h,$(wildcard step*/*.$(kind) step*/given/*.$(kind) step*/lib/*/*.$(kind) step*/tests/*.$(kind) step*/tests/*/*.$(kind) step*/fuzz/*.$(kind)))
PYTEST  ?= /usr/bin/python3 -m pytest
unexport PYTEST_ADDOPTS NODE_OPTIONS
PYTESTS := $(PYTEST) -q -rs -p no:cacheprovider
# As many at once as there are CPUs, unless somebody has said how many: make -j8 check.
JOBS     = $(or $(filter -j%,$(MAKEFLAGS)),-j$(shell nproc))
BUILD    = $(MAKE) -s $(if $(filter -j%,$(MAKEFLAGS)),,$(JOBS)) --no-print-directory -C

# One target after the other: the tests of the course need the steps, and tests want the machine for themselves.
.NOTPARALLEL:

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
	@echo 'Something missing? tools/setup installs it; for all but run, hello, mixed and check: tools/setup --all.'

# What is missing is said before anything begins. Nothing is installed.
.PHONY: ready ready-for-all
ready:
	@tools/setup --missing

ready-for-all:
	@tools/setup --missing --all

.PHONY: run
run: ready
	@echo 'building $(LAST)'
	@$(BUILD) $(LAST) run

.PHONY: hello
hello: ready
	@echo 'building $(LAST)'
	@$(BUILD) $(LAST) hello
	@echo 'http://127.0.0.1:8000/ (Ctrl-C ends it)'
	@exec $(LAST)/hello

.PHONY: mixed
mixed: ready
	@echo 'building $(LAST)'
	@$(BUILD) $(LAST) mixed

.PHONY: fuzz
fuzz: ready-for-all
	@$(BUILD) $(LAST) fuzz

.PHONY: drill
drill: ready-for-all
	@$(BUILD) $(LAST)
	@drill/drill.py $(if $(ROWS),--rows $(ROWS)) $(if $(QUICK),--quick)

.PHONY: bench
bench: ready-for-all
	@for step in $(STEPS); do $(BUILD) $$step || exit 1; done
	@mkdir -p bench/build
	@$(CXX) -O2 -std=c++20 -Wall -Wextra $(if $(STRICT),-Werror) bench/floor.cpp -o bench/build/floor
	@bench/bench.py $(if $(QUICK),--quick)

.PHONY: interop
interop: ready-for-all
	@$(BUILD) $(LAST) interop

.PHONY: check check-course
check: export CHECK_STEP = $(MAKE) -s --no-print-directory $(JOBS) check -C
check: export CHECK_COURSE = $(PYTESTS) --ignore=tests/more tests
check: ready
	@tools/check

# make check-step02 and make check-step02_env are the same.
check-step%:
	@tools/setup --missing --step $(patsubst 0%,%,$(firstword $(subst _, ,$*)))
	@$(BUILD) $(or $(wildcard step$**),$(error there is no step$*)) check

check-course: ready
	@$(PYTESTS) --ignore=tests/more tests

MORE  := tests/more
ALONE := $(MORE)/test_alone.py $(MORE)/test_ordinary_user.py
.PHONY: check-more
check-more: ready-for-all format-check
	@echo '== each step alone, with sanitizers; and for an ordinary user'
	@FLOOR=$(MORE)/floor_alone.json $(PYTESTS) -n $(shell nproc) $(ALONE)
	@echo '== any bytes'
	@$(MAKE) -s --no-print-directory fuzz
	@echo '== lint; wrong programs; earlier promises, later steps; bench, drill and slides'
	@$(MAKE) -s --no-print-directory tidy
	@FLOOR=$(MORE)/floor_mutations.json $(PYTESTS) -n $(shell nproc) $(MORE)/test_mutations.py
	@FLOOR=$(MORE)/floor_rest.json $(PYTESTS) $(ALONE:%=--ignore=%) --ignore=$(MORE)/test_mutations.py $(MORE)

.PHONY: slides
slides: ready-for-all
	@$(MAKE) -s --no-print-directory -C slides

.PHONY: diff
diff:
	@tools/step-diff $(STEP)

.PHONY: format format-check tidy clean
format: ready-for-all
	@clang-format -i $(CODE)

format-check: ready-for-all
	@clang-format --dry-run -Werror $(CODE)

tidy: ready-for-all
	@for step in $(STEPS); do $(MAKE) -s --no-print-directory -C $$step tidy || exit 1; done

clean:
	@for folder in $(STEPS) slides; do $(MAKE) -s --no-print-directory -C $$folder clean || exit 1; done
	@rm -rf build bench/build
