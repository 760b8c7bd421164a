"""Median best cost of Optuna's samplers on the problems of crates/automl-search/tests/it/functions.rs.

    python experiments/bench/tpe_quality.py [seeds] [trials]
"""

import math
import sys

import numpy as np
import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def branin(trial):
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    valley = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


HEIGHTS = np.array([1.0, 1.2, 3.0, 3.2])
SLOPES = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
CENTRES = np.array([
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886], [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665], [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
])


def hartmann6(trial):
    at = np.array([trial.suggest_float(f"x{axis}", 0, 1) for axis in range(6)])
    return -float(HEIGHTS @ np.exp(-(SLOPES * (at - CENTRES) ** 2).sum(axis=1)))


def mixed(trial):
    family = trial.suggest_categorical("family", ["linear", "network", "constant"])
    scaling = {"quantile": 0.0, "standard": 0.05, "none": 0.2}[
        trial.suggest_categorical("scaling", ["none", "standard", "quantile"])
    ]
    if family == "linear":
        return 0.2 + scaling + 0.02 * math.log10(trial.suggest_float("alpha", 1e-6, 1e3, log=True)) ** 2
    if family == "constant":
        return 0.7
    rate = trial.suggest_float("rate", 1e-5, 1, log=True)
    width = math.log2(trial.suggest_int("width", 8, 512, log=True) / 128)
    layers = trial.suggest_int("layers", 1, 6) - 3
    dropout = trial.suggest_float("dropout", 0, 0.6) - 0.15
    optimizer = 0.0
    if trial.suggest_categorical("optimizer", ["adamw", "sgd"]) == "sgd":
        optimizer = 0.05 + (trial.suggest_float("momentum", 0, 0.99) - 0.9) ** 2
    rate = math.log10(rate / 1e-3) + 0.3 * width
    return scaling + optimizer + 0.25 * rate**2 + 0.02 * width**2 + 0.02 * layers**2 + dropout**2


def main():
    n_seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    n_trials = int(sys.argv[2]) if len(sys.argv) > 2 else 60
    samplers = {
        "random": lambda seed: optuna.samplers.RandomSampler(seed=seed),
        "tpe": lambda seed: optuna.samplers.TPESampler(seed=seed),
        "tpe group": lambda seed: optuna.samplers.TPESampler(seed=seed, multivariate=True, group=True),
    }
    for problem in [branin, hartmann6, mixed]:
        for name, make in samplers.items():
            bests = []
            for seed in range(n_seeds):
                study = optuna.create_study(sampler=make(seed))
                study.optimize(problem, n_trials=n_trials)
                bests.append(study.best_value)
            low, middle, high = np.percentile(bests, [25, 50, 75])
            print(f"{problem.__name__} optuna {name}: median {middle:.4f} [{low:.4f}, {high:.4f}]", flush=True)


main()
