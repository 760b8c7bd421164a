"""Writes tests/data/pareto.json: Pareto fronts and hypervolumes of Optuna 5.0.0.

    python crates/automl-search/tests/make_pareto.py > crates/automl-search/tests/data/pareto.json
"""

import json
import sys

import numpy as np
import optuna
from optuna._hypervolume import compute_hypervolume
from optuna.study._multi_objective import _is_pareto_front

assert optuna.__version__ == "5.0.0", optuna.__version__
rng = np.random.RandomState(0)


def clouds():
    for n_objectives in [2, 3, 4]:
        for n in [1, 2, 10, 40]:
            yield rng.uniform(-1.0, 1.0, (n, n_objectives))
        # Ties: in one objective, and whole points.
        yield rng.randint(0, 4, (30, n_objectives)).astype(float)
        # All on the front.
        shares = rng.dirichlet(np.ones(n_objectives), 25)
        yield np.sqrt(shares)


def main():
    cases = []
    for points in clouds():
        reference = points.max(axis=0) + 0.25
        cases.append(
            {
                "points": points.tolist(),
                "reference": reference.tolist(),
                "front": np.flatnonzero(_is_pareto_front(points, assume_unique_lexsorted=False)).tolist(),
                "hypervolume": float(compute_hypervolume(points, reference)),
            }
        )
    json.dump(cases, sys.stdout, allow_nan=False)
    sys.stdout.write("\n")


main()
