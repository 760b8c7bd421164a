#!/usr/bin/env bash
# Searches three tables for a minute each and keeps their reports here, with a picture of the first for the README.
#
#     make.sh DIR [AUTOML] [PYTHON]
#
# DIR holds TABLE/train.csv and TABLE/meta.json (target); PYTHON is the one that `make test` sets up, with playwright.
set -euo pipefail
data=$(realpath "$1")
automl=$(realpath "${2:-target/release/automl}")
python=${3:-${XDG_CACHE_HOME:-$HOME/.cache}/automl/venv/bin/python}
here=$(cd "$(dirname "$0")" && pwd)
# A folder of everyone's: its path stands in the reports.
work=/tmp/automl-reports
rm -rf "$work"
mkdir "$work"
cd "$work"
for table in adult pendigits california-housing; do
    cp "$data/$table/train.csv" "$table.csv"
    chmod u+w "$table.csv"
    target=$("$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))["target"])' "$data/$table/meta.json")
    "$automl" search --data "$table.csv" --target "$target" --time 60s --seed 1 --out "runs/$table"
    cp "runs/$table/report.html" "$here/$table.html"
done
"$python" "$here/picture.py" "$here/adult.html" "$here/adult.png"
rm -rf "$work"
