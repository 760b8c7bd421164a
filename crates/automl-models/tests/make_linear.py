"""Writes tests/data/linear.json: scikit-learn's answers for small tables.

Run with `python make_linear.py` (scikit-learn 1.9.1, numpy 2).
Objective of the crate: mean loss + penalty / 2 * |w|^2, hence alpha = n * penalty and C = 1 / (n * penalty).
With L1: mean loss + penalty * (r * s * |w|_1 + (1 - r) / 2 * |w|^2), s the standard deviation of a real target, 1 for classes.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge


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


def weights_of(rng, n_rows, is_weighted):
    return rng.uniform(0.2, 3.0, size=n_rows).astype(np.float32) if is_weighted else None


def mean_1(weights):
    return None if weights is None else weights.astype(float) / weights.astype(float).mean()


def sparse_case(rng, name, n_rows, n_features, penalty, l1_ratio, kind, is_weighted=False):
    x = table(rng, n_rows, n_features, kind)
    slopes = rng.normal(size=n_features) * (rng.uniform(size=n_features) < 0.5)
    y = 100.0 * (x.astype(float) @ slopes + 5.0 + rng.normal(size=n_rows))
    weights = weights_of(rng, n_rows, is_weighted)
    shares = np.full(n_rows, 1 / n_rows) if weights is None else mean_1(weights) / n_rows
    deviation = np.sqrt(shares @ (y - shares @ y) ** 2)
    if l1_ratio == 0.0:
        model = Ridge(alpha=n_rows * penalty, solver="svd")
    else:
        l1, l2 = penalty * l1_ratio * deviation, penalty * (1 - l1_ratio)
        model = ElasticNet(alpha=l1 + l2, l1_ratio=l1 / (l1 + l2), tol=1e-14, max_iter=1000000)
    model.fit(x.astype(float), y, sample_weight=mean_1(weights))
    predictions = model.predict(x.astype(float)).tolist()
    return case(name, x, "regression", penalty, "none", y.tolist(), predictions, l1_ratio, weights)


def sparse_logistic_case(rng, name, n_rows, n_features, n_classes, penalty, l1_ratio, balance="none", is_weighted=False):
    x = table(rng, n_rows, n_features, "plain")
    slopes = rng.normal(size=(n_features, n_classes)) * (rng.uniform(size=(n_features, n_classes)) < 0.5)
    y = (x.astype(float) @ slopes + rng.gumbel(size=(n_rows, n_classes))).argmax(1)
    y[:n_classes] = np.arange(n_classes)
    weights = weights_of(rng, n_rows, is_weighted)
    totals = np.bincount(y, weights=weights if weights is None else weights.astype(float))
    own = np.ones(n_rows) if weights is None else weights.astype(float)
    if balance == "balanced":
        own = own / totals[y]
    model = LogisticRegression(
        C=1.0 / (n_rows * penalty),
        l1_ratio=l1_ratio,
        solver="saga" if l1_ratio > 0 else "newton-cholesky",
        tol=1e-13,
        max_iter=1000000,
    ).fit(x.astype(float), y, sample_weight=own / own.mean())
    task = "binary" if n_classes == 2 else "multiclass"
    proba = model.predict_proba(x.astype(float)).reshape(-1).tolist()
    return case(name, x, task, penalty, balance, y.tolist(), proba, l1_ratio, weights)


def case(name, x, task, penalty, class_weights, y, predictions, l1_ratio=0.0, weights=None):
    return {
        "name": name,
        "task": task,
        "penalty": penalty,
        "l1_ratio": l1_ratio,
        "class_weights": class_weights,
        "n_rows": x.shape[0],
        "n_features": x.shape[1],
        "weights": None if weights is None else [float(value) for value in weights],
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
        sparse_case(rng, "ridge, weighted rows", 40, 4, 0.1, 0.0, "plain", True),
        sparse_case(rng, "ridge, weighted rows, more features than rows", 12, 30, 0.1, 0.0, "plain", True),
        sparse_case(rng, "lasso", 60, 8, 0.05, 1.0, "plain"),
        sparse_case(rng, "lasso, weak penalty", 60, 8, 1e-4, 1.0, "plain"),
        sparse_case(rng, "lasso, collinear columns", 60, 6, 0.05, 1.0, "collinear"),
        sparse_case(rng, "lasso, weighted rows", 60, 8, 0.05, 1.0, "plain", True),
        sparse_case(rng, "lasso, more features than rows", 20, 60, 0.1, 1.0, "plain"),
        sparse_case(rng, "elastic net", 60, 8, 0.1, 0.5, "plain"),
        sparse_case(rng, "elastic net, weighted rows, more features than rows", 20, 60, 0.1, 0.3, "plain", True),
        sparse_logistic_case(rng, "two classes, weighted rows", 60, 4, 2, 0.01, 0.0, "none", True),
        sparse_logistic_case(rng, "three classes, weighted rows, balanced", 60, 4, 3, 0.01, 0.0, "balanced", True),
        sparse_logistic_case(rng, "two classes, lasso", 80, 8, 2, 0.03, 1.0),
        sparse_logistic_case(rng, "two classes, lasso, weak penalty", 80, 4, 2, 1e-4, 1.0),
        sparse_logistic_case(rng, "two classes, elastic net, weighted rows", 80, 8, 2, 0.05, 0.4, "balanced", True),
        sparse_logistic_case(rng, "two classes, lasso, more features than rows", 30, 60, 2, 0.05, 1.0),
        sparse_logistic_case(rng, "three classes, lasso", 80, 6, 3, 0.02, 1.0),
        sparse_logistic_case(rng, "four classes, elastic net", 100, 5, 4, 0.01, 0.7, "balanced"),
        sparse_logistic_case(rng, "three classes, lasso, weak penalty", 80, 3, 3, 1e-4, 1.0, "none", True),
    ]
    path = Path(__file__).parent / "data" / "linear.json"
    path.write_text(json.dumps(cases, indent=None, separators=(",", ":")).replace("},{", "},\n{") + "\n")


main()
