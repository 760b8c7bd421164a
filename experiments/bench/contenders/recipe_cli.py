"""The recipe check's own side: one configuration of one family by the `automl` program (`--binary`, `--family`)."""

import csv
import pathlib
import subprocess
import tempfile

from common import Clock, arguments, write


# What the published implementations set, where this project's own first guess is another: batches by the number of rows,
# an early stop (TabArena's), no label smoothing where probabilities matter, TabM's weight decay as in its README. pytabkit
# lets TabM train on for more than 16 epochs without a better one, without a bound of its own.
SETTINGS = {
    "realmlp": {"batch_size": 256, "patience": 256},
    "tabm": {"batch_size": 256, "patience": 17, "max_epochs": 1000, "weight_decay": 0.0},
}
SMOOTHING = {"realmlp": 0.1, "tabm": 0.0}


def experiment_file(given):
    """One configuration of one family with the published settings, and nothing done to its probabilities afterwards."""
    settings = dict(SETTINGS[given.family])
    if given.task != "regression":
        settings["label_smoothing"] = SMOOTHING[given.family]
    lines = ["[final]", "calibrate = false", "[search.space]"]
    lines += [f'"{given.family}.{name}" = {value}' for name, value in settings.items()]
    # A configuration that names nothing but the family is its published default: the portfolio's first one need not be.
    lines += ["[[search.enqueue]]", f'family = "{given.family}"']
    return "\n".join(lines) + "\n"


def search_command(given, folder):
    """The one place that knows how a single published configuration is trained by this project's program.

    `--split single` validates on 20 % of the rows; the epoch is that of least validation loss, the reference's that of least
    class error. With one trial and one split the model that predicts is that trial's network, not refitted and in no
    ensemble; `--holdout 0` keeps no rows back.
    """
    experiment = pathlib.Path(folder) / "experiment.toml"
    experiment.write_text(experiment_file(given))
    return [given.binary, "search", experiment, "--data", given.train, "--target", given.target, "--task", given.task,
            "--families", given.family, "--trials", "1", "--split", "single", "--holdout", "0",
            "--metric", "accuracy" if given.metric == "log_loss" else "rmse", "--seed", str(given.seed),
            "--threads", str(given.cores), "--out", f"{folder}/run"]


given = arguments(binary="automl", family="realmlp")
clock = Clock()
with tempfile.TemporaryDirectory(prefix="automl-") as folder:
    subprocess.run(search_command(given, folder), check=True, stdout=subprocess.DEVNULL)
    clock.part("fit")
    subprocess.run([given.binary, "predict", "--model", f"{folder}/run/model", "--data", given.test, "--out",
                    f"{folder}/predictions.csv"], check=True, stdout=subprocess.DEVNULL)
    clock.part("predict")
    with open(f"{folder}/predictions.csv", newline="") as file:
        head, *body = csv.reader(file)
if given.task == "regression":
    values, labels = [line[head.index("prediction")] for line in body], None
else:
    places = [place for place, name in enumerate(head) if name.startswith("p_")]
    values, labels = [[line[place] for place in places] for line in body], [head[place][2:] for place in places]
shown = subprocess.run([given.binary, "--version"], check=True, capture_output=True, text=True).stdout.split()
write(given, clock, [], values, labels, {"automl": shown[-1]})
