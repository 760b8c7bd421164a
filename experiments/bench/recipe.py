#!/usr/bin/env python3
"""Recipe check: this project's RealMLP-TD and TabM against the published implementations, same settings.

    FOLDER/light/bin/python experiments/bench/recipe.py --data DIR [--models realmlp,realmlp_by_loss,tabm] [--seeds 0,1,2,3,4]
        [--rows 4000] [--cores 2] [--automl BINARY] [--environments FOLDER] [--sides reference,own] [--summary-only]

Five tables (`--tables`), of each at most `--rows` training rows, drawn once with seed 0, so that both sides get the same
rows; the whole test file is scored. Each side draws its own 20 % for validation, by the seed. How ours is called:
`contenders/recipe_cli.py`. `realmlp_by_loss` and `tabm_by_loss`, for classes, take the reference's best epoch by log loss.
`--cores 1` is the first core that the process may use: start a second one beside it with `taskset -c 1`. Runs are appended
to recipe.jsonl; recipe.md has, for each model and table, the paired t test over seeds (Holm-corrected over tables), and over
all pairs Wilcoxon's signed-rank test of the relative differences and the mean of the tables' differences with a 95 % interval. A pair shares table and seed, so its runs are only as alike as that.
"""

import argparse
import json
import os
import pathlib
import random
import shutil
import sys
import tempfile

import numpy as np
from scipy import stats

import accuracy

HERE = pathlib.Path(__file__).resolve().parent
TABLES = "adult,california-housing,diamonds,pendigits,wall-robot"
SIDES = {"reference": ("torch", "reference", "--model"), "own": ("light", "recipe_cli", "--family")}
# A model with this behind its name is the same, but the reference's best epoch is that of least log loss, as ours is.
BY_LOSS = "_by_loss"
# Seconds after which a run is ended are derived from this; no side is told to stop.
TIME = 1200.0


def thin(source, target, n_rows):
    """A table with at most `n_rows` of its training rows, in their order."""
    target.mkdir(parents=True)
    head, *body = (source / "train.csv").read_text().splitlines(keepends=True)
    if len(body) > n_rows:
        if any(line.count('"') % 2 for line in body):
            sys.exit(f"{source / 'train.csv'} has fields of several lines, which are not thinned")
        body = [body[place] for place in sorted(random.Random(0).sample(range(len(body)), n_rows))]
    (target / "train.csv").write_text(head + "".join(body))
    for name in ("test.csv", "meta.json"):
        shutil.copy(source / name, target / name)


def contender(side, model):
    return f"{side}_{model.removesuffix(BY_LOSS) if side == 'own' else model}"


def pairs(rows, model, table, metric):
    """(reference, own) of the seeds that both have."""
    found = {side: {row["seed"]: row["scores"][metric] for row in rows
                    if row["contender"] == contender(side, model) and row["table"] == table and row["status"] == "done"
                    and metric in row["scores"]} for side in SIDES}
    seeds = sorted(found["reference"].keys() & found["own"].keys())
    return np.array([[found[side][seed] for side in SIDES] for seed in seeds]).reshape(-1, 2)


