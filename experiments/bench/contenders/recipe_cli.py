"""The recipe check's own side: one configuration of one family by the `automl` program (`--binary`, `--family`)."""

import csv
import pathlib
import subprocess
import tempfile

from common import Clock, arguments, write


def search_command(given, folder):
    """The one place that knows how a single published configuration is trained by this project's program.

    An enqueued configuration that names nothing but the family is its published default, batch size and number of
    epochs included: the portfolio's first one need not be. Assumed: the families `realmlp` and `tabm` exist; `--split single` validates on 20 % of the rows and the epoch is chosen by what the
    recipe chooses by; with one trial and one split the model that predicts is that trial's network, not refitted and
    in no ensemble; `--holdout 0` keeps no rows back.
    """
    experiment = pathlib.Path(folder) / "experiment.toml"
    lines = ["[final]", "calibrate = false", "[[search.enqueue]]", f'family = "{given.family}"']
    experiment.write_text("\n".join(lines) + "\n")
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
