"""FLAML's AutoML with the time given, log loss or RMSE, everything else as it comes."""

from flaml import AutoML

from common import Clock, arguments, read_tables, write

given = arguments()
x, y, test = read_tables(given, as_category=True)
clock = Clock()
model = AutoML()
task = "regression" if given.task == "regression" else "classification"
model.fit(x, y, task=task, metric=given.metric, time_budget=given.time, n_jobs=given.cores, seed=given.seed, verbose=0)
clock.part("fit")
if given.task == "regression":
    values, labels = model.predict(test), None
else:
    values, labels = model.predict_proba(test), model.classes_
clock.part("predict")
write(given, clock, ["flaml", "lightgbm", "xgboost", "catboost", "scikit-learn", "pandas"], values, labels, {
    "best_estimator": model.best_estimator, "validation_score": model.best_loss})
