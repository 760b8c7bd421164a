#!/bin/sh
# Makes the virtual environments of the accuracy benchmark's contenders: setup.sh [FOLDER]
#
# FOLDER defaults to the cache folder, never the repository; it takes about 9 GB (PyTorch comes with CUDA's libraries).
# `light` has LightGBM, Optuna, FLAML and the harness's own scikit-learn; `torch` has AutoGluon, RealMLP and TabM.
# Versions are pinned in requirements_light.txt and requirements_torch.txt.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/automl/bench}
mkdir -p "$folder"
for name in light torch; do
    [ -d "$folder/$name" ] || python3 -m venv "$folder/$name"
    "$folder/$name/bin/pip" install --no-cache-dir --requirement "$here/contenders/requirements_$name.txt"
done
echo "environments are in $folder"
