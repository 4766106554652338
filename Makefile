# Every task has a word here; CI runs these words and no others. `make` alone lists them.

SHELL := bash
CARGO ?= cargo
SERVERS := python3 deploy/local/servers.py
TARGET := $(or $(CARGO_TARGET_DIR),target)
# An anyhow error would print its backtrace under the story it tells.
export RUST_BACKTRACE ?= 0

# Tests wait for servers more than they compute, so a few run per core; each has a database and streams of its own.
TEST_THREADS ?= 4
SEEDS ?= 500

.DEFAULT_GOAL := help
.PHONY: help demo up down test fmt lint sim bench ci tools

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  with: ONCE=1 (demo ends by itself)  WHEELS=1 (ignore installed servers)  SEED=n or SEEDS=n (sim)"

demo: tools ## build, start the laptop world and play the guided story; Ctrl-C ends it
	$(CARGO) build --locked --bin quittance
	$(SERVERS) hold -- $(TARGET)/debug/quittance demo $(if $(filter-out 0,$(ONCE)),--once)

up: tools ## start Postgres, NATS, the sandbox and every service in the foreground
	$(CARGO) build --locked --bin quittance
	$(SERVERS) up
	$(TARGET)/debug/quittance up

down: ## stop the laptop world's Postgres and NATS; their data stay
	@$(SERVERS) down

test: tools ## every test, with a Postgres and a NATS of their own on free ports
	$(CARGO) test --workspace --locked --no-run
	$(SERVERS) run -- $(CARGO) test --workspace --locked -- --test-threads=$(TEST_THREADS)

fmt: ## format the Rust code
	$(CARGO) fmt --all

lint: tools ## clippy with warnings denied, and what must not be in the tree
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	@# Two crypto providers in one process make rustls panic at first use.
	@found=$$($(CARGO) tree --locked --workspace --edges normal,build,dev --invert ring 2>/dev/null); \
	if [ -n "$$found" ]; then echo "lint: the crate ring is in the tree; aws-lc-rs is our one crypto library:"; echo "$$found"; exit 1; fi

sim: tools ## the simulation, optimised: SEED=n replays one history, SEEDS=n tries the first n
	$(if $(SEED),SEED=$(SEED),SEEDS=$(SEEDS)) $(CARGO) test --locked --package system-tests --test simulation --release -- --nocapture

bench: tools ## orders per second, CPU, flushes and memory, on servers that flush as in earnest
	$(CARGO) build --locked --release --bin quittance
	$(SERVERS) run --durable -- $(TARGET)/release/quittance bench

ci: ## what must be green before a change lands: format, lint, test
	$(CARGO) fmt --all -- --check
	$(MAKE) --no-print-directory lint
	$(MAKE) --no-print-directory test

tools:
	@command -v $(firstword $(CARGO)) >/dev/null || { echo "cargo is missing: install Rust 1.95 or later from rustup.rs"; exit 1; }
	@command -v cc >/dev/null || { echo "a C compiler is missing: apt-get install gcc libc6-dev"; exit 1; }
	@command -v python3 >/dev/null || { echo "python3 is missing: apt-get install python3 python3-pip"; exit 1; }
