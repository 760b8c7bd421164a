"""Greedy ensemble selection of others, for the shapes of selection.rs: python benches/selection.py [models rows classes]

Times one round, in which every model is tried once, of
- AutoGluon's EnsembleSelection (autogluon.core), where it is installed;
- the same algorithm in numpy with scikit-learn's metrics, on whole matrices;
- the same in numpy for log loss, on the probabilities of the true class alone.
"""

import sys
import time

import numpy as np
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

n_models, n_rows, n_classes = (int(a) for a in sys.argv[1:4]) if len(sys.argv) > 3 else (200, 20_000, 10)
N_ROUNDS = 3
rng = np.random.default_rng(0)


def library(n_classes):
    codes = np.arange(n_rows) % n_classes
    shared = rng.random((n_rows, n_classes))
    models = []
    for model in range(n_models):
        p = np.exp(3 * (rng.random((n_rows, n_classes)) + shared))
        p[np.arange(n_rows), codes] *= np.exp(3 * (0.3 + model % 17 / 50))
        models.append(p / p.sum(axis=1, keepdims=True))
    return codes, models


def whole(codes, models, cost):
    """Seconds a round of the algorithm on whole matrices, as AutoGluon's."""
    total = np.zeros_like(models[0])
    started = time.perf_counter()
    for chosen in range(N_ROUNDS):
        costs = [cost(codes, (total + model) / (chosen + 1)) for model in models]
        total += models[int(np.argmin(costs))]
    return (time.perf_counter() - started) / N_ROUNDS


def truths(codes, models):
    """Seconds a round for log loss, on the probabilities of the true class."""
    p = np.stack([model[np.arange(n_rows), codes] for model in models])
    total = np.zeros(n_rows)
    started = time.perf_counter()
    for chosen in range(N_ROUNDS):
        costs = -np.log(np.clip((total + p) / (chosen + 1), 2.2e-16, 1)).mean(axis=1)
        total += p[int(np.argmin(costs))]
    return (time.perf_counter() - started) / N_ROUNDS


def autogluon(codes, models, metric, problem):
    from autogluon.core.models.greedy_ensemble.ensemble_selection import EnsembleSelection

    given = [model[:, 1] for model in models] if problem == "binary" else models
    selection = EnsembleSelection(N_ROUNDS, problem_type=problem, metric=metric)
    started = time.perf_counter()
    selection.fit(given, codes)
    return (time.perf_counter() - started) / N_ROUNDS


def show(what, seconds):
    print(f"{what:44} {1e3 * seconds:9.1f} ms a round")


print(f"{n_models} models, {n_rows} rows, {n_classes} classes")
codes, models = library(n_classes)
show("log loss, numpy, true class", truths(codes, models))
show("log loss, scikit-learn", whole(codes, models, log_loss))
show("accuracy, scikit-learn", whole(codes, models, lambda y, p: -accuracy_score(y, p.argmax(axis=1))))
two_codes, two_models = library(2)
show("ROC AUC of two classes, scikit-learn", whole(two_codes, two_models, lambda y, p: -roc_auc_score(y, p[:, 1])))
try:
    from autogluon.core import metrics
except ImportError:
    print("autogluon.core is not installed")
else:
    show("log loss, AutoGluon", autogluon(codes, models, metrics.log_loss, "multiclass"))
    show("accuracy, AutoGluon", autogluon(codes, models, metrics.accuracy, "multiclass"))
    show("ROC AUC of two classes, AutoGluon", autogluon(two_codes, two_models, metrics.roc_auc, "binary"))
