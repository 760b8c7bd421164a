"""The one scorer of the benchmark of accuracy: predictions against the target column of a test file."""

import csv

import numpy as np
from sklearn import metrics


class BadPredictions(Exception):
    """Predictions that cannot be scored; the message says why."""


def read_predictions(path):
    """(labels or None, array): `prediction` alone, or one column `p:LABEL` per class."""
    with open(path, newline="") as file:
        head, *body = csv.reader(file)
    values = np.array([[float(cell) for cell in line] for line in body])
    if head == ["prediction"]:
        return None, values[:, 0]
    return [name.removeprefix("p:") for name in head], values


def classification(truth, labels, probabilities):
    """Scores of probabilities; a class that the contender does not know has probability 0 (clipped to 1e-15)."""
    known = sorted(set(labels) | set(truth))
    table = np.zeros((len(truth), len(known)))
    for column, label in enumerate(labels):
        table[:, known.index(label)] = probabilities[:, column]
    if not np.isfinite(table).all() or table.min() < -1e-6 or abs(table.sum(1) - 1.0).max() > 1e-3:
        raise BadPredictions("probabilities are not finite, negative or do not sum to 1")
    table = np.clip(table, 1e-15, None)
    table /= table.sum(1, keepdims=True)
    codes = np.array([known.index(label) for label in truth])
    scores = {
        "log_loss": metrics.log_loss(codes, table, labels=list(range(len(known)))),
        "accuracy": metrics.accuracy_score(codes, table.argmax(1)),
    }
    if len(known) == 2:
        scores["roc_auc"] = metrics.roc_auc_score(codes, table[:, 1])
    elif len(set(codes)) == len(known):
        scores["roc_auc"] = metrics.roc_auc_score(codes, table, multi_class="ovr", average="macro")
    return scores


def regression(truth, predictions):
    if not np.isfinite(predictions).all():
        raise BadPredictions("predictions are not finite")
    error = metrics.mean_squared_error(truth, predictions)
    return {"rmse": float(np.sqrt(error)), "mae": metrics.mean_absolute_error(truth, predictions),
            "r2": metrics.r2_score(truth, predictions)}


def score(truth, task, path):
    """Scores of the predictions in a file; `truth` is the target column as text."""
    labels, values = read_predictions(path)
    if len(values) != len(truth):
        raise BadPredictions(f"{len(values)} predictions for {len(truth)} rows")
    if (labels is None) != (task == "regression"):
        raise BadPredictions(f"columns {labels or ['prediction']} do not suit a task of {task}")
    if task == "regression":
        found = regression(np.array(truth, dtype=float), values)
    else:
        found = classification(list(truth), labels, values)
    return {name: float(value) for name, value in found.items()}
