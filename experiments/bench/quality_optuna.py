"""What Optuna's samplers find on the problems of problems.py: one JSON line a run.

    OMP_NUM_THREADS=1 python experiments/bench/quality_optuna.py [--samplers tpe,cmaes,gp] [--seeds 30] [--out FILE]

Runs that FILE (experiments/bench/quality_optuna.jsonl) already has are not repeated, so the command can be
stopped and given again. Samplers have their defaults; spaces are asked for define-by-run. The order is seed by
seed, so that a part of the runs covers all problems alike.
"""

import argparse
import json
import os
import platform
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import optuna

from problems import PROBLEMS, suggest

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)

BUDGETS = [50, 100, 200]
HERE = Path(__file__).parent
SAMPLERS = {
    "random": optuna.samplers.RandomSampler,
    "tpe": optuna.samplers.TPESampler,
    "cmaes": lambda seed: optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "gp": lambda seed: optuna.samplers.GPSampler(seed=seed, warn_independent_sampling=False),
}


def machine():
    """The processor's name, where Linux tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def run(sampler, problem, seed):
    study = optuna.create_study(sampler=SAMPLERS[sampler](seed=seed))
    started = time.perf_counter()
    study.optimize(lambda trial: problem.cost(suggest(trial, problem.space)), n_trials=max(BUDGETS))
    seconds = time.perf_counter() - started
    values = [trial.value for trial in study.trials]
    best = {str(budget): min(values[:budget]) for budget in BUDGETS}
    return {
        "library": f"optuna {optuna.__version__}", "sampler": sampler, "problem": problem.name, "seed": seed,
        "best": best, "seconds": round(seconds, 3), "machine": machine(),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samplers", default="tpe,cmaes,gp")
    parser.add_argument("--problems", default=",".join(problem.name for problem in PROBLEMS))
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--out", type=Path, default=HERE / "quality_optuna.jsonl")
    arguments = parser.parse_args()
    done = set()
    if arguments.out.exists():
        rows = map(json.loads, arguments.out.read_text().splitlines())
        done = {(row["sampler"], row["problem"], row["seed"]) for row in rows}
    wanted = arguments.problems.split(",")
    problems = [problem for problem in PROBLEMS if problem.name in wanted]
    for sampler in arguments.samplers.split(","):
        for seed in range(arguments.seeds):
            for problem in problems:
                if (sampler, problem.name, seed) not in done:
                    row = run(sampler, problem, seed)
                    with arguments.out.open("a") as file:
                        file.write(json.dumps(row) + "\n")


if __name__ == "__main__":
    main()
