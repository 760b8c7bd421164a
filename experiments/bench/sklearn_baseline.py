"""Untuned scikit-learn on the benchmark tables: what a first notebook would get, for comparison with a search.

    python experiments/bench/sklearn_baseline.py --data DIR [SET ...]

DIR holds one folder a set with train.csv, test.csv and meta.json (`task`, `target`, `categorical_columns`).
Numbers: median imputation, StandardScaler. Categories: most frequent value, OneHotEncoder. Then an MLP with the
library's defaults and random_state=0. Regression is done twice: on the target as it is, which is what one gets by
default, and on a standardised target, which is the fair comparison, since the default step size cannot follow
targets in the hundreds of thousands.

Titanic's Name, Ticket and Cabin are near-unique text; untuned, they are categories like any other. Numbers that
meta.json calls nominal (titanic's Pclass) are categories too.

Prints one JSON line a figure and writes all of them to sklearn_baseline.json beside this file, sets not run again kept.
"""

import argparse
import json
import platform
import time
import warnings
from pathlib import Path

import numpy
import pandas
import sklearn
from sklearn import metrics
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

SETS = ["titanic", "adult", "pendigits", "wall-robot", "california-housing", "diamonds"]
RESULTS = Path(__file__).with_suffix(".json")


def preprocessing(features, categorical):
    numeric = [name for name in features.columns if name not in categorical]
    return ColumnTransformer(
        [
            ("numeric", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
            (
                "categorical",
                make_pipeline(
                    SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")
                ),
                categorical,
            ),
        ]
    )


def models(task):
    if task == "regression":
        return {
            "constant": DummyRegressor(),
            "ridge": Ridge(),
            "mlp": MLPRegressor(random_state=0),
            "mlp_standardised_target": TransformedTargetRegressor(
                MLPRegressor(random_state=0), transformer=StandardScaler()
            ),
        }
    return {
        "constant": DummyClassifier(strategy="prior"),
        "logistic": LogisticRegression(max_iter=1000),
        "mlp": MLPClassifier(random_state=0),
    }


def regression_scores(target, predicted):
    return {
        "rmse": metrics.root_mean_squared_error(target, predicted),
        "mae": metrics.mean_absolute_error(target, predicted),
        "r2": metrics.r2_score(target, predicted),
    }


def class_scores(target, probabilities, labels):
    predicted = labels[probabilities.argmax(axis=1)]
    scores = {
        "accuracy": metrics.accuracy_score(target, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(target, predicted),
        "f1_macro": metrics.f1_score(target, predicted, average="macro", zero_division=0),
        "log_loss": metrics.log_loss(target, probabilities, labels=labels),
    }
    if len(labels) == 2:
        scores["roc_auc"] = metrics.roc_auc_score(target == labels[1], probabilities[:, 1])
    else:
        scores["roc_auc"] = metrics.roc_auc_score(target, probabilities, multi_class="ovr", labels=labels)
    return scores


def run_set(folder):
    """Yields one record a (model, metric) of one set."""
    meta = json.loads((folder / "meta.json").read_text())
    train, test = (
        # An empty field and `?` are the missing values of these sets; `NA`-like labels elsewhere stay text.
        pandas.read_csv(folder / name, keep_default_na=False, na_values=["", "?"])
        for name in ("train.csv", "test.csv")
    )
    features = train.drop(columns=meta["target"])
    test_features = test.drop(columns=meta["target"])
    categorical = meta["categorical_columns"] + meta["numeric_coded_nominal_columns"]
    for table in (features, test_features):
        table[categorical] = table[categorical].astype(object)
    for name, model in models(meta["task"]).items():
        pipeline = Pipeline([("preprocessing", preprocessing(features, categorical)), ("model", model)])
        begin = time.perf_counter()
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always", ConvergenceWarning)
            pipeline.fit(features, train[meta["target"]])
        seconds = time.perf_counter() - begin
        if meta["task"] == "regression":
            scores = regression_scores(test[meta["target"]].to_numpy(), pipeline.predict(test_features))
        else:
            probabilities = pipeline.predict_proba(test_features)
            scores = class_scores(test[meta["target"]].to_numpy(), probabilities, pipeline.classes_)
        converged = not any(issubclass(warning.category, ConvergenceWarning) for warning in raised)
        for metric, value in scores.items():
            yield {
                "set": meta["name"],
                "model": name,
                "metric": metric,
                "value": float(value),
                "seconds": round(seconds, 2),
                "converged": converged,
            }


def write(records):
    """Replaces the records of the sets at hand and keeps those of the others."""
    names = {record["set"] for record in records}
    kept = []
    if RESULTS.exists():
        kept = [record for record in json.loads(RESULTS.read_text())["results"] if record["set"] not in names]
    ordered = sorted(kept + records, key=lambda record: SETS.index(record["set"]) if record["set"] in SETS else 99)
    versions = {
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "pandas": pandas.__version__,
        "scikit-learn": sklearn.__version__,
    }
    head = json.dumps({"versions": versions, "note": "seconds: fit on one thread of a shared machine, so rough"}, indent=1)
    lines = ",\n  ".join(json.dumps(record) for record in ordered)
    RESULTS.write_text(head.removesuffix("\n}") + ',\n "results": [\n  ' + lines + "\n ]\n}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with one folder a set")
    parser.add_argument("sets", nargs="*", default=SETS, help="sets to run (default: all)")
    arguments = parser.parse_args()
    for name in arguments.sets:
        records = []
        for record in run_set(arguments.data / name):
            print(json.dumps(record), flush=True)
            records.append(record)
        write(records)


if __name__ == "__main__":
    main()
