"""The sampler benchmark: automl's samplers and Optuna's on the problems of problems.py, thirty seeds each.

    OMP_NUM_THREADS=1 python experiments/bench/quality.py [--samplers random,tpe] [--optuna tpe,cmaes,gp] [--seeds 30]

Builds and runs `cargo bench -p automl-search --bench quality`, then makes the Optuna runs that
quality_optuna.jsonl lacks (`--no-optuna`: none), and writes quality.md beside this file. Optuna's runs are taken
from the file only if the machine's processor is the one that it names.

Statistics: medians and quartiles over seeds; ranks of medians within a problem and budget, ties sharing their mean;
Mann-Whitney U, two-sided, between samplers of one name (`auto` has none), Holm-corrected over all its problems and
budgets.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections import defaultdict
from datetime import date
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from scipy import stats

from problems import PROBLEMS
from quality_optuna import BUDGETS, HERE, machine

ROOT = HERE.parent.parent
AUTOML_LINES = HERE / "quality_automl.jsonl"
OPTUNA_LINES = HERE / "quality_optuna.jsonl"
SIGNIFICANT = 0.05


def read_lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def run_automl(samplers, n_seeds):
    """Runs the benchmark of the Rust side; lines of samplers not asked for stay as they were."""
    command = ["cargo", "bench", "-q", "-p", "automl-search", "--bench", "quality", "--", "--seeds", str(n_seeds), *samplers]
    kept = [row for row in read_lines(AUTOML_LINES) if row["sampler"] not in samplers]
    with AUTOML_LINES.open("w") as file, subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as bench:
        file.writelines(json.dumps(row) + "\n" for row in kept)
        for line in bench.stdout:
            file.write(json.dumps(json.loads(line) | {"machine": machine()}) + "\n")
            file.flush()
    if bench.returncode != 0:
        sys.exit(f"the benchmark ended with {bench.returncode}: {' '.join(command)}")


def run_optuna(samplers, n_seeds):
    command = [sys.executable, HERE / "quality_optuna.py", "--samplers", ",".join(samplers), "--seeds", str(n_seeds)]
    subprocess.run(command, check=True)


def collect(samplers, optuna_samplers, n_seeds):
    """`bests[sampler][problem][budget]` by seed, and seconds of every run by sampler."""
    bests = defaultdict(lambda: defaultdict(lambda: defaultdict(dict)))
    seconds = defaultdict(list)
    by_name = {problem.name: problem for problem in PROBLEMS}
    sources = [("automl", AUTOML_LINES, samplers), ("Optuna", OPTUNA_LINES, optuna_samplers)]
    for library, path, wanted in sources:
        for row in read_lines(path):
            if row["sampler"] not in wanted or row["seed"] >= n_seeds:
                continue
            if row["machine"] != machine():
                sys.exit(f"{path.name} was made on {row['machine']}, this is {machine()}: move it away and run again")
            if not all(map(by_name[row["problem"]].can_cost, row["best"].values())):
                sys.exit(f"{path.name} has a run that is not of {row['problem']} as it is now: {json.dumps(row)}")
            sampler = f"{library} {row['sampler']}"
            seconds[sampler].append(row["seconds"])
            for budget, best in row["best"].items():
                bests[sampler][row["problem"]][int(budget)][row["seed"]] = best
    return bests, seconds


def values(bests, sampler, problem, budget):
    return list(bests[sampler][problem][budget].values())


def mean_ranks(bests, samplers, budgets):
    """Mean over problems and budgets of each sampler's rank by median; problems that some sampler lacks are left out."""
    ranks = []
    for problem in PROBLEMS:
        for budget in budgets:
            of_all = [values(bests, sampler, problem.name, budget) for sampler in samplers]
            if all(of_all):
                ranks.append(stats.rankdata([np.median(of_one).round(12) for of_one in of_all]))
    return np.mean(ranks, axis=0) if ranks else [float("nan")] * len(samplers)


def holm(p_values):
    """Adjusted p values (Holm 1979)."""
    order = np.argsort(p_values)
    adjusted, largest = np.empty(len(p_values)), 0.0
    for place, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = largest
    return adjusted


def compare(bests, ours, theirs):
    """(problem, budget, adjusted p, whether ours has the lower mean rank) of one pair of samplers."""
    cases = []
    for problem in PROBLEMS:
        for budget in BUDGETS:
            a, b = values(bests, ours, problem.name, budget), values(bests, theirs, problem.name, budget)
            if len(a) < 5 or len(b) < 5:
                continue
            test = stats.mannwhitneyu(a, b, alternative="two-sided")
            cases.append((problem.name, budget, test.pvalue, test.statistic < len(a) * len(b) / 2))
    adjusted = holm([case[2] for case in cases])
    return [(name, budget, p, is_lower) for (name, budget, _, is_lower), p in zip(cases, adjusted)]


def number(value):
    return f"{value:.4g}" if abs(value) >= 1e-3 else f"{value:.1e}"


