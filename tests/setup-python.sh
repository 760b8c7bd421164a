#!/usr/bin/env bash
# Makes or updates the Python environment of the cross-checks (scikit-learn, Optuna) and prints the path of its python.
# The environment lives outside the checkout, so that one serves every clone. Progress goes to stderr.
#
# PYTHON chooses the interpreter (default python3); AUTOML_VENV the folder.
set -euo pipefail

requirements="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/python/requirements.txt"
venv="${AUTOML_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/automl/venv}"
base="${PYTHON:-python3}"

fail() {
    printf 'error: %s\n' "$1" >&2
    [ $# -lt 2 ] || printf '\nhint: %s\n' "$2" >&2
    exit 1
}

command -v "$base" >/dev/null || fail "there is no \`$base\` on this machine" \
    "install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)"
"$base" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$base" --version 2>&1) is too old: the pinned packages need 3.11 or newer" \
        "name a newer interpreter with PYTHON=python3.11"
"$base" -c 'import venv, ensurepip' 2>/dev/null ||
    fail "\`$base\` lacks the modules venv and ensurepip" "apt-get install python3-venv (Debian, Ubuntu)"

mkdir -p "$(dirname "$venv")"
# Two callers at once would write into one folder.
if command -v flock >/dev/null; then
    exec 9>"$venv.lock"
    flock 9
fi

stamp="$venv/requirements.sha256"
wanted="$("$base" -c 'import hashlib, sys
print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest(), "%d.%d" % sys.version_info[:2])' "$requirements")"
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || [ ! -x "$venv/bin/python" ]; then
    printf 'setting up %s\n' "$venv" >&2
    # A folder of ours is rebuilt from nothing, also one that was left half made; a folder that the user named is
    # left alone unless it is an environment.
    if [ -n "${AUTOML_VENV:-}" ] && [ -d "$venv" ] && [ ! -f "$venv/pyvenv.cfg" ] && [ -n "$(ls -A "$venv")" ]; then
        fail "\`$venv\` exists and is no Python environment" "set AUTOML_VENV to another folder"
    fi
    "$base" -m venv --clear "$venv" >&2 || fail "\`$base -m venv $venv\` failed" "apt-get install python3-venv (Debian, Ubuntu)"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$requirements" >&2 ||
        fail "pip could not install $requirements"
    printf '%s\n' "$wanted" >"$stamp"
fi
printf '%s\n' "$venv/bin/python"
