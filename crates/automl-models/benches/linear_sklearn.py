"""Median seconds of scikit-learn's fits on tables made as `linear.rs` makes them, to compare with its figures.

Run with `OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python linear_sklearn.py`.
"""

import time

import numpy as np
from sklearn.linear_model import Lasso, LogisticRegression, Ridge

REPEATS = 5
SHAPES = [
    ("like adult", 26_000, 104, 2),
    ("like pendigits", 6_000, 16, 10),
    ("like diamonds", 34_500, 26, 0),
    ("classes", 20_000, 100, 2),
    ("regression", 20_000, 100, 0),
]


def design(n_rows, n_features, n_classes):
    rng = np.random.default_rng(1)
    uniform = lambda *shape: rng.uniform(-1.732, 1.732, size=shape).astype(np.float32)
    n_scores = max(n_classes, 1)
    weights = uniform(n_scores, n_features)
    x = uniform(n_rows, n_features)
    x[:, 1::2] = 0.95 * x[:, : 2 * (n_features // 2) : 2] + 0.3 * x[:, 1::2]
    scores = x @ weights.T + np.sqrt(n_features) * uniform(n_rows, n_scores)
    return x.astype(float), scores[:, 0] if n_classes == 0 else scores.argmax(1) if n_classes > 2 else (scores[:, 1] > scores[:, 0]).astype(int)


def models(n_rows, n_classes, penalty, y):
    if n_classes == 0:
        yield "Ridge", "ridge", Ridge(alpha=n_rows * penalty)
        yield "Lasso", "lasso", Lasso(alpha=penalty * y.std(), tol=1e-12, max_iter=100_000)
    else:
        strength = 1 / (n_rows * penalty)
        yield "lbfgs", "ridge", LogisticRegression(C=strength, max_iter=5000)
        if n_classes == 2:
            yield "newton-cholesky", "ridge", LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-7)
            yield "liblinear", "lasso", LogisticRegression(C=strength, l1_ratio=1.0, solver="liblinear", tol=1e-6)
        if penalty >= 1e-3:
            yield "saga", "lasso", LogisticRegression(C=strength, l1_ratio=1.0, solver="saga", tol=1e-4, max_iter=300)


def main():
    for name, n_rows, n_features, n_classes in SHAPES:
        x, y = design(n_rows, n_features, n_classes)
        for penalty in (1 / n_rows, 1e-6, 1e-2):
            for solver, kind, model in models(n_rows, n_classes, penalty, y):
                seconds = []
                for _ in range(REPEATS):
                    start = time.perf_counter()
                    model.fit(x, y)
                    seconds.append(time.perf_counter() - start)
                    if seconds[0] > 5:
                        break
                print(f"{name:<16} {kind:<6} {penalty:>9.1e} {solver:<16} {np.median(seconds):>9.4f}", flush=True)


main()
