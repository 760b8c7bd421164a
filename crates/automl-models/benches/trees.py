"""The fits of trees.rs with LightGBM and scikit-learn, on the same tables.

    python crates/automl-models/benches/trees.py     # needs lightgbm, scikit-learn
"""

import time

import lightgbm
import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)

REPEATS = 3
SHAPES = [
    ("like adult", 26_000, 6, [9, 17, 8, 15, 7, 6, 3, 42], 2),
    ("like pendigits", 6_000, 16, [], 10),
    ("like california", 13_000, 8, [], 0),
    ("large", 200_000, 30, [], 2),
]


def uniform(rows, column):
    """automl_core::Seed(row).step(column), as a number from 0 to 1."""
    tag = np.uint64(0x5354_0000_0000_0000 ^ column) * np.uint64(0x9E37_79B9_7F4A_7C15)
    z = (rows ^ tag) + np.uint64(0x9E37_79B9_7F4A_7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return (z ^ (z >> np.uint64(31))).astype(np.float64) / 2.0**64


def table(first, n_rows, n_numeric, cardinalities, n_classes):
    rows = np.arange(first, first + n_rows, dtype=np.uint64)
    x = [uniform(rows, column) for column in range(n_numeric)]
    levels = [np.floor(uniform(rows, n_numeric + i) * count) for i, count in enumerate(cardinalities)]
    of_levels = sum((level * 7 % 5 / 5.0 - 0.4 for level in levels), np.zeros(n_rows))
    score = 4 * x[0] * x[1] + np.sin(6 * x[2]) + 2.0 * (x[3] > 0.7) + of_levels
    noise = uniform(rows, n_numeric + len(cardinalities))
    if n_classes == 0:
        y = score + noise
    elif n_classes == 2:
        y = (noise < 1 / (1 + np.exp(2.5 - score - of_levels))).astype(int)
    else:
        y = np.clip((score + noise + 1) * n_classes / 9, 0, n_classes - 1).astype(int)
    return np.column_stack([np.column_stack(x).astype(np.float32).astype(np.float64), *levels]), y


def loss(predicted, y, n_classes):
    if n_classes == 0:
        return np.sqrt(np.mean((predicted - y) ** 2))
    with np.errstate(divide="ignore"):
        return -np.mean(np.log(predicted[np.arange(len(y)), y]))


def boosted(train, valid, categorical, n_classes, threads):
    params = {
        "objective": {0: "regression", 2: "binary"}.get(n_classes, "multiclass"),
        "num_class": n_classes if n_classes > 2 else 1,
        "learning_rate": 0.1,
        "num_leaves": 31,
        "min_data_in_leaf": 20,
        "num_threads": threads,
        "verbose": -1,
    }
    data = lightgbm.Dataset(*train, categorical_feature=categorical)
    model = lightgbm.train(params, data, 300, valid_sets=[data.create_valid(*valid)])
    predicted = model.predict(valid[0])
    return np.column_stack([1 - predicted, predicted]) if n_classes == 2 else predicted


def forest(kind, train, valid, n_classes, threads):
    kinds = {
        "random_forest": (RandomForestRegressor, RandomForestClassifier),
        "extra_trees": (ExtraTreesRegressor, ExtraTreesClassifier),
    }
    model = kinds[kind][n_classes > 0](50, max_features=0.33, n_jobs=threads, random_state=0)
    model.fit(*train)
    if n_classes == 0:
        return model.predict(valid[0])
    # As in trees.rs, the frequencies of the classes count as one tree more.
    prior = np.bincount(train[1], minlength=n_classes) / len(train[1])
    return (50 * model.predict_proba(valid[0]) + prior) / 51


def main():
    print(f"{'shape':<16} {'family':<14} {'threads':>7} {'seconds':>8} {'loss':>9}")
    for name, n_rows, n_numeric, cardinalities, n_classes in SHAPES:
        make = lambda first, n: table(first, n, n_numeric, cardinalities, n_classes)
        train, valid = make(0, n_rows), make(n_rows, n_rows // 4)
        categorical = list(range(n_numeric, n_numeric + len(cardinalities)))
        for family in ["gbdt", "random_forest", "extra_trees"]:
            if n_rows > 100_000 and family != "gbdt":
                continue
            for threads in [1, 2]:
                least = np.inf
                for _ in range(REPEATS):
                    start = time.time()
                    if family == "gbdt":
                        predicted = boosted(train, valid, categorical, n_classes, threads)
                    else:
                        predicted = forest(family, train, valid, n_classes, threads)
                    least = min(least, time.time() - start)
                print(f"{name:<16} {family:<14} {threads:>7} {least:>8.3f} {loss(predicted, valid[1], n_classes):>9.5f}")


if __name__ == "__main__":
    main()
