# Short names for SwiftPM commands and the scripts in scripts/. `make` alone lists the targets.

PREFIX ?= /usr/local
DESTDIR ?=

SWIFT ?= swift
# Package traits of `make build`, separated by commas: docs/dependencies.md.
TRAITS ?=
DVT := .build/release/dvt
# Tests are compiled with -enable-testing. In a shared folder, the test build and the release build
# would each recompile everything after the other.
TEST_FOLDER := .build/tests

# A target that imports what Package.swift does not give it builds or not by the order of the build.
IMPORT_CHECK := --explicit-target-dependency-import-check error

SWIFT_SOURCES := $(wildcard Sources Tests Benchmarks Examples) Package.swift

# Package.swift passes it to the C target CBuildInformation. It is empty outside a checkout.
DVT_COMMIT := $(shell test -e .git && scripts/describe-commit.sh)
export DVT_COMMIT

bindir = $(DESTDIR)$(PREFIX)/bin
docdir = $(DESTDIR)$(PREFIX)/share/doc/dvt
bashdir = $(DESTDIR)$(PREFIX)/share/bash-completion/completions
zshdir = $(DESTDIR)$(PREFIX)/share/zsh/site-functions
fishdir = $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d

.DEFAULT_GOAL := help
# Targets share SwiftPM's lock; with -j they would only wait for each other.
.NOTPARALLEL:
.PHONY: help build demo test lint format check-kernels check-cpu-kernels check-gpu-kernels
.PHONY: check-mutants check-drivers parity benchmark
.PHONY: reference check-docs check-export documentation install uninstall bundle try-bundle clean bench-peers
.PHONY: write-results

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 16

build: ## Build dvt, optimized (.build/release/dvt)
	@scripts/install-dependencies.sh build $(TRAITS)
	$(SWIFT) build -c release $(IMPORT_CHECK) $(if $(TRAITS),--traits $(TRAITS))

demo: build ## Build, then classify images: make demo IMAGES="cat.jpg dog.png"
	@scripts/demo.sh

test: ## Run the tests, then the examples; report skipped tests and why
	@scripts/install-dependencies.sh test
	@scripts/count-skipped.sh \
		$(SWIFT) test -c release --disable-xctest --scratch-path $(TEST_FOLDER) $(IMPORT_CHECK)
	@scripts/examples.sh $(TEST_FOLDER)/release/dvt

lint: build ## Check the style of Swift, kernels and scripts, the terms of all text, the help's width
	@scripts/install-dependencies.sh lint
	$(SWIFT) format lint --strict --parallel --recursive $(SWIFT_SOURCES)
	@scripts/lint-kernels.sh
	@scripts/lint-scripts.sh
	@scripts/lint-terms.sh
	@scripts/lint-help.sh

format: ## Format the Swift sources and the kernels in place
	$(SWIFT) format --in-place --parallel --recursive $(SWIFT_SOURCES)
	@scripts/install-dependencies.sh lint
	@scripts/lint-kernels.sh --fix

check-kernels: ## Run the kernels under oclgrind: out-of-bounds accesses, data races
	@scripts/install-dependencies.sh check-kernels
	$(SWIFT) build -c release
	@scripts/check-kernels.sh

check-mutants: ## Plant faults in the kernels for matrix instructions; each must be caught
	@scripts/install-dependencies.sh check-kernels
	$(SWIFT) build -c release
	@scripts/check-mutants.py

check-cpu-kernels: ## Check the machine code of kernels for AVX512-BF16 (needs no such CPU)
	@scripts/install-dependencies.sh check-kernels
	@scripts/check-cpu-kernels.sh

check-gpu-kernels: ## Check the machine code of kernels for GPUs against its budget (needs no GPU)
	@scripts/install-dependencies.sh check-gpu-kernels
	@scripts/check-gpu-kernels.sh --self-test
	@scripts/check-gpu-kernels.sh

check-drivers: ## Check the kernels on CPUs' OpenCL drivers, which it installs (.build/drivers)
	@scripts/install-dependencies.sh check-drivers
	$(SWIFT) build -c release
	@scripts/check-drivers.sh $(OPTIONS)

reference: build ## Write the command reference (docs/reference) from --help
	@scripts/generate-reference.sh

check-docs: build ## Check that docs/reference is up to date; run the commands of docs/tour.md
	@scripts/check-docs.sh

parity: ## Compare OpenCL with the reference on the full-size models
	@scripts/install-dependencies.sh test
	$(SWIFT) build -c release
	@scripts/parity.sh

benchmark: ## Benchmark the host code: images, checkpoints (docs/benchmarks.md)
	@scripts/install-dependencies.sh build
	$(SWIFT) package --package-path Benchmarks benchmark --no-progress

documentation: ## Build the API docs with DocC (.build/documentation); fail on any warning
	@scripts/install-dependencies.sh build
	$(SWIFT) build -c release
	@scripts/documentation.sh

check-export: build ## Compare exported models in ONNX Runtime, timm and others (from PyPI)
	@scripts/check-export.sh

bench-peers: build ## Compare with PyTorch, ONNX Runtime and OpenVINO (installs them from PyPI)
	@scripts/bench-peers.sh

install: | $(DVT) ## Install under PREFIX (/usr/local), staged in DESTDIR if set
	install -d "$(bindir)" "$(docdir)" "$(bashdir)" "$(zshdir)" "$(fishdir)"
	install -m 755 $(DVT) "$(bindir)/dvt"
	install -m 644 $(wildcard LICENSE NOTICE README.md) "$(docdir)"
	$(DVT) --generate-completion-script bash > "$(bashdir)/dvt"
	$(DVT) --generate-completion-script zsh > "$(zshdir)/_dvt"
	$(DVT) --generate-completion-script fish > "$(fishdir)/dvt.fish"

uninstall: ## Remove the installed files
	rm -f "$(bindir)/dvt" "$(bashdir)/dvt" "$(zshdir)/_dvt" "$(fishdir)/dvt.fish"
	rm -rf "$(docdir)"

bundle: ## Create build/dvt-VERSION-linux-ARCH.tar.gz, for machines without Swift
	@scripts/install-dependencies.sh bundle
	@scripts/bundle.sh

try-bundle: bundle ## Run the bundle in a bare Debian 12 (needs root)
	@scripts/try-bundle.sh

write-results: ## Write RESULTS=results.json of measure.sh to docs/benchmarks.md
	@scripts/write-results.sh $(RESULTS)

clean: ## Remove all build outputs
	rm -rf .build build Benchmarks/.build Examples/.build

# Builds only if nothing is built yet: `sudo make install` should not build as root.
$(DVT):
	@$(MAKE) build
