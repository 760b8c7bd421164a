#!/usr/bin/env bash
# Prints the folder of a libtorch that fits this project (it has `include` and `lib`), installing one into the
# cache folder where none is there yet. Messages go to standard error.
#
#   libtorch.sh CACHE_FOLDER
#
# LIBTORCH=DIR   takes that one instead
# CUDA=1, CUDA=0 with or without CUDA; by default with it where there is an NVIDIA driver (3 GB to load, 7 GB on
#                the disk; without it 0.9 GB and 0.7 GB)
set -euo pipefail

# What tch 0.22, which burn-tch 0.22 uses, is made for.
version=2.9.0
cache="$1"

fail() {
    echo "error: $1" >&2
    echo "hint: $2" >&2
    exit 1
}

# The version that the files beside the libraries name.
version_of() {
    if [ -f "$1/build-version" ]; then
        head -n 1 "$1/build-version"
    elif [ -f "$1/version.py" ]; then
        sed -n "s/^__version__ = ['\"]\(.*\)['\"].*/\1/p" "$1/version.py"
    fi
}

library() {
    ls "$1/lib/libtorch_cpu.so" "$1/lib/libtorch_cpu.dylib" 2>/dev/null | head -n 1
}

if [ -n "${LIBTORCH:-}" ]; then
    [ -n "$(library "$LIBTORCH")" ] || fail "LIBTORCH is \`$LIBTORCH\`, but there is no libtorch_cpu in its folder lib" \
        "unset LIBTORCH to have libtorch $version installed"
    found="$(version_of "$LIBTORCH")"
    [ "${found%%+*}" = "$version" ] || [ -n "${LIBTORCH_BYPASS_VERSION_CHECK:-}" ] ||
        fail "LIBTORCH is \`$LIBTORCH\`, which holds libtorch ${found:-of unknown version}; this project needs $version" \
            "unset LIBTORCH to have $version installed"
    echo "$LIBTORCH"
    exit
fi

command -v python3 >/dev/null || fail "there is no python3, which loads libtorch" \
    "install Python 3, or set LIBTORCH to the folder of libtorch $version"

# A PyTorch that is already there, if it is the right one.
there="$(python3 -c 'import os, torch; print(torch.__version__.split("+")[0], os.path.dirname(torch.__file__))' 2>/dev/null || true)"
if [ "${there%% *}" = "$version" ]; then
    echo "${there#* }"
    exit
elif [ -n "$there" ]; then
    echo "the PyTorch of python3 is ${there%% *}; this project needs $version, so its own is used" >&2
fi

if [ -z "${CUDA:-}" ]; then
    CUDA=0
    if [ -e /proc/driver/nvidia/version ] || nvidia-smi >/dev/null 2>&1; then CUDA=1; fi
fi
flavour=$([ "$CUDA" = 0 ] && echo cpu || echo cuda)
folder="$cache/libtorch-$version-$flavour"

if [ ! -f "$folder/done" ]; then
    echo "installing libtorch $version ($flavour) into $folder" >&2
    rm -rf "$folder"
    mkdir -p "$cache"
    python3 -m venv "$folder" >&2
    pip=("$folder/bin/pip" --disable-pip-version-check install --quiet)
    if [ "$flavour" = cuda ] || [ "$(uname -sm)" != "Linux x86_64" ]; then
        "${pip[@]}" "torch==$version" numpy setuptools >&2
    else
        # The one wheel for Linux is made for CUDA. Its CPU library needs two small libraries of CUDA's to load; the
        # rest of CUDA, most of the bytes, only libtorch_cuda needs.
        "${pip[@]}" --no-deps "torch==$version" nvidia-cuda-runtime-cu12==12.8.90 nvidia-cuda-cupti-cu12==12.8.90 >&2
        lib="$(echo "$folder"/lib/python3*/site-packages/torch/lib)"
        rm "$lib"/libtorch_cuda*.so "$lib"/libc10_cuda.so "$lib"/libtorch_nvshmem.so "$lib"/libtorch_python.so "$lib"/libtorch.so
        # An empty library that only names the one for CUDA as needed; without CUDA it is just empty.
        echo '' | cc -shared -o "$lib/libtorch.so" -x c -
    fi
    touch "$folder/done"
fi
echo "$folder"/lib/python3*/site-packages/torch
