# The second command of the README: everything that is checked, on a machine with Rust, Python 3 and make.
# What is installed goes into a cache folder outside the checkout; nothing is installed twice.

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/automl
export AUTOML_PYTHON := $(CACHE)/venv/bin/python
# rustup's toolchains may be links, and Cargo builds everything anew when the path to rustc changes: cargo and
# cargo-nextest must agree on one, so the real one comes first.
TOOLCHAIN := $(dir $(realpath $(shell rustup which cargo 2>/dev/null || command -v cargo)))
export PATH := $(TOOLCHAIN):$(PATH)
CARGO := cargo
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)

.PHONY: test check unit doc tools bench

test: tools check unit doc

tools:
	bash tests/setup-python.sh
	bash tests/setup-chromium.sh

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --workspace --all-targets -- -D warnings

unit:
	$(CARGO) build --release -p automl-cli
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run --release --workspace --no-fail-fast
else
	$(CARGO) test --release --workspace --lib --bins --tests --no-fail-fast
endif

doc:
	$(CARGO) test --release --workspace --doc
