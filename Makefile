# Every way to work with Rostrum, on a Debian 12 machine. `make help` lists them.
# What a machine lacks is installed from deploy/local/packages.txt.

SHELL := /bin/bash
.DEFAULT_GOAL := help

comma := ,
# Sanitizers to build with: make test SANITIZE=address,undefined
SANITIZE ?=
BUILD ?= build$(if $(SANITIZE),-$(subst $(comma),-,$(SANITIZE)))
JOBS ?= $(shell nproc)
# More options for the local stack: make run ARGS="--port 9000 --fresh"
ARGS ?=

# Two checkouts share one compiler cache.
export CCACHE_BASEDIR := $(CURDIR)
export CCACHE_NOHASHDIR := 1
export CCACHE_SLOPPINESS := include_file_ctime,include_file_mtime,time_macros
export ASAN_OPTIONS ?= detect_stack_use_after_return=1
export UBSAN_OPTIONS ?= halt_on_error=1:print_stacktrace=1

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

.PHONY: run
run: configure ## build and start everything on loopback; Ctrl-C stops it (ARGS=...)
	ninja -C $(BUILD) -j $(JOBS) rostrum_stack
	deploy/local/up --build $(BUILD) $(ARGS)

.PHONY: build
build: configure ## build everything, tests included (SANITIZE=address,undefined)
	ninja -C $(BUILD) -j $(JOBS)

.PHONY: test
test: build node_modules/.package-lock.json ## build and run all tests (SANITIZE=address,undefined)
	ctest --test-dir $(BUILD) --output-on-failure -j 3

# Seconds for each fuzz target; ARGS names some: make fuzz FUZZ_SECONDS=3600 ARGS=markdown
FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: ## look for inputs that break the parsers, a minute each (FUZZ_SECONDS, ARGS)
	@deploy/local/install build fuzz
	@cmake -S . -B build-fuzz -G Ninja -DFUZZ=ON -DCMAKE_CXX_COMPILER=clang++-14 -DCMAKE_C_COMPILER=clang-14 >/dev/null
	ninja -C build-fuzz -j $(JOBS) fuzz_targets
	tests/fuzz/run build-fuzz $(FUZZ_SECONDS) $(ARGS)

.PHONY: lint
lint: configure install-lint node_modules/.package-lock.json ## check format, scripts, protos, sizes, and what static analysis finds
	@ninja -C $(BUILD) -j $(JOBS) rostrum_generated
	.ci/lint $(BUILD)

.PHONY: format
format: install-lint ## format the C++ sources
	.ci/lint --format

.PHONY: demo-journey
demo-journey: configure ## a reader's whole journey over HTTP, each step printed
	ninja -C $(BUILD) -j $(JOBS) rostrum_stack
	deploy/local/up --ephemeral --build $(BUILD) --env-file tests/e2e/durations.env -- \
	  sh -c '/usr/bin/python3 tests/e2e/journey.py --short-durations --env-file "$$ROSTRUM_STATE/stack.env"'

.PHONY: faults
faults: configure ## kill and stop everything under load, check what is left (ARGS="--seed N --minutes M")
	ninja -C $(BUILD) -j $(JOBS) rostrum_stack
	/usr/bin/python3 tests/faults/faults.py $(BUILD) $(ARGS)

.PHONY: bench
bench: configure ## measure, each figure beside its limit (ARGS="--only article --rounds 3")
	ninja -C $(BUILD) -j $(JOBS) rostrum_stack bench_reference bench_hash
	/usr/bin/python3 tests/load/bench.py $(BUILD) $(ARGS)

.PHONY: bench-hot
bench-hot: configure ## measure the functions that every request goes through
	ninja -C $(BUILD) -j $(JOBS) bench_hot
	$(BUILD)/tests/bench_hot $(ARGS)

.PHONY: k8s-check
k8s-check: configure node_modules/.package-lock.json ## check the Kubernetes manifests, without a cluster
	ninja -C $(BUILD) -j $(JOBS) rostrum_stack
	node tests/k8s/check.mjs $(BUILD)

.PHONY: image
image: configure ## build the container image of what is built, and check it
	@deploy/local/install image
	ninja -C $(BUILD) -j $(JOBS) rostrum_stack
	deploy/image/check "$$(deploy/image/build $(BUILD))"

.PHONY: golden
golden: build ## write the golden files of the tests anew
	ROSTRUM_UPDATE_GOLDEN=1 ctest --test-dir $(BUILD) --output-on-failure -R Golden

.PHONY: clean
clean: ## remove what was built; the local stack's data stays
	rm -rf build build-* node_modules tests/output

# Steps of the above.
.PHONY: configure install-lint
configure:
	@deploy/local/install build run test
	@cmake -S . -B $(BUILD) -G Ninja -DSANITIZE=$(SANITIZE) >$(BUILD).log 2>&1 || { cat $(BUILD).log; rm -f $(BUILD).log; exit 1; }
	@rm -f $(BUILD).log

install-lint:
	@deploy/local/install lint

node_modules/.package-lock.json: package.json package-lock.json
	@deploy/local/install test
	npm ci --ignore-scripts --no-audit --no-fund
	@test -x node_modules/@bufbuild/buf-linux-*/bin/buf || { rm -rf node_modules; \
	  echo "npm brought no buf: the registry cannot be reached, or this is not Linux on x86-64 or arm64"; exit 1; }
