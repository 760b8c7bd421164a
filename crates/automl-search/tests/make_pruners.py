"""Reference values for the pruners: python tests/make_pruners.py > tests/data/pruners.json

Optuna 5.0.0 and SciPy. Tables of costs are run through Optuna's pruners, several trials at a time, and every
decision is written down.
"""

import json
import sys

import numpy as np
import optuna
import scipy
from optuna.pruners import HyperbandPruner, PercentilePruner, SuccessiveHalvingPruner
from optuna.trial import TrialState, create_trial
from scipy.stats import t as student

optuna.logging.set_verbosity(optuna.logging.ERROR)
rng = np.random.RandomState(0)


def costs(n_trials, steps):
    """Falling curves that cross."""
    start, end, rate = rng.rand(3, n_trials, 1)
    noise = 0.05 * rng.randn(n_trials, len(steps))
    table = end + (0.3 + start) * np.exp(-(0.05 + rate) * np.array(steps)) + noise
    return np.round(table, 3)


def replay(pruner, n_trials, steps, n_workers, with_bracket=False):
    """Asynchronous workers, one report at a time in random order."""
    study = optuna.create_study(study_name="reference", pruner=pruner)
    table, running, reports, n_started = costs(n_trials, steps), [], [], 0
    while n_started < n_trials or running:
        while len(running) < n_workers and n_started < n_trials:
            running.append([study.ask(), 0])
            n_started += 1
        worker = running[rng.randint(len(running))]
        trial, place = worker
        cost = float(table[trial.number, place])
        trial.report(cost, steps[place])
        prune = bool(trial.should_prune())
        worker[1] += 1
        reports.append([trial.number, steps[place], cost, prune])
        if prune or worker[1] == len(steps):
            running.remove(worker)
            study.tell(trial, None if prune else cost, state=TrialState.PRUNED if prune else TrialState.COMPLETE)
    case = {"last_step": steps[-1], "reports": reports}
    if with_bracket:
        case["brackets"] = [pruner._get_bracket_id(study, trial) for trial in study.trials]
        case["budgets"] = pruner._trial_allocation_budgets
    return case


def asha():
    for low, factor, rate, steps, n_workers in [
        (1, 4, 0, range(1, 17), 1),
        (1, 4, 0, range(1, 17), 4),
        (2, 3, 0, range(1, 20), 4),
        (1, 2, 1, range(1, 33), 8),
        (4, 2, 0, range(4, 40, 4), 3),
    ]:
        settings = {"min_resource": low, "reduction_factor": factor, "min_early_stopping_rate": rate}
        yield settings | replay(SuccessiveHalvingPruner(**settings), 60, list(steps), n_workers)


def hyperband():
    for low, high, factor, n_workers in [(1, 9, 3, 1), (1, 27, 3, 4), (2, 32, 2, 4), (1, 16, 4, 8)]:
        settings = {"min_resource": low, "max_resource": high, "reduction_factor": factor}
        case = replay(HyperbandPruner(**settings), 90, list(range(1, high + 1)), n_workers, with_bracket=True)
        yield settings | case


def percentiles():
    """Complete trials with costs at every step, and trials whose cost falls, so that the last is the best."""
    for percentile in [0.0, 10.0, 25.0, 50.0, 62.5, 90.0, 100.0]:
        for n_trials in [1, 2, 7, 24]:
            table = np.round(rng.rand(n_trials, 4), 2)
            warmup = int(rng.randint(3))
            pruner = PercentilePruner(percentile, n_startup_trials=1, n_warmup_steps=warmup + 1)
            study = optuna.create_study(pruner=pruner)
            for row in table:
                values = {step + 1: float(cost) for step, cost in enumerate(row)}
                study.add_trial(create_trial(value=float(row[-1]), intermediate_values=values))
            queries = []
            for _ in range(12):
                curve = np.sort(np.round(rng.rand(4), 2))[::-1]
                trial = study.ask()
                for step, cost in enumerate(curve, start=1):
                    trial.report(float(cost), step)
                    queries.append([step, float(cost), bool(trial.should_prune())])
                study.tell(trial, state=TrialState.FAIL)
            yield {
                "percentile": percentile,
                "n_warmup_steps": warmup,
                "costs": table.tolist(),
                "queries": queries,
            }


def student_tails():
    for degrees in [1, 2, 3, 7, 20, 64, 500, 20000]:
        for t in [-3.0, -0.2, 0.0, 0.1, 0.9, 1.7, 2.5, 4.0, 9.0, 40.0]:
            yield [t, degrees, float(student.sf(t, degrees))]


def residuals():
    """Two-way layouts fitted by least squares on indicator columns."""
    for n, k in [(2, 2), (3, 5), (12, 4)]:
        table = rng.randn(n, k) + 3.0 * rng.randn(n, 1) + rng.randn(1, k)
        rows, columns = np.divmod(np.arange(n * k), k)
        design = np.hstack([np.eye(n)[rows], np.eye(k)[columns]])
        fit = design @ np.linalg.lstsq(design, table.ravel(), rcond=None)[0]
        degrees = n * k - np.linalg.matrix_rank(design)
        yield {"costs": table.tolist(), "squares": float(((table.ravel() - fit) ** 2).sum()), "degrees": float(degrees)}


def main():
    reference = {
        "source": f"Optuna {optuna.__version__}, SciPy {scipy.__version__}",
        "asha": list(asha()),
        "hyperband": list(hyperband()),
        "percentile": list(percentiles()),
        "student": list(student_tails()),
        "residuals": list(residuals()),
    }
    json.dump(reference, sys.stdout, allow_nan=False)
    sys.stdout.write("\n")


main()
