#!/usr/bin/env python3
"""Accuracy of this project beside others: every contender on every table, same cores, same time.

    experiments/bench/setup.sh [FOLDER]
    FOLDER/light/bin/python experiments/bench/accuracy.py --data DIR [--tables iris,adult] [--contenders automl,flaml]
        [--time 60] [--cores 2] [--seeds 0] [--automl BINARY] [--environments FOLDER] [--again-failed] [--summary-only]

DIR holds TABLE/train.csv, TABLE/test.csv and TABLE/meta.json (target, task). A run is one process: it gets the training
file and the test file without its target, and leaves predictions, which are scored here once. Log loss is what
classifiers are asked to optimise, RMSE what regressors are. Each run is appended to accuracy.jsonl (`--out`), and a run that
is there is not made again; accuracy.md beside it is written anew at the end. Contenders take turns on a table, each time from
another one on, so that a machine that drifts is fair to all.
"""

import argparse
import csv
import datetime
import json
import os
import pathlib
import platform
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import numpy as np
import psutil
from scipy import stats

from scores import BadPredictions, score

HERE = pathlib.Path(__file__).resolve().parent
# Name: environment, script, options. The order is that of the tables in the summary.
CONTENDERS = {
    "automl": ("light", "automl_cli", []),
    # The preset was chosen on two tables at 60 s: autogluon_presets.md.
    "autogluon": ("torch", "autogluon_tabular", ["--preset", "good_quality", "--folds_by", "sequential_local"]),
    "autogluon_best": ("torch", "autogluon_tabular", ["--preset", "best_quality", "--folds_by", "sequential_local"]),
    "autogluon_best_ray": ("torch", "autogluon_tabular", ["--preset", "best_quality"]),
    "autogluon_medium": ("torch", "autogluon_tabular", ["--preset", "medium_quality"]),
    "flaml": ("light", "flaml_automl", []),
    "lightgbm_optuna": ("light", "lightgbm_optuna", []),
    "lightgbm": ("light", "lightgbm_default", []),
    "realmlp": ("torch", "realmlp", []),
    "realmlp_unlimited": ("torch", "realmlp", ["--limit", "0", "--folds", "1"]),
}
DEFAULT = ["automl", "autogluon", "flaml", "lightgbm_optuna", "lightgbm", "realmlp"]
# A run that has not ended by this many times its budget, and as many seconds more, is ended.
GRACE_FACTOR, GRACE_SECS = 3.0, 300.0
# Above this share of the budget the summary flags a fit.
OVERRUN = 1.1


def metric_of(task):
    return "rmse" if task == "regression" else "log_loss"


def machine():
    found = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"processor": found[1] if found else platform.processor(), "cores": len(os.sched_getaffinity(0)),
            "memory_gib": round(psutil.virtual_memory().total / 2**30, 1), "system": platform.platform()}


class Watch(threading.Thread):
    """Samples the resident memory of a process and all its descendants, and ends them after `limit_secs`."""

    def __init__(self, pid, limit_secs):
        super().__init__(daemon=True)
        self.root, self.limit_secs = psutil.Process(pid), limit_secs
        self.peak, self.timed_out, self.known, self.ended = 0, False, {}, threading.Event()
        self.start()

    def run(self):
        started = time.monotonic()
        while not self.ended.wait(0.1):
            try:
                family = [self.root, *self.root.children(recursive=True)]
            except psutil.NoSuchProcess:
                return
            total = 0
            for process in family:
                self.known[process.pid] = process
                try:
                    total += process.memory_info().rss
                except psutil.Error:
                    pass
            self.peak = max(self.peak, total)
            if time.monotonic() - started > self.limit_secs:
                self.timed_out = True
                self.end_all()

    def end_all(self):
        """Also what outlived its parent, such as the workers of a pool; a pid that was given anew is not touched."""
        for process in self.known.values():
            try:
                if process.is_running():
                    process.send_signal(signal.SIGKILL)
            except psutil.Error:
                pass


