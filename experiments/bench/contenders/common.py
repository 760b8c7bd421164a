"""What every contender does alike: arguments, tables, predictions, times.

A contender is a script run as `PYTHON contenders/NAME.py --train FILE --test FILE --target COLUMN --task TASK
--metric METRIC --time SECONDS --cores N --seed N --out DIR [--option VALUE ...]`. The test file has no target. It writes
DIR/predictions.csv (`prediction`, or one column `p:LABEL` per class) and DIR/result.json.
"""

import argparse
import json
import pathlib
import platform
import time
from importlib.metadata import version


def arguments(**options):
    """The common arguments, and those of one contender with their defaults."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("train", "test", "out"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--task", choices=["binary", "multiclass", "regression"], required=True)
    parser.add_argument("--metric", choices=["log_loss", "rmse"], required=True)
    parser.add_argument("--time", type=float, required=True, help="seconds for the search or fit")
    parser.add_argument("--cores", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    for name, default in options.items():
        parser.add_argument(f"--{name}", type=type(default), default=default)
    return parser.parse_args()


def read_tables(given, as_category=False):
    """(features to learn from, target, features to predict); labels are text, columns of text become categories on demand."""
    import pandas as pd

    kinds = {} if given.task == "regression" else {given.target: str}
    train = pd.read_csv(given.train, dtype=kinds, keep_default_na=True)
    test = pd.read_csv(given.test)
    y, x = train[given.target], train.drop(columns=given.target)
    if as_category:
        for name in text_columns(x):
            x[name] = x[name].astype("category")
            test[name] = pd.Categorical(test[name], categories=x[name].cat.categories)
    return x, y, test[x.columns]


def text_columns(x):
    return [name for name in x.columns if x[name].dtype.kind in "OSU" or str(x[name].dtype) in ("string", "str", "category", "bool")]


class Clock:
    """Seconds of the parts of a run."""

    def __init__(self):
        self.started = time.monotonic()
        self.parts = {}

    def part(self, name):
        now = time.monotonic()
        self.parts[name] = round(now - self.started, 3)
        self.started = now


def write(given, clock, packages, values, labels=None, notes=None):
    """`values`: predictions (n), or probabilities (n x K) in the order of `labels`."""
    import csv

    given.out.mkdir(parents=True, exist_ok=True)
    with (given.out / "predictions.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["prediction"] if labels is None else [f"p:{label}" for label in labels])
        writer.writerows([[repr(float(value))] for value in values] if labels is None
                         else [[repr(float(value)) for value in row] for row in values])
    versions = {"python": platform.python_version()} | {package: version(package) for package in packages}
    result = {"seconds": clock.parts, "versions": versions, "notes": notes or {}}
    (given.out / "result.json").write_text(json.dumps(result) + "\n")
