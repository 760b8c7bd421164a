"""Time that Optuna's samplers take per trial (ask, suggest and tell) in memory and on SQLite, beside automl's.

    OMP_NUM_THREADS=1 python experiments/bench/search_overhead.py [--samplers random,tpe,gp,cmaes]

Builds and runs `cargo bench` of `suggest` (automl-search: proposal and telling the history) and `ask_tell`
(automl-store: what the study file adds) first, so that all figures come from one machine at one time; on SQLite,
automl's figure is the sum of the two. `--no-automl` leaves them out. The space is that of the two benches.
Histories are added as finished trials, in bulk; the least and the median of some further trials are reported, each
one told before the next is asked. Files lie in AUTOML_BENCH_DIR, or the system's folder for temporary files.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
import warnings
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

optuna.logging.set_verbosity(optuna.logging.ERROR)

SPACE = {
    "f0": FloatDistribution(0, 1),
    "f1": FloatDistribution(-5, 5),
    "f2": FloatDistribution(0, 0.5),
    "l0": FloatDistribution(1e-5, 1, log=True),
    "l1": FloatDistribution(1e-3, 1e3, log=True),
    "i0": IntDistribution(1, 10),
    "i1": IntDistribution(0, 100),
    "i2": IntDistribution(8, 1024, log=True),
    "c0": CategoricalDistribution(["a", "b", "c"]),
    "c1": CategoricalDistribution(["u", "v"]),
}


def draw(domain, rng):
    if isinstance(domain, CategoricalDistribution):
        return domain.choices[rng.randint(len(domain.choices))]
    low, high = domain.low, domain.high
    value = np.exp(rng.uniform(np.log(low), np.log(high))) if domain.log else rng.uniform(low, high)
    return int(round(value)) if isinstance(domain, IntDistribution) else float(value)


def cost(params):
    squares = (params["f0"] - 0.3) ** 2 + params["f1"] ** 2 + (np.log10(params["l0"]) + 3) ** 2
    return float(squares + (params["i0"] - 4) ** 2 + (params["c0"] != "b"))


def history(n_trials):
    rng = np.random.RandomState(1)
    for _ in range(n_trials):
        params = {name: draw(domain, rng) for name, domain in SPACE.items()}
        yield optuna.create_trial(params=params, distributions=SPACE, value=cost(params))


def open_study(sampler, folder, n_trials):
    """A study with `n_trials`, in memory if `folder` is None. Filling a file takes minutes, so it is done once a length."""
    if folder is None:
        study = optuna.create_study(sampler=sampler)
        study.add_trials(history(n_trials))
        return study
    filled, copy = folder / f"{n_trials}.sqlite3", folder / "study.sqlite3"
    if not filled.exists():
        study = optuna.create_study(study_name="bench", storage=f"sqlite:///{filled}")
        study.add_trials(history(n_trials))
    shutil.copy(filled, copy)
    return optuna.load_study(study_name="bench", storage=f"sqlite:///{copy}", sampler=sampler)


def micros_per_trial(study, n_repeats):
    """Least and median of `n_repeats` further trials."""
    seconds = []
    for _ in range(n_repeats):
        started = time.perf_counter()
        trial = study.ask(SPACE)
        study.tell(trial, cost(trial.params))
        seconds.append(time.perf_counter() - started)
    return min(seconds) * 1e6, statistics.median(seconds) * 1e6


SAMPLERS = {
    "random": optuna.samplers.RandomSampler,
    "tpe": optuna.samplers.TPESampler,
    "gp": optuna.samplers.GPSampler,
    "cmaes": lambda seed: optuna.samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False),
}


def run_automl():
    root = Path(__file__).parent.parent.parent
    for package, bench in [("automl-search", "suggest"), ("automl-store", "ask_tell")]:
        subprocess.run(["cargo", "bench", "-q", "-p", package, "--bench", bench], cwd=root, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samplers", default="random,tpe")
    parser.add_argument("--lengths", default="100,1000,10000")
    parser.add_argument("--storages", default="memory,sqlite")
    parser.add_argument("--repeats", type=int, default=31, help="in memory; on SQLite a third of it")
    parser.add_argument("--no-automl", action="store_true")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    if not arguments.no_automl:
        run_automl()
    with tempfile.TemporaryDirectory(dir=os.environ.get("AUTOML_BENCH_DIR")) as folder:
        for storage in arguments.storages.split(","):
            where, repeats = (None, arguments.repeats) if storage == "memory" else (Path(folder), arguments.repeats // 3)
            for n_trials in map(int, arguments.lengths.split(",")):
                for name in arguments.samplers.split(","):
                    study = open_study(SAMPLERS[name](seed=1), where, n_trials)
                    least, median = micros_per_trial(study, max(repeats, 1))
                    print(
                        f"optuna {name:8} {storage:6} {n_trials:6} trials: least {least:11.1f} µs, median {median:11.1f} µs",
                        flush=True,
                    )


main()
