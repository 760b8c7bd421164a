"""Writes tests/data/knn.json: scikit-learn's answers for small tables.

Run with `python make_knn.py` (scikit-learn 1.9.1, numpy 2).
The crate smooths the shares of classes: (m * share + prior) / (m + 1), with m = (sum of votes)^2 / sum of squared votes and
prior = (count + 1) / (n + classes). The script does the same to scikit-learn's shares.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor


def case(rng, n_neighbours, weights, metric, n_classes):
    n_rows, n_features, n_queries = 120, 4, 20
    x = rng.normal(size=(n_rows, n_features)).astype(np.float32)
    query = rng.normal(size=(n_queries, n_features)).astype(np.float32)
    query[:3] = x[:3]
    score = x.astype(float) @ rng.normal(size=n_features) + 0.3 * rng.normal(size=n_rows)
    # Its brute force search rounds the distance of equal rows to something above 0; its trees do not.
    arguments = dict(n_neighbors=n_neighbours, weights=weights, metric=metric, algorithm="kd_tree")
    x64, query64 = x.astype(float), query.astype(float)
    if n_classes == 0:
        y = score + 5.0
        predictions = KNeighborsRegressor(**arguments).fit(x64, y).predict(query64)
    else:
        y = np.digitize(score, np.quantile(score, np.arange(1, n_classes) / n_classes))
        model = KNeighborsClassifier(**arguments).fit(x64, y)
        distances, _ = model.kneighbors(query64)
        votes = np.ones_like(distances)
        if weights == "distance":
            # A query that is a training row has that row at distance 0; only it votes.
            has_zero = (distances == 0).any(1)
            with np.errstate(divide="ignore"):
                votes = np.where(has_zero[:, None], distances == 0, 1 / distances)
        m = (votes.sum(1) ** 2 / (votes**2).sum(1))[:, None]
        prior = (np.bincount(y, minlength=n_classes) + 1) / (n_rows + n_classes)
        predictions = (m * model.predict_proba(query64) + prior) / (m + 1)
    return {
        "name": f"{n_neighbours} neighbours, {weights}, {metric}, {n_classes} classes",
        "n_neighbours": n_neighbours,
        "weights": weights,
        "metric": metric,
        "n_features": n_features,
        "n_classes": n_classes,
        "x": [float(value) for value in x.reshape(-1)],
        "y": [float(value) for value in y],
        "query": [float(value) for value in query.reshape(-1)],
        "predictions": predictions.reshape(-1).tolist(),
    }


def main():
    rng = np.random.default_rng(21)
    cases = [
        case(rng, n_neighbours, weights, metric, n_classes)
        for n_neighbours in (1, 7)
        for weights in ("uniform", "distance")
        for metric in ("euclidean", "manhattan")
        for n_classes in (0, 2, 3)
    ]
    path = Path(__file__).parent / "data" / "knn.json"
    path.write_text(json.dumps(cases, indent=None, separators=(",", ":")).replace("},{", "},\n{") + "\n")


main()
