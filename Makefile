# The second command of the README: everything that is checked, on a machine with Rust, Python 3 and make.
# What is installed goes into a cache folder outside the checkout; nothing is installed twice.

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/automl
export AUTOML_PYTHON := $(CACHE)/venv/bin/python
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
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run --release --workspace --no-fail-fast
else
	$(CARGO) test --release --workspace --lib --bins --tests --no-fail-fast
endif

doc:
	$(CARGO) test --release --workspace --doc
