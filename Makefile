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
.PHONY: help build demo test fmt clippy checks conformance bench bench-quick bench-serve bench-build fuzz cargo

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

bench: build ## Measure speed and size into target/bench.jsonl, five minutes after the build
	cd benches && $(CARGO) run --release -- --portcullis $(abspath $(CARGO_TARGET_DIR))/release/portcullis

bench-quick: build ## The same at small sizes, in twenty seconds
	cd benches && $(CARGO) run --release -- --quick --portcullis $(abspath $(CARGO_TARGET_DIR))/release/portcullis

bench-serve: build ## The server alone, beside its floors
	cd benches && $(CARGO) run --release -- --serve --portcullis $(abspath $(CARGO_TARGET_DIR))/release/portcullis

bench-build: cargo ## Say how long a release build from nothing takes
	@rm -rf $(CARGO_TARGET_DIR)/bench-build
	time $(CARGO) build --release --bin portcullis --target-dir $(CARGO_TARGET_DIR)/bench-build

# What an input may cost: a second, 2 GiB in all, 1 GiB in one piece. Nothing longer is tried, as what
# a reader does is all reached by less.
FUZZ_LIMITS := -timeout=1 -rss_limit_mb=2048 -malloc_limit_mb=1024 -max_len=8192
SECONDS ?= 60

fuzz: cargo ## Look for inputs that break a reader: make fuzz ENTRY=selector SECONDS=60
	@rustup run nightly rustc --version >/dev/null 2>&1 || { \
	    echo "a nightly compiler is needed: rustup toolchain install nightly" >&2; exit 2; \
	}
	@$(CARGO) fuzz --version >/dev/null 2>&1 || { \
	    echo "cargo-fuzz is needed: cargo install cargo-fuzz" >&2; exit 2; \
	}
	@if [ -z "$(ENTRY)" ]; then \
	    echo "name an entry, as in make fuzz ENTRY=selector SECONDS=60:"; ls fuzz/entries | sed 's/\.rs$$//'; exit 2; \
	fi
	fuzz/seeds.sh $(ENTRY) fuzz/corpus/$(ENTRY)
	cd fuzz && $(CARGO) +nightly fuzz run --sanitizer none $(ENTRY) -- $(FUZZ_LIMITS) \
	    -max_total_time=$(SECONDS) -dict=dictionaries/$(FUZZ_DICTIONARY).dict

# The small grammars have words of their own; everything else is in the words of manifests.
FUZZ_DICTIONARY = $(or $(filter selector endpoint allowance sectest,$(ENTRY)),$(if $(filter %_json continue_token,$(ENTRY)),json,manifest))

cargo:
	@command -v $(CARGO) >/dev/null 2>&1 || { \
	    echo "$(CARGO) is not installed: get Rust 1.95 or later from https://rustup.rs, then run make again" >&2; \
	    exit 1; \
	}
