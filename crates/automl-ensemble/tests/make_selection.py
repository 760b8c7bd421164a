"""Reference values for greedy selection: python tests/make_selection.py > tests/data/selection.json

AutoGluon's EnsembleSelection (autogluon.core 1.6.3), which is Caruana's algorithm without sorted initialisation and
without bags, of whose rounds the best one counts. Everything random has a fixed seed.
"""

import json
import sys

import numpy as np
from autogluon.core.metrics import log_loss, mean_absolute_error, root_mean_squared_error
from autogluon.core.models.greedy_ensemble.ensemble_selection import EnsembleSelection

N_ROUNDS = 30
rng = np.random.default_rng(5)


def classes(n_rows, n_classes, n_models):
    codes = rng.integers(0, n_classes, n_rows)
    shared = rng.normal(size=(n_rows, n_classes))
    models = []
    for model in range(n_models):
        outputs = shared + rng.normal(size=(n_rows, n_classes))
        outputs[np.arange(n_rows), codes] += 0.5 + 0.3 * model
        p = np.exp((0.5 + 0.4 * model) * outputs)
        models.append(p / p.sum(axis=1, keepdims=True))
    return codes, models


def numbers(n_rows, n_models):
    truth = rng.normal(3, 2, n_rows)
    shared = rng.normal(0, 0.5, n_rows)
    models = [truth + shared + rng.normal(0.4 - 0.2 * m, 0.4 + 0.2 * m, n_rows) for m in range(n_models)]
    return truth, models


def select(metric, problem, target, models):
    selection = EnsembleSelection(N_ROUNDS, problem_type=problem, metric=metric, random_state=np.random.RandomState(0))
    selection.fit(models, target)
    return {"weights": np.asarray(selection.weights_).tolist()}


codes, probas = classes(80, 3, 6)
truth, values = numbers(80, 6)
reference = {
    "n_rounds": N_ROUNDS,
    "classes": {
        "codes": codes.tolist(),
        "models": [p.ravel().tolist() for p in probas],
        "log_loss": select(log_loss, "multiclass", codes, probas),
    },
    "numbers": {
        "target": truth.tolist(),
        "models": [v.tolist() for v in values],
        "rmse": select(root_mean_squared_error, "regression", truth, values),
        "mae": select(mean_absolute_error, "regression", truth, values),
    },
}
json.dump(reference, sys.stdout)
