# The front door: everybody has make. The work itself is done by cargo.

# A pipe fails if any part of it does.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c

CARGO ?= cargo
CARGO_TARGET_DIR ?= target

# Recorded answers of the real implementations, too large to commit in full. An empty value means
# that only the committed ones are replayed.
PORTCULLIS_CORPORA ?= $(abspath $(wildcard ../shared/corpora))
ifneq ($(strip $(PORTCULLIS_CORPORA)),)
export PORTCULLIS_CORPORA
else
unexport PORTCULLIS_CORPORA
endif

.DEFAULT_GOAL := help
.PHONY: help build demo test fmt clippy checks conformance cargo

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: cargo ## Build the portcullis binary, optimised
	$(CARGO) build --release --bin portcullis

demo: build ## Build, then run the main job on the embedded example
	$(CARGO_TARGET_DIR)/release/portcullis demo

# The tests come last. Cargo closes with the last crate's examples alone, so all are counted here.
test: fmt clippy checks ## Format, lints, house rules, every test
	@if [ -n "$(PORTCULLIS_CORPORA)" ]; then \
	    echo "recorded answers: $(PORTCULLIS_CORPORA)"; \
	else \
	    echo "recorded answers: SKIPPED the full sets (PORTCULLIS_CORPORA names no folder); the committed ones run"; \
	fi
	@mkdir -p $(CARGO_TARGET_DIR)
	$(CARGO) test --workspace 2>&1 | tee $(CARGO_TARGET_DIR)/test.log
	@awk '/^test result:/ { passed += $$4; failed += $$6; skipped += $$8 } \
	    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }' $(CARGO_TARGET_DIR)/test.log

fmt: cargo ## Check the formatting
	@$(CARGO) fmt --version >/dev/null 2>&1 || rustup component add rustfmt
	$(CARGO) fmt --all --check

clippy: cargo ## Lint with warnings as errors
	@$(CARGO) clippy --version >/dev/null 2>&1 || rustup component add clippy
	$(CARGO) clippy --workspace --all-targets -- -D warnings

checks: cargo ## Check who imports whom, what is absent on purpose, and tidiness
	$(CARGO) run --quiet -p xtask -- floors
	$(CARGO) run --quiet -p xtask -- tidy

conformance: cargo ## Replay recorded answers: make conformance PORTCULLIS_CORPORA=DIR
	@if [ -z "$(PORTCULLIS_CORPORA)" ]; then \
	    echo "no recorded answers here: make conformance PORTCULLIS_CORPORA=DIR"; exit 2; \
	fi
	$(CARGO) run --release -p conformance -- "$(PORTCULLIS_CORPORA)"

cargo:
	@command -v $(CARGO) >/dev/null 2>&1 || { \
	    echo "$(CARGO) is not installed: get Rust 1.95 or later from https://rustup.rs, then run make again" >&2; \
	    exit 1; \
	}
