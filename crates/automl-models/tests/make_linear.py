"""Writes tests/data/linear.json: scikit-learn's answers for small tables.

Run with `python make_linear.py` (scikit-learn 1.9.1, numpy 2).
Objective of the crate: mean loss + penalty / 2 * |w|^2, hence alpha = n * penalty and C = 1 / (n * penalty).
"""

import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge


def table(rng, n_rows, n_features, kind):
    x = rng.normal(size=(n_rows, n_features))
    if kind == "collinear":
        x[:, 1] = x[:, 0]
    if kind == "unscaled":
        x = x * 10.0 ** np.arange(n_features) + 1000.0
    return x.astype(np.float32)


def ridge_case(rng, name, n_rows, n_features, penalty, kind):
    x = table(rng, n_rows, n_features, kind)
    y = x.astype(float) @ rng.normal(size=n_features) + 5.0 + rng.normal(size=n_rows)
    model = Ridge(alpha=n_rows * penalty, solver="svd").fit(x.astype(float), y)
    return case(name, x, "regression", penalty, "none", y.tolist(), model.predict(x.astype(float)).tolist())


def logistic_case(rng, name, n_rows, n_features, n_classes, penalty, weights, kind):
    x = table(rng, n_rows, n_features, kind)
    standard = (x - x.mean(0)) / x.std(0)
    scores = standard.astype(float) @ rng.normal(size=(n_features, n_classes))
    scores += rng.gumbel(size=scores.shape) - np.arange(n_classes)
    y = scores.argmax(1)
    y[:n_classes] = np.arange(n_classes)
    model = LogisticRegression(
        C=1.0 / (n_rows * penalty),
        class_weight=None if weights == "none" else weights,
        solver="newton-cholesky",
        tol=1e-12,
        max_iter=1000,
    ).fit(x.astype(float), y)
    task = "binary" if n_classes == 2 else "multiclass"
    proba = model.predict_proba(x.astype(float)).reshape(-1).tolist()
    return case(name, x, task, penalty, weights, y.tolist(), proba)


def case(name, x, task, penalty, weights, y, predictions):
    return {
        "name": name,
        "task": task,
        "penalty": penalty,
        "class_weights": weights,
        "n_rows": x.shape[0],
        "n_features": x.shape[1],
        "x": [float(value) for value in x.reshape(-1)],
        "y": [float(value) for value in y],
        "predictions": predictions,
    }


def main():
    rng = np.random.default_rng(20)
    cases = [
        ridge_case(rng, "ridge", 40, 4, 0.01, "plain"),
        ridge_case(rng, "ridge, strong", 40, 4, 3.0, "plain"),
        ridge_case(rng, "ridge, more features than rows", 12, 30, 0.1, "plain"),
        ridge_case(rng, "ridge, collinear columns", 30, 4, 0.001, "collinear"),
        ridge_case(rng, "ridge, unscaled columns", 30, 4, 0.1, "unscaled"),
        logistic_case(rng, "two classes", 60, 4, 2, 0.01, "none", "plain"),
        logistic_case(rng, "two classes, weak penalty", 60, 3, 2, 1e-5, "none", "plain"),
        logistic_case(rng, "two classes, balanced", 60, 4, 2, 0.02, "balanced", "plain"),
        logistic_case(rng, "two classes, unscaled columns", 60, 3, 2, 0.01, "none", "unscaled"),
        logistic_case(rng, "three classes", 80, 4, 3, 0.01, "none", "plain"),
        logistic_case(rng, "five classes, balanced", 90, 3, 5, 0.005, "balanced", "plain"),
        logistic_case(rng, "three classes, collinear columns", 60, 4, 3, 0.001, "none", "collinear"),
        logistic_case(rng, "more features than rows", 15, 40, 3, 0.05, "none", "plain"),
    ]
    path = Path(__file__).parent / "data" / "linear.json"
    path.write_text(json.dumps(cases, indent=None, separators=(",", ":")).replace("},{", "},\n{") + "\n")


main()
