"""Writes tests/data/metrics.json: scikit-learn's values for the cases of tests/metrics.rs.

    python crates/automl-core/tests/make_metrics.py

with the interpreter that `tests/setup-python.sh` prints. A metric that scikit-learn refuses or answers with NaN is
null. Probabilities are rounded, so that ties occur and the file stays small; rows still sum to 1.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import sklearn
from sklearn import metrics
from sklearn.preprocessing import label_binarize

warnings.simplefilter("ignore")
AVERAGES = {"": "binary", "_macro": "macro", "_micro": "micro", "_weighted": "weighted"}


def defined(function):
    """The value, or None where scikit-learn has none."""
    try:
        value = float(function())
    except ValueError:
        return None
    return value if np.isfinite(value) else None


def class_values(codes, proba):
    n_classes = proba.shape[1]
    labels = np.arange(n_classes)
    predicted = proba.argmax(axis=1)
    one_hot = label_binarize(codes, classes=labels)
    binary = n_classes == 2
    values = {
        "accuracy": metrics.accuracy_score(codes, predicted),
        "balanced_accuracy": metrics.balanced_accuracy_score(codes, predicted),
    }
    for name, function in [
        ("precision", metrics.precision_score),
        ("recall", metrics.recall_score),
        ("f1", metrics.f1_score),
    ]:
        for suffix, average in AVERAGES.items():
            if binary or average != "binary":
                values[name + suffix] = function(codes, predicted, average=average, zero_division=0)
    if binary:
        values["roc_auc"] = defined(lambda: metrics.roc_auc_score(codes, proba[:, 1]))
        values["pr_auc"] = metrics.average_precision_score(codes, proba[:, 1])
        # One column of probabilities: scikit-learn's own binary form.
        values["brier"] = metrics.brier_score_loss(codes, proba[:, 1], pos_label=1)
    else:
        values["roc_auc"] = defined(
            lambda: metrics.roc_auc_score(codes, proba, multi_class="ovr", average="macro", labels=labels)
        )
        values["pr_auc"] = metrics.average_precision_score(one_hot, proba, average="macro")
        values["brier"] = metrics.brier_score_loss(codes, proba, labels=labels)
    values["log_loss"] = metrics.log_loss(codes, proba, labels=labels)
    values["mcc"] = metrics.matthews_corrcoef(codes, predicted)
    values["cohen_kappa"] = defined(lambda: metrics.cohen_kappa_score(codes, predicted))
    return {name: None if value is None else float(value) for name, value in values.items()}


def class_case(name, codes, proba):
    codes, proba = np.asarray(codes), np.asarray(proba, dtype=float)
    case = {
        "name": name,
        "codes": codes.tolist(),
        "proba": proba.tolist(),
        "confusion": metrics.confusion_matrix(
            codes, proba.argmax(axis=1), labels=np.arange(proba.shape[1])
        ).tolist(),
        "values": class_values(codes, proba),
    }
    if proba.shape[1] == 2 and len(set(codes.tolist())) == 2:
        false_rate, true_rate, thresholds = metrics.roc_curve(codes, proba[:, 1], drop_intermediate=False)
        # JSON has no infinity: the first threshold is left out.
        case["roc_curve"] = [false_rate.tolist(), true_rate.tolist(), thresholds[1:].tolist()]
        case["pr_curve"] = [part.tolist() for part in metrics.precision_recall_curve(codes, proba[:, 1])]
    return case


def real_values(target, predicted):
    return {
        "rmse": metrics.root_mean_squared_error(target, predicted),
        "mae": metrics.mean_absolute_error(target, predicted),
        "median_ae": metrics.median_absolute_error(target, predicted),
        "mape": metrics.mean_absolute_percentage_error(target, predicted),
        "r2": defined(lambda: metrics.r2_score(target, predicted)),
        "rmsle": defined(lambda: metrics.root_mean_squared_log_error(target, predicted)),
    }


def real_case(name, target, predicted):
    target, predicted = np.asarray(target, dtype=float), np.asarray(predicted, dtype=float)
    return {
        "name": name,
        "target": target.tolist(),
        "predicted": predicted.tolist(),
        "values": real_values(target, predicted),
    }


def simplex(random, n_rows, n_classes, truth=None, pull=0.0, decimals=3):
    """Random probabilities, drawn towards the truth by `pull`, rounded."""
    logits = random.normal(size=(n_rows, n_classes))
    if truth is not None:
        logits[np.arange(n_rows), truth] += pull
    proba = np.exp(logits)
    proba = np.round(proba / proba.sum(axis=1, keepdims=True), decimals)
    proba[:, 0] = 1 - proba[:, 1:].sum(axis=1)
    # What is left for the first class can round to just below 0.
    return np.clip(proba, 0, 1)


def class_cases():
    random = np.random.default_rng(20240)
    binary = random.integers(0, 2, 60)
    rare = (random.random(80) < 0.05).astype(int)
    three = random.integers(0, 3, 60)
    skewed = random.choice(5, 80, p=[0.7, 0.2, 0.05, 0.03, 0.02])
    skewed[:5] = np.arange(5)
    return [
        class_case("binary", binary, simplex(random, 60, 2, binary, 1.0)),
        class_case("binary random", binary, simplex(random, 60, 2)),
        class_case("binary imbalanced", rare, simplex(random, 80, 2, rare, 1.5)),
        class_case("binary with ties", binary, simplex(random, 60, 2, binary, 0.7, decimals=1)),
        class_case("binary perfect and certain", binary, np.eye(2)[binary]),
        class_case("binary wrong and certain", binary, np.eye(2)[1 - binary]),
        class_case("binary constant prediction", binary, np.tile([0.75, 0.25], (60, 1))),
        class_case("binary even odds", binary, np.full((60, 2), 0.5)),
        class_case("binary negatives alone", [0, 0, 0, 0], [[0.9, 0.1], [0.4, 0.6], [0.7, 0.3], [0.8, 0.2]]),
        class_case("binary positives alone", [1, 1, 1], [[0.9, 0.1], [0.4, 0.6], [0.7, 0.3]]),
        class_case("binary one class and met", [0, 0], [[0.9, 0.1], [0.8, 0.2]]),
        class_case("binary one row", [1], [[0.3, 0.7]]),
        class_case("three classes", three, simplex(random, 60, 3, three, 1.0)),
        class_case("three classes with ties", three, simplex(random, 60, 3, three, 1.0, decimals=1)),
        class_case("three classes perfect", three, np.eye(3)[three]),
        class_case("three classes constant prediction", three, np.tile([0.25, 0.5, 0.25], (60, 1))),
        class_case("five classes imbalanced", skewed, simplex(random, 80, 5, skewed, 2.0)),
        class_case("four classes, the third absent", [0, 1, 3, 1, 0, 3], simplex(random, 6, 4)),
        class_case(
            "three classes, the third absent and never predicted",
            [0, 1, 1, 0],
            [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1], [0.8, 0.1, 0.1]],
        ),
    ]


def real_cases():
    random = np.random.default_rng(20241)
    plain = random.normal(size=50)
    positive = np.exp(random.normal(3, 1, size=51))
    return [
        real_case("signed", plain, plain + 0.3 * random.normal(size=50)),
        real_case("positive", positive, positive * np.exp(0.2 * random.normal(size=51))),
        real_case("prices", 1000 * positive, 1000 * positive + 5000 * random.normal(size=51)),
        real_case("perfect", positive, positive),
        real_case("worse than the mean", plain, -plain),
        real_case("constant prediction", plain, np.full(50, 0.25)),
        real_case("constant target missed", np.full(8, 2.5), 2.5 + random.normal(size=8)),
        real_case("constant target met", np.full(8, 2.5), np.full(8, 2.5)),
        real_case("zeros in the target", [0.0, 1.0, 0.0, 2.0], [0.5, 1.5, 0.0, 1.0]),
        real_case("one row", [3.0], [2.5]),
        real_case("shifted far from zero", 1e6 + plain, 1e6 + plain + 0.1 * random.normal(size=50)),
    ]


def main():
    path = Path(__file__).parent / "data" / "metrics.json"
    head = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}
    parts = [f'"versions": {json.dumps(head)}']
    for name, cases in [("classes", class_cases()), ("numbers", real_cases())]:
        parts.append(f'"{name}": [\n' + ",\n".join(json.dumps(case, allow_nan=False) for case in cases) + "\n]")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


if __name__ == "__main__":
    main()
