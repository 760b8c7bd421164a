#!/usr/bin/env python3
"""`automl search --time 2m --seed 1` against scikit-learn's untuned networks, on six tables.

    python experiments/bench/search_against_sklearn.py --data DIR [--automl BINARY] [--time 2m] [SET ...]

DIR holds SET/train.csv, SET/test.csv and SET/meta.json. The training file is searched; the test file is scored
once, by `automl evaluate`. scikit-learn's side comes from sklearn_baseline.json, made by sklearn_baseline.py from
the same files. Writes search_against_sklearn.json and search_against_sklearn.md beside this script.
"""

import argparse
import json
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
SETS = ["titanic", "adult", "pendigits", "wall-robot", "california-housing", "diamonds"]


def run(binary, folder, name, budget, out):
    """Searches one table; returns wall-clock seconds and the scores on the test file."""
    target = json.loads((folder / name / "meta.json").read_text())["target"]
    command = [binary, "search", "--data", folder / name / "train.csv", "--target", target, "--time", budget,
               "--seed", "1", "--out", out / name]
    started = time.monotonic()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    seconds = time.monotonic() - started
    if done.returncode != 0:
        sys.exit(f"{name}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    command = [binary, "evaluate", "--model", out / name / "model", "--data", folder / name / "test.csv", "--json"]
    scores = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    board = json.loads(subprocess.run([binary, "leaderboard", out / name, "--json"], capture_output=True, text=True,
                                      check=True).stdout)["rows"]
    states = [row["state"] for row in board]
    return {"set": name, "seconds": round(seconds, 1), "scores": scores, "family": board[0]["family"],
            "complete": states.count("complete"), "pruned": states.count("pruned"), "failed": states.count("failed")}


def baseline(name, metric):
    """scikit-learn's networks on the same test file, by model name."""
    rows = json.loads((HERE / "sklearn_baseline.json").read_text())["results"]
    of_set = [row for row in rows if row["set"] == name and row["metric"] == metric]
    return {row["model"]: row["value"] for row in of_set if row["model"].startswith("mlp")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--automl", default="target/release/automl")
    parser.add_argument("--time", default="2m")
    parser.add_argument("sets", nargs="*", default=SETS)
    options = parser.parse_args()
    results, lines = [], []
    with tempfile.TemporaryDirectory() as scratch:
        for name in options.sets:
            result = run(options.automl, options.data, name, options.time, pathlib.Path(scratch))
            metric = "rmse" if "rmse" in result["scores"] else "accuracy"
            ours, theirs = result["scores"][metric], baseline(name, metric)
            # The bar is the best of scikit-learn's variants, the one with a scaled target included.
            best = min(theirs.values()) if metric == "rmse" else max(theirs.values())
            holds = ours <= 1.1 * best if metric == "rmse" else ours >= best - 0.01
            result.update(metric=metric, ours=ours, sklearn=theirs, holds=holds)
            results.append(result)
            shown = ", ".join(f"{model} {value:.5g}" for model, value in theirs.items())
            lines.append(f"| {name} | {metric} | {ours:.5g} | {shown} | {'yes' if holds else 'no'} | {result['family']} "
                         f"| {result['complete']} / {result['pruned']} / {result['failed']} | {result['seconds']} |")
            print(lines[-1], flush=True)
    machine = {"system": platform.platform(), "cores": len(__import__("os").sched_getaffinity(0))}
    (HERE / "search_against_sklearn.json").write_text(json.dumps({"machine": machine, "results": results}, indent=1) + "\n")
    head = ["# Search against scikit-learn's untuned networks", "",
            f"`automl search --time {options.time} --seed 1` on each training file, `automl evaluate` on its test file;",
            "made by `search_against_sklearn.py`. The bar: accuracy at most 0.01 below, RMSE at most 10 % above",
            "scikit-learn's `MLPClassifier` or `MLPRegressor` behind a standard pipeline (`sklearn_baseline.py`).", "",
            f"Machine: {machine['system']}, {machine['cores']} cores.", "",
            "| set | metric | automl | scikit-learn | holds | family | complete / pruned / failed | seconds |",
            "|---|---|---|---|---|---|---|---|"]
    (HERE / "search_against_sklearn.md").write_text("\n".join(head + lines) + "\n")
    sys.exit(0 if all(result["holds"] for result in results) else 1)


if __name__ == "__main__":
    main()