def run_process(command, cores, limit_secs, scratch):
    """Exit code, seconds, and memory of a process pinned to `cores`; all its threads are told how many there are."""
    environment = os.environ | {"PYTHONHASHSEED": "0", "CUDA_VISIBLE_DEVICES": "", "TMPDIR": str(scratch),
                                "RAY_TMPDIR": str(scratch), "RAY_USAGE_STATS_ENABLED": "0"}
    for name in ("OMP_NUM", "OPENBLAS_NUM", "MKL_NUM", "NUMEXPR_NUM", "RAYON_NUM", "POLARS_MAX"):
        environment[f"{name}_THREADS"] = str(len(cores))
    started = time.monotonic()
    with (scratch / "log").open("w") as output:
        process = subprocess.Popen(["taskset", "-c", ",".join(map(str, cores)), *map(str, command)], env=environment,
                                   stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        watch = Watch(process.pid, limit_secs)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    watch.ended.set()
    watch.join()
    watch.end_all()
    return {"exit": process.returncode, "timed_out": watch.timed_out, "seconds": round(seconds, 2),
            "peak_tree_mib": round(watch.peak / 2**20), "peak_process_mib": round(usage.ru_maxrss / 2**10)}


def truth_and_features(path, target, without):
    """The target as text; writes the file without it."""
    with path.open(newline="") as file:
        head, *body = csv.reader(file)
    place = head.index(target)
    with without.open("w", newline="") as file:
        csv.writer(file).writerows([line[:place] + line[place + 1:] for line in [head, *body]])
    return [line[place] for line in body]


def run(options, table, contender, seed, scratch):
    meta = json.loads((options.data / table / "meta.json").read_text())
    train, target, task = options.data / table / "train.csv", meta["target"], meta["task"]
    truth = truth_and_features(options.data / table / "test.csv", target, scratch / "test.csv")
    environment, script, extra = CONTENDERS[contender]
    if contender == "automl":
        extra = [*extra, "--binary", options.automl.resolve()]
    out = scratch / "out"
    command = [options.environments / environment / "bin" / "python", HERE / "contenders" / f"{script}.py", "--train", train,
               "--test", scratch / "test.csv", "--target", target, "--task", task, "--metric", metric_of(task),
               "--time", f"{options.time:g}", "--cores", options.cores, "--seed", seed, "--out", out, *extra]
    cores = sorted(os.sched_getaffinity(0))[:options.cores]
    load = os.getloadavg()[0]
    row = {"contender": contender, "table": table, "seed": seed, "time": options.time, "cores": options.cores, "task": task}
    row |= run_process(command, cores, GRACE_FACTOR * options.time + GRACE_SECS, scratch)
    shown = [pathlib.Path(part).name if isinstance(part, pathlib.Path) else str(part) for part in command]
    row |= {"status": "failed", "command": " ".join(shown), "load_before": round(load, 2), "machine": options.machine,
            "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds")}
    try:
        if row["timed_out"] or row["exit"] != 0:
            raise BadPredictions("ended at the limit" if row["timed_out"] else f"exit code {row['exit']}")
        result = json.loads((out / "result.json").read_text())
        row |= {"fit_seconds": result["seconds"]["fit"], "predict_seconds": result["seconds"]["predict"],
                "versions": result["versions"], "notes": result["notes"]}
        row |= {"scores": score(truth, task, out / "predictions.csv"), "status": "done"}
    except (BadPredictions, OSError, KeyError, ValueError) as error:
        # Paths of this machine are no part of a result.
        tail = (scratch / "log").read_text(errors="replace")[-1500:]
        row["error"] = re.sub(r"(/[\w.+-]+)+/", "", f"{error}\n{tail}")
    return row


