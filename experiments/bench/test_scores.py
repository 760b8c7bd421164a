"""Checks scores.py against scikit-learn and against numbers worked out by hand: python experiments/bench/test_scores.py"""

import math
import pathlib
import tempfile

import numpy as np
from sklearn import metrics

from accuracy import normalised
from scores import BadPredictions, score


def scored(text, truth, task):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "predictions.csv"
        path.write_text(text)
        return score(truth, task, path)


def close(found, expected):
    assert found.keys() == expected.keys(), (found, expected)
    assert all(math.isclose(found[name], expected[name], rel_tol=1e-12, abs_tol=1e-12) for name in found), (found, expected)


def two_classes_by_hand():
    found = scored("p:no,p:yes\n0.9,0.1\n0.2,0.8\n0.6,0.4\n0.5,0.5\n", ["no", "yes", "yes", "no"], "binary")
    log_loss = -(math.log(0.9) + math.log(0.8) + math.log(0.4) + math.log(0.5)) / 4
    # The pairs (yes, no): 0.8 beats both, 0.4 beats 0.1 but not 0.5.
    close(found, {"log_loss": log_loss, "accuracy": 0.75, "roc_auc": 0.75})


def order_of_columns_does_not_matter():
    close(scored("p:yes,p:no\n0.1,0.9\n0.8,0.2\n", ["no", "yes"], "binary"),
          scored("p:no,p:yes\n0.9,0.1\n0.2,0.8\n", ["no", "yes"], "binary"))


def many_classes_as_scikit_learn():
    rng = np.random.default_rng(0)
    table, truth = rng.dirichlet(np.ones(4), 200), rng.choice(list("dbca"), 200)
    text = "p:a,p:b,p:c,p:d\n" + "".join(",".join(map(repr, map(float, row))) + "\n" for row in table)
    close(scored(text, list(truth), "multiclass"), {
        "log_loss": metrics.log_loss(truth, table, labels=list("abcd")),
        "accuracy": metrics.accuracy_score(truth, np.array(list("abcd"))[table.argmax(1)]),
        "roc_auc": metrics.roc_auc_score(truth, table, multi_class="ovr", average="macro")})


def a_class_never_learnt_costs_its_logarithm():
    found = scored("p:a,p:b\n1,0\n0,1\n0.5,0.5\n", ["a", "b", "c"], "multiclass")
    assert math.isclose(found["log_loss"], -math.log(1e-15) / 3, rel_tol=1e-6)


def regression_by_hand():
    found = scored("prediction\n1\n2\n5\n", ["1", "4", "4"], "regression")
    close(found, {"rmse": math.sqrt(5 / 3), "mae": 1.0, "r2": 1.0 - 5.0 / 6.0})


def wrong_predictions_are_refused():
    for text, truth, task in [("prediction\nnan\n", ["1"], "regression"), ("p:a,p:b\n0.9,0.9\n", ["a"], "binary"),
                              ("prediction\n1\n", ["1", "2"], "regression"), ("prediction\n1\n", ["a"], "binary")]:
        try:
            scored(text, truth, task)
        except BadPredictions:
            continue
        raise AssertionError(f"scored {text!r}")


def normalised_score_is_one_for_the_best_and_zero_from_the_median_on():
    found = normalised({"a": 1.0, "b": 1.5, "c": 2.0, "d": 9.0, "e": float("inf")})
    assert found == {"a": 1.0, "b": 0.5, "c": 0.0, "d": 0.0, "e": 0.0}, found


for check in [two_classes_by_hand, order_of_columns_does_not_matter, many_classes_as_scikit_learn,
              a_class_never_learnt_costs_its_logarithm, regression_by_hand, wrong_predictions_are_refused,
              normalised_score_is_one_for_the_best_and_zero_from_the_median_on]:
    check()
    print(f"{check.__name__}: holds")
