"""Makes the lookup tables of the sampler benchmark: every configuration of a grid, cross-validated by automl.

    python experiments/bench/make_tables.py --automl target/release/automl --data DIR [TABLE ...]

DIR holds one folder a set with train.csv (see sklearn_baseline.py). A network of the grid is trained in five folds;
what is kept is the mean cost of the study (log loss, or root mean squared error) in tables/TABLE.json. Grids are given to the
search as configurations to try first, so the table is the log of an ordinary search. In the benchmark a numeric
parameter is the index of its level: levels are evenly spaced on the parameter's scale, so that no sampler needs to
know the scale, and no configuration between two levels has to be made up.
"""

import argparse
import csv
import itertools
import json
import random
import sqlite3
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
N_FOLDS = 5
EPOCHS = {"max_epochs": 40, "patience": 10}
TABLES = {
    "titanic_mlp": {
        "data": "titanic", "target": "Survived", "rows": 712,
        # Near-unique text: hundreds of columns that make every trial slow and tell nothing of samplers.
        "drop": ["Name", "Ticket", "Cabin"],
        "fixed": {"optimizer": "adamw", "schedule": "constant", "batch_norm": False,
                  "weight_decay": 1e-3, "class_weights": "none", "label_smoothing": 0.0} | EPOCHS,
        "grid": {"learning_rate": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2], "width": [32, 64, 128, 256],
                 "n_layers": [1, 2, 3], "dropout": [0.0, 0.15, 0.3, 0.45], "batch_size": [32, 64, 128],
                 "activation": ["relu", "gelu"]},
    },
    "auto_mpg_mlp": {
        "data": "auto-mpg", "target": "class", "rows": 318,
        "fixed": {"width": 64, "dropout": 0.0, "optimizer": "adamw", "activation": "relu", "batch_size": 32} | EPOCHS,
        "grid": {"learning_rate": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2], "weight_decay": [1e-3, 1e-2, 1e-1, 1e0],
                 "n_layers": [1, 2, 3, 4], "schedule": ["constant", "cosine", "one_cycle"], "loss": ["mse", "huber"],
                 "batch_norm": [False, True]},
    },
    "wall_robot_mlp": {
        "data": "wall-robot", "target": "OUTPUT", "rows": 400,
        "fixed": {"optimizer": "sgd", "schedule": "constant", "batch_norm": False, "dropout": 0.0,
                  "weight_decay": 1e-4, "class_weights": "none", "label_smoothing": 0.0} | EPOCHS,
        "grid": {"sgd_learning_rate": [1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1], "momentum": [0.5, 0.65, 0.8, 0.95],
                 "width": [16, 32, 64, 128], "n_layers": [1, 2, 3], "batch_size": [32, 64, 128], "activation": ["relu", "gelu"]},
    },
}


def subsample(source, target, n_rows, dropped):
    with source.open(newline="") as file:
        header, *rows = csv.reader(file)
    kept = [place for place, name in enumerate(header) if name not in dropped]
    chosen = sorted(random.Random(0).sample(range(len(rows)), min(n_rows, len(rows))))
    with target.open("w", newline="") as file:
        csv.writer(file).writerows([row[place] for place in kept] for row in [header, *(rows[row] for row in chosen)])


def toml_value(value):
    if isinstance(value, list):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    return json.dumps(value)


def experiment(table, configurations):
    """The experiment file: the grid's levels as the space, all of its points to be tried first."""
    lines = [
        'data = "rows.csv"', f'target = "{table["target"]}"', "seed = 0", "threads = 1", "",
        "[split]", f"folds = {N_FOLDS}", "repeats = 1", "",
        "[search]", f"trials = {len(configurations)}", 'families = ["mlp"]', 'sampler = "random"', 'pruner = "none"', "",
        "[search.space]",
    ]
    domains = table["fixed"] | table["grid"]
    lines += [f'"mlp.{name}" = {toml_value(value)}' for name, value in domains.items()]
    for configuration in configurations:
        lines += ["", "[[search.enqueue]]", 'family = "mlp"']
        lines += [f'"mlp.{name}" = {toml_value(value)}' for name, value in configuration.items()]
    return "\n".join(lines) + "\n"


def logged_costs(study):
    """(parameter, stored value) and cost of every finished trial."""
    database = sqlite3.connect(study)
    costs = dict(database.execute(
        "SELECT trials.number, value FROM trials JOIN trial_values USING (trial_id) WHERE state = 'COMPLETE' AND objective = 0"))
    params = {number: {} for number in costs}
    query = "SELECT number, param_name, param_value, distribution_json FROM trial_params JOIN trials USING (trial_id)"
    for number, name, value, distribution in database.execute(query):
        if number in params:
            choices = json.loads(distribution)["attributes"].get("choices")
            params[number][name.removeprefix("mlp.")] = choices[int(value)] if choices else value
    return [(params[number], cost) for number, cost in costs.items()]


def spec(name, levels):
    numeric = not isinstance(levels[0], (str, bool))
    domain = (
        {"type": "int", "low": 0, "high": len(levels) - 1, "step": 1, "log": False} if numeric
        else {"type": "categorical", "choices": levels}
    )
    return {"name": name, "domain": domain, "when": None}


def make(name, automl, data):
    table = TABLES[name]
    grid = table["grid"]
    points = list(itertools.product(*grid.values()))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        subsample(data / table["data"] / "train.csv", folder / "rows.csv", table["rows"], table.get("drop", []))
        (folder / "experiment.toml").write_text(experiment(table, [dict(zip(grid, point)) for point in points]))
        subprocess.run([automl, "search", "experiment.toml", "--out", "run"], cwd=folder, check=True)
        logged = logged_costs(folder / "run" / "study.sqlite3")
    costs = {tuple(params[key] for key in grid): cost for params, cost in logged}
    missing = [point for point in points if point not in costs]
    if missing:
        print(f"{name}: {len(missing)} of {len(points)} configurations have no cost, such as {missing[0]}; they get the worst")
    worst = max(costs.values())
    rows = {
        "about": f"{table['data']}, {table['rows']} rows, {N_FOLDS} folds; fixed: {json.dumps(table['fixed'])}",
        "levels": grid,
        "space": [spec(key, levels) for key, levels in grid.items()],
        "costs": [round(costs.get(point, worst), 6) for point in points],
    }
    (HERE / "tables" / f"{name}.json").write_text(json.dumps(rows) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--automl", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("tables", nargs="*", default=list(TABLES))
    arguments = parser.parse_args()
    (HERE / "tables").mkdir(exist_ok=True)
    for name in arguments.tables:
        make(name, arguments.automl.resolve(), arguments.data.resolve())


if __name__ == "__main__":
    main()
