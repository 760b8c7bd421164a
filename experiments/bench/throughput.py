"""Finished trials a minute of a search of perceptrons with 5-fold cross-validation, beside Optuna driving PyTorch.

    python experiments/bench/throughput.py --automl target/release/automl --python venv/bin/python --data DIR

Both search the same space (layers, learning rate, dropout, weight decay) at random, with the same width, batch, epochs,
folds and threads, AdamW, SiLU and no pruning. For `automl` that is the whole program: reading, preparing, storing every
trial in SQLite, the final model and the report are in its time; Optuna keeps its study in memory and its prepared folds
from trial to trial, and importing and preparing are not in its time. Contenders take turns within a round. The ratio is
of the median seconds of a trial and layer, for the two draw unlike numbers of layers: seconds of a trial are divided by
1 + layers. DIR holds folders of tables with train.csv and meta.json. Writes throughput.md and throughput.json beside
this file.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
TABLES = ["adult", "california-housing", "pendigits"]
SHAPES = [(64, 64), (256, 256)]
# What makes automl prepare the columns as the other side does: standardised numbers, one-hot categories.
PREPARATION = {
    "adult": {"prep.one_hot_max": 41, "prep.min_level_count": 1, "prep.log_skewed": False},
    "california-housing": {"prep.log_skewed": False},
    "pendigits": {},
}
FOLDS, EPOCHS = 5, 10


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--automl", required=True)
    parser.add_argument("--python", required=True, help="one with torch, optuna, pandas and scikit-learn")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--device", default="flex,libtorch")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--time", type=int, default=40, help="seconds of a search")
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    return parser.parse_args()


def experiment(table, meta, width, batch, args, device):
    return f"""
data = {json.dumps(str(table / "train.csv"))}
target = {json.dumps(meta["target"])}
task = {json.dumps(meta["task"])}
threads = {args.threads}
device = "{device}"
[split]
folds = {FOLDS}
repeats = 1
holdout = 0.0
[search]
sampler = "random"
pruner = "none"
families = ["mlp"]
time = "{args.time}s"
trial_time = "1h"
[final]
single_model = true
[search.space]
"prep.scaling" = "standard"
{"".join(f"{json.dumps(name)} = {json.dumps(value)}" + chr(10) for name, value in PREPARATION[table.name].items())}\
"mlp.n_layers" = {{ low = 1, high = 3 }}
"mlp.width" = {width}
"mlp.activation" = "silu"
"mlp.dropout" = {{ low = 0.0, high = 0.5 }}
"mlp.batch_norm" = false
"mlp.optimizer" = "adamw"
"mlp.learning_rate" = {{ low = 3e-4, high = 2e-2, log = true }}
"mlp.schedule" = "constant"
"mlp.weight_decay" = {{ low = 1e-5, high = 0.3, log = true }}
"mlp.batch_size" = {batch}
"mlp.max_epochs" = {EPOCHS}
"mlp.patience" = {EPOCHS}
"mlp.augmentation" = "none"
"mlp.averaging" = "none"
""" + ('"mlp.loss" = "mse"\n' if meta["task"] == "regression" else
       '"mlp.class_weights" = "none"\n"mlp.label_smoothing" = 0.0\n')


def automl(table, meta, width, batch, args, device):
    """(trials a minute, seconds a layer of each trial) of one search."""
    with tempfile.TemporaryDirectory() as folder:
        toml, run = Path(folder) / "experiment.toml", Path(folder) / "run"
        toml.write_text(experiment(table, meta, width, batch, args, device))
        started = os.times().elapsed
        subprocess.run([args.automl, "search", str(toml), "--out", str(run)], check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        elapsed = os.times().elapsed - started
        printed = subprocess.run([args.automl, "leaderboard", str(run), "--json"], check=True, capture_output=True)
        rows = [row for row in json.loads(printed.stdout)["rows"] if row["state"] == "complete"]
    a_layer = [row["seconds"] / (1 + row["params"]["mlp.n_layers"]) for row in rows]
    return {"a_minute": 60 * len(rows) / elapsed, "a_layer": a_layer}


def optuna(table, meta, width, batch, args, _):
    command = [args.python, str(HERE / "throughput_optuna.py"), "--train", str(table / "train.csv"),
               "--target", meta["target"], "--task", meta["task"], "--width", str(width), "--batch", str(batch),
               "--epochs", str(EPOCHS), "--folds", str(FOLDS), "--threads", str(args.threads),
               "--time", str(args.time)]
    row = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    mean_layers = statistics.mean(1 + layers for layers in row["layers"])
    a_layer = [row["seconds"] / row["trials"] / mean_layers]
    return {"a_minute": 60 * row["trials"] / row["seconds"], "a_layer": a_layer, "versions": row["versions"]}


def main():
    args = arguments()
    devices = args.device.split(",")
    rows = []
    for name in args.tables.split(","):
        table = args.data / name
        meta = json.loads((table / "meta.json").read_text())
        for width, batch in SHAPES:
            found = {contender: [] for contender in ["optuna", *devices]}
            for _ in range(args.rounds):
                for contender, results in found.items():
                    run = optuna if contender == "optuna" else automl
                    results.append(run(table, meta, width, batch, args, contender))
            rows.append({"table": name, "width": width, "batch": batch, "contenders": found})
            print(json.dumps(rows[-1]), flush=True)
    write(args, devices, rows)


def middle(results, of):
    return statistics.median(value for result in results for value in of(result))


def write(args, devices, rows):
    versions = rows[0]["contenders"]["optuna"][0]["versions"]
    lines = [
        "# Trials a minute beside Optuna and PyTorch",
        "",
        f"Finished trials a minute of a random search of perceptrons, {FOLDS} folds of {EPOCHS} epochs; in brackets, how many",
        "times fewer seconds a trial takes for each of its layers. Medians over "
        f"{args.rounds} rounds of {args.time} s, contenders in turn.",
        "Made by `throughput.py`, which says what is in each time.",
        "",
        f"Machine: {platform.platform()}, {args.threads} threads, load {os.getloadavg()[0]:.1f} at the end; PyTorch "
        f"{versions['torch']}, Optuna {versions['optuna']}.",
        "",
        "| table | width | batch | Optuna + PyTorch | " + " | ".join(f"automl on {device}" for device in devices) + " |",
        "|" + "---|" * (4 + len(devices)),
    ]
    for row in rows:
        theirs = row["contenders"]["optuna"]
        cells = [f"{middle(theirs, lambda of: [of['a_minute']]):.1f}"]
        for device in devices:
            ours = row["contenders"][device]
            ratio = middle(theirs, lambda of: of["a_layer"]) / middle(ours, lambda of: of["a_layer"])
            cells.append(f"{middle(ours, lambda of: [of['a_minute']]):.1f} ({ratio:.1f}x)")
        lines.append(f"| {row['table']} | {row['width']} | {row['batch']} | " + " | ".join(cells) + " |")
    (HERE / "throughput.md").write_text("\n".join(lines) + "\n")
    (HERE / "throughput.json").write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