def read_rows(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def key(row):
    return row["contender"], row["table"], row["seed"], row["time"], row["cores"]


def run_all(options):
    done = {key(row) for row in read_rows(options.out) if row["status"] == "done" or not options.again_failed}
    for table in options.tables:
        for turn, seed in enumerate(options.seeds):
            start = (turn + options.tables.index(table)) % len(options.contenders)
            for contender in options.contenders[start:] + options.contenders[:start]:
                if (contender, table, seed, options.time, options.cores) in done:
                    continue
                # The name is short because sockets in it have paths of at most 107 bytes.
                with tempfile.TemporaryDirectory(prefix="acc-", ignore_cleanup_errors=True) as scratch:
                    row = run(options, table, contender, seed, pathlib.Path(scratch))
                with options.out.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                shown = ", ".join(f"{name} {value:.5g}" for name, value in row.get("scores", {}).items())
                print(f"{table} seed {seed} {contender}: {shown or row['error']} ({row['seconds']:.0f} s)", flush=True)


def number(value):
    return "–" if value is None else f"{value:.5g}"


def errors_by_table(rows, contenders):
    """`errors[table][contender]`: mean over seeds of log loss or RMSE, infinite if a run failed or is missing."""
    errors = {}
    for table in dict.fromkeys(row["table"] for row in rows):
        of_table = [row for row in rows if row["table"] == table]
        seeds = {row["seed"] for row in of_table}
        errors[table] = {}
        for contender in contenders:
            values = [row["scores"][metric_of(row["task"])] for row in of_table
                      if row["contender"] == contender and row["status"] == "done"]
            errors[table][contender] = statistics.mean(values) if len(values) == len(seeds) else float("inf")
    return errors


def normalised(errors):
    """1 for the least error, 0 for the median one or worse, linear between; failed runs 0."""
    best, median = min(errors.values()), np.median([*errors.values()])
    if median == best:
        return {name: float(value == best) for name, value in errors.items()}
    with np.errstate(invalid="ignore"):
        return {name: float(np.clip(1.0 - (value - best) / (median - best), 0.0, 1.0)) if np.isfinite(value) else 0.0
                for name, value in errors.items()}


def summary(rows, budget, cores):
    rows = [row for row in rows if row["time"] == budget and row["cores"] == cores]
    contenders = [name for name in CONTENDERS if any(row["contender"] == name for row in rows)]
    errors = errors_by_table(rows, contenders)
    ranks = {table: dict(zip(contenders, stats.rankdata([of_all[name] for name in contenders])))
             for table, of_all in errors.items()}
    scaled = {table: normalised(of_all) for table, of_all in errors.items()}
    mean = lambda by_table, name: statistics.mean(of_all[name] for of_all in by_table.values())
    order = sorted(contenders, key=lambda name: mean(ranks, name))
    done = [row for row in rows if row["status"] == "done"]
    lines = [f"## {budget:g} s, {cores} cores", "",
             "| contender | mean rank | mean normalised score | tables best | overran | failed | largest memory, MiB |",
             "|---|---|---|---|---|---|---|"]
    for name in order:
        own = [row for row in rows if row["contender"] == name]
        over = sum(row.get("fit_seconds", 0.0) > OVERRUN * budget for row in own)
        best = sum(ranks[table][name] == min(ranks[table].values()) for table in ranks)
        failed = sum(row["status"] != "done" for row in own)
        lines.append(f"| {name} | {mean(ranks, name):.2f} | {mean(scaled, name):.3f} | {best} | {over} | {failed} "
                     f"| {max(row['peak_tree_mib'] for row in own)} |")
    for table in errors:
        task = next(row["task"] for row in rows if row["table"] == table)
        names = ["rmse", "mae", "r2"] if task == "regression" else ["log_loss", "roc_auc", "accuracy"]
        lines += ["", f"| {table} | {' | '.join(names)} | normalised | fit, s | whole run, s | predict, s | memory, MiB |",
                  "|---" * (len(names) + 6) + "|"]
        for name in sorted(contenders, key=lambda name: errors[table][name]):
            own = [row for row in done if row["table"] == table and row["contender"] == name]
            if not own:
                lines.append(f"| {name} | " + "failed or not run " + "| " * (len(names) + 5))
                continue
            average = lambda value: statistics.mean(map(value, own))
            cells = [number(average(lambda row: row["scores"][metric])) if all(metric in row["scores"] for row in own) else "–"
                     for metric in names]
            fit = max(row["fit_seconds"] for row in own)
            flag = " **over**" if fit > OVERRUN * budget else ""
            lines.append(f"| {name} | {' | '.join(cells)} | {scaled[table][name]:.3f} | {fit:.1f}{flag} "
                         f"| {average(lambda row: row['seconds']):.1f} | {average(lambda row: row['predict_seconds']):.2f} "
                         f"| {max(row['peak_tree_mib'] for row in own)} |")
    return lines


def write_summary(options):
    """All rows with the latest run of each; one section per budget."""
    latest = {key(row): row for row in read_rows(options.out)}
    rows = list(latest.values())
    if not rows:
        sys.exit(f"{options.out} has no runs")
    machines = sorted({f"{row['machine']['processor']}, {row['machine']['cores']} cores, {row['machine']['memory_gib']} GiB"
                       for row in rows})
    versions = {}
    for row in rows:
        versions.setdefault(row["contender"], row.get("versions", {}))
    lines = [
        "# Accuracy beside others", "",
        f"Made by `accuracy.py`; machine: {'; '.join(machines)}. Seeds: {sorted({row['seed'] for row in rows})}.", "",
        "The training file is learnt from, the test file scored once. Rank: of the mean over seeds of log loss or RMSE on the "
        "test file, ties share their mean, a failed run is last. Normalised score of a table: 1 − (e − best) / (median − best), "
        "cut to [0, 1]: 1 for the least error of the contenders, 0 for their median or worse. "
        f"**over**: the fit took more than {OVERRUN:g} times the budget. Memory: largest sum of resident memory over the run's "
        "processes, sampled every 0.1 s.", ""]
    for budget, cores in sorted({(row["time"], row["cores"]) for row in rows}):
        lines += [*summary(rows, budget, cores), ""]
    lines += ["## Versions", ""]
    lines += [f"- {name}: " + ", ".join(f"{package} {number}" for package, number in found.items())
              for name, found in versions.items() if found]
    failures = [row for row in rows if row["status"] != "done"]
    if failures:
        lines += ["", "## Failed runs", ""]
        lines += [f"- {row['contender']} on {row['table']}, seed {row['seed']}, {row['time']:g} s: "
                  f"{row['error'].splitlines()[0]}; {row['error'].strip().splitlines()[-1]}" for row in failures]
    options.out.with_suffix(".md").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    cache = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--tables", help="names, separated by commas [default: all in DIR]")
    parser.add_argument("--contenders", default=",".join(DEFAULT), help=f"of {', '.join(CONTENDERS)}")
    parser.add_argument("--time", type=float, default=60.0)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--automl", type=pathlib.Path, default=pathlib.Path("target/release/automl"))
    parser.add_argument("--environments", type=pathlib.Path, default=cache / "automl" / "bench")
    parser.add_argument("--out", type=pathlib.Path, default=HERE / "accuracy.jsonl")
    parser.add_argument("--again-failed", action="store_true", help="make failed runs again")
    parser.add_argument("--summary-only", action="store_true")
    options = parser.parse_args()
    options.machine = machine()
    options.seeds = [int(seed) for seed in options.seeds.split(",")]
    options.tables = options.tables.split(",") if options.tables else sorted(
        path.parent.name for path in options.data.glob("*/meta.json"))
    options.contenders = options.contenders.split(",")
    unknown = set(options.contenders) - set(CONTENDERS)
    if unknown:
        sys.exit(f"no such contender: {', '.join(sorted(unknown))}; there are {', '.join(CONTENDERS)}")
    if "automl" in options.contenders and not options.summary_only and not options.automl.exists():
        sys.exit(f"no program at {options.automl}: build it, or give --automl")
    if not options.summary_only:
        run_all(options)
    write_summary(options)


if __name__ == "__main__":
    main()
