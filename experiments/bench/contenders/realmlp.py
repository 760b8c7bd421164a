"""pytabkit's RealMLP-TD with its own 20 % validation split, chosen by log loss or RMSE.

For log loss the package advises no label smoothing and `val_metric_name="cross_entropy"`, which is done. Training ends at
the time given (`time_to_fit_in_seconds`); its schedules know nothing of that. If the whole training took less than a
seventh of the time, five folds are trained in the rest and predict instead (`--folds 1` or 5 forces a number, `--limit 0`
trains to the end whatever it takes). Missing numbers, which it refuses: mean, and an indicator that is a category.
"""

import time

from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

from common import Clock, arguments, read_tables, text_columns, write

given = arguments(folds=0, limit=1)
x, y, test = read_tables(given)
clock = Clock()
started = time.monotonic()
for name in x.columns:
    if name not in text_columns(x) and (x[name].isna().any() or test[name].isna().any()):
        for table in (x, test):
            table[f"{name} is missing"] = table[name].isna().map({True: "yes", False: "no"})
        mean = x[name].mean()
        x[name], test[name] = x[name].fillna(mean), test[name].fillna(mean)
for name in text_columns(x):
    x[name], test[name] = x[name].astype(object), test[name].astype(object)
categories = text_columns(x)
constants = {"device": "cpu", "random_state": given.seed, "n_threads": given.cores}
if given.task != "regression":
    constants |= {"val_metric_name": "cross_entropy", "use_ls": False}


def fit(n_folds):
    make = RealMLP_TD_Regressor if given.task == "regression" else RealMLP_TD_Classifier
    left = max(1.0, given.time - (time.monotonic() - started))
    return make(n_cv=n_folds, **constants).fit(x, y, cat_col_names=categories,
                                               time_to_fit_in_seconds=left if given.limit else None)


n_folds = given.folds or 1
model = fit(n_folds)
took = time.monotonic() - started
if not given.folds and took < given.time / 7.0:
    n_folds, model = 5, fit(5)
clock.part("fit")
if given.task == "regression":
    values, labels = model.predict(test), None
else:
    values, labels = model.predict_proba(test), model.classes_
clock.part("predict")
write(given, clock, ["pytabkit", "torch", "pandas", "scikit-learn"], values, labels, {
    "folds": n_folds, "seconds_of_the_first_fit": round(took, 1), "was_stopped": bool(given.limit and took > 0.97 * given.time)})
