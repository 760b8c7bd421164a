# The second command of the README: everything that is checked, on a machine with Rust, Python 3 and make.
# What is installed goes into a cache folder outside the checkout; nothing is installed twice.

CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/automl
export AUTOML_PYTHON := $(CACHE)/venv/bin/python
CARGO := cargo
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)
# The libtorch that a build with that feature links: the one that the user named, or one in the cache folder.
WITH_LIBTORCH := LIBTORCH="$$(bash crates/automl-models/libtorch.sh $(CACHE))" && export LIBTORCH &&

.PHONY: test check unit cuda-tests doc notebooks test-notebooks tools libtorch

# The tests run in the build with libtorch, which holds flex too.
test: tools check unit doc notebooks

# Installs libtorch and then the command `automl` with it.
libtorch:
	$(WITH_LIBTORCH) $(CARGO) install --locked --force --path crates/automl-cli --features libtorch
	@"$(or $(CARGO_INSTALL_ROOT),$(CARGO_HOME),$(HOME)/.cargo)/bin/automl" doctor

tools:
	bash tests/setup-python.sh
	bash tests/setup-chromium.sh
	bash crates/automl-models/libtorch.sh $(CACHE)

check:
	$(CARGO) fmt --all --check
	$(WITH_LIBTORCH) $(CARGO) clippy --release --workspace --features libtorch --all-targets -- -D warnings
	$(CARGO) clippy --release -p automl-cli -- -D warnings

unit:
ifeq ($(NEXTEST),yes)
	$(WITH_LIBTORCH) $(CARGO) nextest run --release --workspace --features libtorch --no-fail-fast
else
	$(WITH_LIBTORCH) $(CARGO) test --release --workspace --features libtorch --lib --bins --tests --no-fail-fast
endif
	@if [ -e /proc/driver/nvidia/version ]; then $(MAKE) cuda-tests; \
	else echo "SKIPPED: the tests on CUDA, for this machine has no NVIDIA driver"; fi

# Tests that need an NVIDIA GPU; they fail without one.
cuda-tests:
	$(WITH_LIBTORCH) $(CARGO) test --release -p automl-models --features libtorch gpu -- --ignored

doc:
	$(WITH_LIBTORCH) $(CARGO) test --release --workspace --features libtorch --doc

# The notebooks in the real kernel, where it is installed already: installing it takes ten minutes on two cores.
notebooks:
	@if ls $(CACHE)/notebook/evcxr-*/bin/evcxr_jupyter >/dev/null 2>&1; then $(MAKE) test-notebooks; \
	else echo "SKIPPED: the notebooks, for their kernel is not in $(CACHE); \`make test-notebooks\` installs it"; fi

# Installs the kernel where it is missing and runs every notebook from top to bottom. The kernelspec is not the user's.
test-notebooks: tools
	$(WITH_LIBTORCH) $(CARGO) build --release --workspace --features libtorch --bin automl
	export JUPYTER_DATA_DIR="$(CACHE)/jupyter-of-tests"; set -e; \
	"$${CARGO_TARGET_DIR:-target}/release/automl" kernel install --full; \
	python="$(CACHE)/notebook/jupyter/bin/python"; "$$([ -x "$$python" ] && echo "$$python" || echo python3)" tests/python/notebooks.py
	export JUPYTER_DATA_DIR="$(CACHE)/jupyter-of-tests"; jupyter="$(CACHE)/notebook/jupyter/bin/jupyter"; \
	"$(AUTOML_PYTHON)" tests/python/lab.py "$$([ -x "$$jupyter" ] && echo "$$jupyter" || echo jupyter)" "$(CACHE)/looks"
