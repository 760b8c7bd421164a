"""The other side of `throughput.py`: Optuna proposes, PyTorch trains, fold after fold, as a user would write it.

    python throughput_optuna.py --train FILE --target COLUMN --task TASK --width 64 --batch 64 --epochs 20 --time 60

What can be kept from trial to trial is kept: folds are cut and columns prepared once, before the clock starts. Rows are
gathered by a shuffled index tensor in memory; no DataLoader, which would only add to the time. Prints a JSON line.
"""

import argparse
import json
import time

import numpy as np
import optuna
import pandas as pd
import torch
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from torch import nn


def arguments():
    parser = argparse.ArgumentParser()
    for name in ["train", "target", "task"]:
        parser.add_argument("--" + name, required=True)
    for name in ["width", "batch", "epochs", "folds", "threads"]:
        parser.add_argument("--" + name, type=int, required=True)
    parser.add_argument("--time", type=float, required=True)
    return parser.parse_args()


def folds(given):
    """Tensors of every fold: training rows, training answers, validation rows, validation answers."""
    table = pd.read_csv(given.train)
    y, x = table.pop(given.target), table
    classes = given.task != "regression"
    y = np.unique(y, return_inverse=True)[1] if classes else y.to_numpy(float)
    numeric = x.select_dtypes("number").columns
    others = [name for name in x.columns if name not in set(numeric)]
    split = (StratifiedKFold if classes else KFold)(given.folds, shuffle=True, random_state=0)
    for train, valid in split.split(x, y):
        columns = ColumnTransformer([
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numeric),
            ("categories", OneHotEncoder(handle_unknown="ignore", sparse_output=False), others),
        ])
        fitted = columns.fit(x.iloc[train])
        answers = y if classes else (y - y[train].mean()) / y[train].std()
        kind = torch.long if classes else torch.float32
        yield tuple(
            tensor
            for rows in (train, valid)
            for tensor in (
                torch.tensor(fitted.transform(x.iloc[rows]), dtype=torch.float32),
                torch.tensor(answers[rows], dtype=kind),
            )
        )


def network(n_in, n_out, width, n_layers, dropout):
    layers = []
    for _ in range(n_layers):
        layers += [nn.Linear(n_in, width), nn.SiLU(), nn.Dropout(dropout)]
        n_in = width
    return nn.Sequential(*layers, nn.Linear(n_in, n_out))


def train(fold, given, params):
    """The least validation loss over the epochs."""
    x, y, x_valid, y_valid = fold
    classes = y.dtype == torch.long
    n_out = int(y.max()) + 1 if classes else 1
    model = network(x.shape[1], n_out, given.width, params["n_layers"], params["dropout"])
    optimizer = torch.optim.AdamW(model.parameters(), lr=params["learning_rate"], weight_decay=params["weight_decay"])
    cross_entropy, squares = nn.CrossEntropyLoss(), nn.MSELoss()
    loss_of = cross_entropy if classes else lambda out, answers: squares(out.squeeze(1), answers)
    best = float("inf")
    for _ in range(given.epochs):
        model.train()
        for rows in torch.randperm(len(x)).split(given.batch):
            optimizer.zero_grad()
            loss = loss_of(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
        model.eval()
        with torch.no_grad():
            best = min(best, loss_of(model(x_valid), y_valid).item())
    return best


def main():
    given = arguments()
    torch.set_num_threads(given.threads)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    prepared = list(folds(given))

    def objective(trial):
        params = {
            "n_layers": trial.suggest_int("n_layers", 1, 3),
            "learning_rate": trial.suggest_float("learning_rate", 3e-4, 2e-2, log=True),
            "dropout": trial.suggest_float("dropout", 0.0, 0.5),
            "weight_decay": trial.suggest_float("weight_decay", 1e-5, 0.3, log=True),
        }
        return float(np.mean([train(fold, given, params) for fold in prepared]))

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    started = time.perf_counter()
    ends = []
    while time.perf_counter() - started < given.time:
        study.optimize(objective, n_trials=1)
        ends.append(time.perf_counter() - started)
    print(json.dumps({
        "trials": len(ends), "seconds": ends[-1], "median": float(np.median(np.diff([0.0, *ends]))),
        "best": study.best_value, "layers": [trial.params["n_layers"] for trial in study.trials],
        "versions": {"torch": torch.__version__, "optuna": optuna.__version__},
    }))


if __name__ == "__main__":
    main()
