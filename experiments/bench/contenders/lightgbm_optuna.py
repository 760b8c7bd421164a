"""LightGBM tuned by Optuna's TPE for the time given: 5 folds, early stopping, TabArena's space.

The first trial is LightGBM's default. Hopeless trials end between folds (median pruner). The prediction is the mean of
the five models of the best trial; a trial that the end of the time cuts short does not count, unless none is whole.
"""

import time

import lightgbm
import numpy as np
import optuna
from sklearn.model_selection import KFold, StratifiedKFold

from common import Clock, arguments, read_tables, write

given = arguments()
x, y, test = read_tables(given, as_category=True)
clock = Clock()
deadline = time.monotonic() + given.time - min(2.0, 0.05 * given.time)
optuna.logging.set_verbosity(optuna.logging.WARNING)
labels = None
if given.task == "regression":
    objective, metric, folds = "regression", "rmse", KFold(5, shuffle=True, random_state=given.seed)
    codes = y.to_numpy(float)
else:
    labels, codes = np.unique(y, return_inverse=True)
    objective, metric = ("binary", "binary_logloss") if len(labels) == 2 else ("multiclass", "multi_logloss")
    folds = StratifiedKFold(5, shuffle=True, random_state=given.seed)
splits = list(folds.split(x, codes))
best = {"score": np.inf, "n_folds": 0, "models": []}


class OutOfTime(Exception):
    pass


def stop_at_deadline(_):
    if time.monotonic() > deadline:
        raise OutOfTime


def space(trial):
    return {
        "learning_rate": trial.suggest_float("learning_rate", 5e-3, 0.1, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1.0),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.7, 1.0),
        "bagging_freq": 1,
        "num_leaves": trial.suggest_int("num_leaves", 2, 200, log=True),
        "min_data_in_leaf": trial.suggest_int("min_data_in_leaf", 1, 64, log=True),
        "extra_trees": trial.suggest_categorical("extra_trees", [False, True]),
        "lambda_l1": trial.suggest_float("lambda_l1", 1e-4, 1.0, log=True),
        "lambda_l2": trial.suggest_float("lambda_l2", 1e-4, 2.0, log=True),
    }


def keep(scores, models):
    """Whole trials beat broken ones; among equals the better mean score."""
    n_folds, score = len(scores), float(np.mean(scores)) if scores else np.inf
    if n_folds and (n_folds, -score) > (best["n_folds"], -best["score"]):
        best.update(score=score, n_folds=n_folds, models=models)


def evaluate(trial):
    parameters = space(trial) | {"objective": objective, "metric": metric, "num_threads": given.cores, "verbosity": -1,
                                 "seed": given.seed}
    if objective == "multiclass":
        parameters["num_class"] = len(labels)
    scores, models = [], []
    try:
        for index, (fit, valid) in enumerate(splits):
            data = lightgbm.Dataset(x.iloc[fit], codes[fit], free_raw_data=False)
            check = lightgbm.Dataset(x.iloc[valid], codes[valid], reference=data, free_raw_data=False)
            model = lightgbm.train(parameters, data, 10_000, valid_sets=[check], callbacks=[
                lightgbm.early_stopping(50, verbose=False), stop_at_deadline])
            scores.append(model.best_score["valid_0"][metric])
            models.append(model)
            trial.report(float(np.mean(scores)), index)
            if index < 4 and trial.should_prune():
                raise optuna.TrialPruned
    except OutOfTime:
        keep(scores, models)
        trial.study.stop()
        raise optuna.TrialPruned from None
    keep(scores, models)
    return float(np.mean(scores))


study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=given.seed),
                            pruner=optuna.pruners.MedianPruner(n_startup_trials=5))
study.enqueue_trial({"learning_rate": 0.1, "feature_fraction": 1.0, "bagging_fraction": 1.0, "num_leaves": 31,
                     "min_data_in_leaf": 20, "extra_trees": False, "lambda_l1": 1e-4, "lambda_l2": 1e-4})
study.optimize(evaluate, timeout=given.time)
clock.part("fit")
if not best["models"]:
    raise SystemExit(f"no fold was done after {given.time} s")
values = np.mean([model.predict(test, num_iteration=model.best_iteration) for model in best["models"]], axis=0)
if objective == "binary":
    values = np.stack([1.0 - values, values], axis=1)
clock.part("predict")
states = [trial.state.name for trial in study.trials]
write(given, clock, ["lightgbm", "optuna", "pandas", "scikit-learn"], values, labels, {
    "trials": len(states), "complete": states.count("COMPLETE"), "folds_of_the_model": best["n_folds"],
    "validation_score": best["score"]})
