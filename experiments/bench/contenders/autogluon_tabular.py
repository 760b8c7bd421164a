"""AutoGluon's TabularPredictor with the time given, log loss or RMSE and a preset (`--preset`).

`--folds_by sequential_local` trains the folds of a bag one after another in this process, `parallel_local` by Ray, whose
start is paid from the time given; empty: what AutoGluon takes by itself.
"""

import os
import shutil
import tempfile

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # without weights to load, its pretrained models fail at once

import pandas as pd
from autogluon.tabular import TabularPredictor

from common import Clock, arguments, read_tables, write

given = arguments(preset="good_quality", folds_by="")
x, y, test = read_tables(given)
clock = Clock()
folder = tempfile.mkdtemp()
metric = "root_mean_squared_error" if given.task == "regression" else "log_loss"
predictor = TabularPredictor(label=given.target, problem_type=given.task, eval_metric=metric, path=f"{folder}/model", verbosity=1)
options = {"ag_args_ensemble": {"fold_fitting_strategy": given.folds_by}} if given.folds_by else {}
predictor.fit(pd.concat([x, y], axis=1), time_limit=given.time, presets=given.preset, num_cpus=given.cores, num_gpus=0,
              **options)
clock.part("fit")
if given.task == "regression":
    values, labels = predictor.predict(test), None
else:
    table = predictor.predict_proba(test)
    values, labels = table.to_numpy(), list(table.columns)
clock.part("predict")
board = predictor.leaderboard()
write(given, clock, ["autogluon.tabular", "lightgbm", "catboost", "torch", "scikit-learn"], values, labels, {
    "preset": given.preset, "folds_by": given.folds_by, "model": predictor.model_best, "models": len(board),
    "validation_score": float(board["score_val"].max())})
shutil.rmtree(folder, ignore_errors=True)
