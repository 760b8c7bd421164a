"""AutoGluon's TabularPredictor with the time given, log loss or RMSE and a preset (`--preset`)."""

import os
import shutil
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # without weights to load, its pretrained models fail at once

import pandas as pd
from autogluon.tabular import TabularPredictor

from common import Clock, arguments, read_tables, write

given = arguments(preset="best_quality")
x, y, test = read_tables(given)
clock = Clock()
folder = tempfile.mkdtemp(prefix="autogluon-")
metric = "root_mean_squared_error" if given.task == "regression" else "log_loss"
predictor = TabularPredictor(label=given.target, problem_type=given.task, eval_metric=metric, path=folder, verbosity=1)
predictor.fit(pd.concat([x, y], axis=1), time_limit=given.time, presets=given.preset, num_cpus=given.cores, num_gpus=0)
clock.part("fit")
if given.task == "regression":
    values, labels = predictor.predict(test), None
else:
    table = predictor.predict_proba(test)
    values, labels = table.to_numpy(), list(table.columns)
clock.part("predict")
board = predictor.leaderboard()
write(given, clock, ["autogluon.tabular", "lightgbm", "catboost", "xgboost", "torch", "scikit-learn"], values, labels, {
    "preset": given.preset, "model": predictor.model_best, "models": len(board),
    "validation_score": float(board["score_val"].max())})
shutil.rmtree(folder, ignore_errors=True)