def holm(p_values):
    order, adjusted, largest = np.argsort(p_values), np.empty(len(p_values)), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def section(rows, model, tables):
    tasks = {row["table"]: row["task"] for row in rows}
    cases = [(table, metric) for table in tables if table in tasks
             for metric in (["rmse"] if tasks[table] == "regression" else ["log_loss", "accuracy"])]
    cases = [(table, metric, both) for table, metric in cases if len(both := pairs(rows, model, table, metric)) >= 2]
    if not cases:
        return [f"## {model}", "", "No table has two seeds of both sides.", ""]
    p_values = [stats.ttest_rel(both[:, 0], both[:, 1]).pvalue if np.ptp(both[:, 1] - both[:, 0]) > 0.0 else 1.0
                for _, _, both in cases]
    lines = [f"## {model}", "", "| table | metric | reference | own | difference | seeds | p (Holm) |", "|---|---|---|---|---|---|---|"]
    for (table, metric, both), p in zip(cases, holm(np.array(p_values))):
        middle, spread = both.mean(0), both.std(0, ddof=1)
        lines.append(f"| {table} | {metric} | {middle[0]:.5g} ± {spread[0]:.2g} | {middle[1]:.5g} ± {spread[1]:.2g} "
                     f"| {middle[1] - middle[0]:+.3g} | {len(both)} | {p:.3g}{' **differs**' if p < 0.05 else ''} |")
    # Accuracy says again what log loss says, so the joint test leaves it out.
    relative = [(both[:, 1] - both[:, 0]) / both[:, 0].mean() for _, metric, both in cases if metric != "accuracy"]
    every = np.concatenate(relative)
    p = stats.wilcoxon(every).pvalue if np.any(every) else 1.0
    means = np.array([of_table.mean() for of_table in relative])
    lines += ["", f"All {len(every)} pairs of log loss and RMSE, own over reference: Wilcoxon p {p:.3g}; "
              + (f"mean of tables {100 * means.mean():+.2f} %, 95 % interval ± "
                 f"{100 * stats.t.ppf(0.975, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means)):.2f} %."
                 if len(means) > 1 else f"mean {100 * means.mean():+.2f} %."), ""]
    return lines


def write_summary(options, tables):
    rows = list({accuracy.key(row): row for row in accuracy.read_rows(options.out)}.values())
    if not rows:
        sys.exit(f"{options.out} has no runs")
    versions = {}
    for row in rows:
        versions.setdefault(row["contender"], row.get("versions", {}) | row.get("notes", {}))
    lines = ["# Recipe check", "", f"Made by `recipe.py --rows {options.rows}`: at most {options.rows} training rows of each "
             "table, the same for both sides; the whole test file. The published code takes the epoch of least class error, ours that "
             "of least log loss, for probabilities; under `_by_loss` the same runs of ours stand beside the published code told to "
             "take that epoch too.", ""]
    for model in options.models:
        lines += section(rows, model, tables)
    lines += ["## Versions", ""]
    lines += [f"- {name}: " + ", ".join(f"{package} {number}" for package, number in found.items())
              for name, found in versions.items() if found]
    options.out.with_suffix(".md").write_text("\n".join(lines) + "\n")


def run_model(options, model):
    """All runs of one model on both sides that are not there yet."""
    by_loss = model.endswith(BY_LOSS)
    contenders = []
    for side in options.sides.split(","):
        environment, script, flag = SIDES[side]
        extra = [flag, model.removesuffix(BY_LOSS)] + (["--binary", options.automl.resolve()] if side == "own" else [])
        extra += ["--epoch", "log_loss"] if side == "reference" and by_loss else []
        contenders.append(contender(side, model))
        accuracy.CONTENDERS[contenders[-1]] = (environment, script, extra)
    # RMSE chooses the epoch of numbers on both sides as it is.
    tables = [table for table in options.tables if not (by_loss and task_of(options.data / table) == "regression")]
    accuracy.run_all(argparse.Namespace(**(vars(options) | {"contenders": contenders, "tables": tables})))


def task_of(folder):
    return json.loads((folder / "meta.json").read_text())["task"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--tables", default=TABLES)
    parser.add_argument("--models", default="realmlp,realmlp_by_loss,tabm")
    parser.add_argument("--sides", default="reference,own")
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--automl", type=pathlib.Path, default=pathlib.Path("target/release/automl"))
    parser.add_argument("--environments", type=pathlib.Path, default=cache / "automl" / "bench")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "recipe.jsonl")
    parser.add_argument("--again-failed", action="store_true")
    parser.add_argument("--summary-only", action="store_true")
    options = parser.parse_args()
    options.time, options.machine = TIME, accuracy.machine()
    options.tables, options.models = options.tables.split(","), options.models.split(",")
    options.seeds = [int(seed) for seed in options.seeds.split(",")]
    if not options.summary_only:
        with tempfile.TemporaryDirectory(prefix="recipe-") as folder:
            for table in options.tables:
                thin(options.data / table, pathlib.Path(folder) / table, options.rows)
            options.data = pathlib.Path(folder)
            for model in options.models:
                run_model(options, model)
    write_summary(options, options.tables)


if __name__ == "__main__":
    main()