def median_table(bests, samplers, problem):
    lines = [f"| {problem.name} (least {number(problem.optimum)}) | {' | '.join(map(str, BUDGETS))} | seeds |"]
    lines.append("|---" * (len(BUDGETS) + 2) + "|")
    for sampler in samplers:
        cells, n_seeds = [], 0
        for budget in BUDGETS:
            of_seeds = values(bests, sampler, problem.name, budget)
            if not of_seeds:
                break
            low, middle, high = np.percentile(of_seeds, [25, 50, 75])
            cells.append(f"{number(middle)} [{number(low)}, {number(high)}]")
            n_seeds = len(of_seeds)
        if cells:
            lines.append(f"| {sampler} | {' | '.join(cells)} | {n_seeds} |")
    return lines


def rank_table(bests, samplers):
    lines = ["| sampler | " + " | ".join(f"after {budget}" for budget in BUDGETS) + " | all |"]
    lines.append("|---" * (len(BUDGETS) + 2) + "|")
    columns = [mean_ranks(bests, samplers, [budget]) for budget in BUDGETS] + [mean_ranks(bests, samplers, BUDGETS)]
    for place in np.argsort(columns[-1], kind="stable"):
        cells = " | ".join(f"{column[place]:.2f}" for column in columns)
        lines.append(f"| {samplers[place]} | {cells} |")
    return lines


def namesake_table(bests, samplers):
    """The tests between samplers of one name; empty if there are none."""
    names = [sampler.split()[1] for sampler in samplers]
    lines = []
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        cases = compare(bests, f"automl {name}", f"Optuna {name}")
        lines += ["", f"| {name} | " + " | ".join(f"after {budget}" for budget in BUDGETS) + " |"]
        lines.append("|---" * (len(BUDGETS) + 1) + "|")
        for problem in PROBLEMS:
            of_problem = [(p, is_lower) for case, _, p, is_lower in cases if case == problem.name]
            verdict = lambda p, is_lower: "not different" if p >= SIGNIFICANT else (
                "significantly better" if is_lower else "**significantly worse**")
            if of_problem:
                cells = " | ".join(f"{verdict(p, is_lower)} (p {p:.2g})" for p, is_lower in of_problem)
                lines.append(f"| {problem.name} | {cells} |")
    return lines


def missing_seeds(bests, samplers, n_seeds):
    """A sentence for each sampler that has not run with all seeds."""
    lines = []
    for sampler in samplers:
        counts = [len(values(bests, sampler, problem.name, BUDGETS[0])) for problem in PROBLEMS]
        if min(counts) < n_seeds:
            lines += ["", f"{sampler} has run with {min(counts)} to {max(counts)} of {n_seeds} seeds so far."]
    return lines


def write(bests, seconds, samplers, arguments):
    command = f"OMP_NUM_THREADS=1 python experiments/bench/quality.py --samplers {arguments.samplers}"
    command += f" --optuna {arguments.optuna} --seeds {arguments.seeds}"
    lines = [
        "# What samplers find", "",
        f"Median of the least cost [quartiles] over seeds, after 50, 100 and 200 trials; lower is better. {date.today()}, "
        f"{machine()}, {os.cpu_count()} cores, one thread; Python {platform.python_version()}. Problems: `problems.py` and "
        "`crates/automl-search/benches/problems/`; Optuna 5.0.0 with the defaults of its samplers, asked define-by-run. "
        "Its runs are in `quality_optuna.jsonl`, automl's in `quality_automl.jsonl`, both made on this machine. automl's search draws again where a "
        "configuration was tried before, which matters on the tables; Optuna's does not.", "",
        "```text", command, "```", "", "## Mean rank over problems", "", *rank_table(bests, samplers),
        *missing_seeds(bests, samplers, arguments.seeds), "", "## Against the namesake", "",
        "Mann-Whitney U, two-sided, Holm-corrected over the table; significant at p < 0.05.",
        *namesake_table(bests, samplers), "", "## Medians",
    ]
    for problem in PROBLEMS:
        lines += ["", *median_table(bests, samplers, problem)]
    lines += ["", "## Seconds for 200 trials", "", "| sampler | median | longest |", "|---|---|---|"]
    lines += [f"| {name} | {np.median(seconds[name]):.3g} | {max(seconds[name]):.3g} |" for name in samplers if seconds[name]]
    arguments.out.write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samplers", default="random,tpe")
    parser.add_argument("--optuna", default="random,tpe,cmaes,gp")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--no-optuna", action="store_true", help="take what quality_optuna.jsonl has")
    parser.add_argument("--no-automl", action="store_true", help="take what quality_automl.jsonl has")
    parser.add_argument("--out", type=Path, default=HERE / "quality.md")
    arguments = parser.parse_args()
    ours, theirs = arguments.samplers.split(","), arguments.optuna.split(",")
    if not arguments.no_automl:
        run_automl(ours, arguments.seeds)
    if not arguments.no_optuna:
        run_optuna(theirs, arguments.seeds)
    bests, seconds = collect(ours, theirs, arguments.seeds)
    samplers = [name for name in [f"automl {name}" for name in ours] + [f"Optuna {name}" for name in theirs] if bests[name]]
    write(bests, seconds, samplers, arguments)


if __name__ == "__main__":
    main()
