# What a contributor's day is made of. CI calls only these targets (.ci/run).
# Every target installs first what it needs of `make setup`; that is quiet when nothing is to do.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory --no-builtin-rules
.DEFAULT_GOAL := help

# The modules and the crates that build them.
MODULES := portcullis prompt_guard pii_redact rate_limit access
MODULE_CRATES := portcullis portcullis-prompt-guard-module portcullis-pii-redact-module \
  portcullis-rate-limit-module portcullis-access-module

# unwind: a panic costs one request. abort: any stable toolchain with the target wasm32-wasip1 will do.
PANIC ?= unwind
# A classifier of your own in place of models/prompt-guard.onnx: an ONNX file, with its .json beside it; none: without one.
MODEL ?=
PORTCULLIS_MODEL := $(if $(filter-out none,$(MODEL)),$(abspath $(MODEL)),$(MODEL))
# Seconds for each fuzz target in `make fuzz`.
FUZZ_SECONDS ?= 60
ENVOY_BIN ?= $(CURDIR)/.tools/envoy
PORTCULLIS_DIST := $(CURDIR)/dist
export PORTCULLIS_MODEL PANIC FUZZ_SECONDS ENVOY_BIN PORTCULLIS_DIST MODULES MODULE_CRATES

# In CI the lock file is what is built.
LOCKED := $(if $(CI),--locked)
export LOCKED

##@ Every day

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} \
	  /^##@ / {printf "\n%s\n", substr($$0, 5)} \
	  /^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what this machine lacks to build, test and demonstrate; the others run what they need of it
	@.ci/setup/run tests

.PHONY: toolchain
toolchain:
	@.ci/setup/run

.PHONY: build
build: toolchain ## dist/*.wasm, one for each module, and the native command dist/portcullis (PANIC=abort for any stable Rust; MODEL=my.onnx for a classifier of yours)
	@.ci/build

.PHONY: demo
demo: build ## Real Envoy before an embedded model server: what the client sees, and the audit record
	@dist/portcullis demo

.PHONY: envoy-gateway
envoy-gateway: setup build ## The shipped manifests through Envoy Gateway on this machine (UPSTREAM=ADDRESS:PORT, else a model of its own); root
	@cargo run -q --release $(LOCKED) -p portcullis-integration --bin envoy_gateway -- $(if $(UPSTREAM),--upstream $(UPSTREAM))

##@ Before a commit

.PHONY: lint
lint: toolchain ## Format, clippy (native and wasm), licences, advisories, direction of dependencies
	@.ci/lint

.PHONY: test
test: setup build ## Everything CI runs besides lint: unit, cases, the modules in real Envoy, a short fuzz
	@.ci/test

.PHONY: golden
golden: build ## Rewrite the golden files from what the code does now; read the diff before you commit it
	@GOLDEN=write cargo test --workspace $(LOCKED)
	@git status --short

##@ Now and then

.PHONY: bench
bench: build ## Cost of the filter against the same Envoy without it, and beside others: JSON and tables under target/bench/
	@.ci/setup/peers.sh
	@cargo run --release $(LOCKED) -p portcullis-integration --bin bench
	@cargo build --release $(LOCKED) -p portcullis-integration --bin bench_redaction --bin bench_redaction_engine
	@"$${CARGO_TARGET_DIR:-target}/release/bench_redaction" --peers .tools/peers

.PHONY: fuzz
fuzz: toolchain ## Every fuzz target for FUZZ_SECONDS (60) each
	@.ci/fuzz

.PHONY: models
models: setup ## Train, evaluate and export the classifier from texts/ and DATA=<folder>: hours on two cores
	@.ci/models

.PHONY: images
images: build ## OCI images of the modules under dist/images/, in both shapes that gateways fetch, with SBOM and provenance
	@.ci/images $(join $(addsuffix =,$(MODULES)),$(MODULE_CRATES))

.PHONY: clean
clean: ## Remove what was built (not the caches outside the tree)
	@cargo clean && rm -rf dist .run
