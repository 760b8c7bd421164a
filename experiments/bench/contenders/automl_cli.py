"""This project: `automl search --time` on the training file, then `automl predict` on the test file (`--binary PATH`)."""

import csv
import json
import subprocess
import tempfile

from common import Clock, arguments, write

given = arguments(binary="automl", families="")
clock = Clock()
notes = {}
with tempfile.TemporaryDirectory(prefix="automl-") as folder:
    search = [given.binary, "search", "--data", given.train, "--target", given.target, "--task", given.task, "--holdout", "0",
              "--time", f"{given.time:g}s", "--metric", given.metric, "--seed", str(given.seed),
              "--threads", str(given.cores), "--out", f"{folder}/run"]
    if given.families:
        search += ["--families", given.families]
    subprocess.run(search, check=True, stdout=subprocess.DEVNULL)
    clock.part("fit")
    subprocess.run([given.binary, "predict", "--model", f"{folder}/run/model", "--data", given.test, "--out",
                    f"{folder}/predictions.csv"], check=True, stdout=subprocess.DEVNULL)
    clock.part("predict")
    board = subprocess.run([given.binary, "leaderboard", f"{folder}/run", "--json"], check=True, capture_output=True, text=True)
    rows = json.loads(board.stdout)["rows"]
    states = [row["state"] for row in rows]
    notes = {"family": rows[0]["family"], "trials": len(states), "complete": states.count("complete"),
             "failed": states.count("failed")}
    with open(f"{folder}/predictions.csv", newline="") as file:
        lines = list(csv.reader(file))
head, body = lines[0], lines[1:]
if given.task == "regression":
    values, labels = [line[head.index("prediction")] for line in body], None
else:
    places = [place for place, name in enumerate(head) if name.startswith("p_")]
    values, labels = [[line[place] for place in places] for line in body], [head[place][2:] for place in places]
shown = subprocess.run([given.binary, "--version"], check=True, capture_output=True, text=True).stdout.split()
write(given, clock, [], values, labels, notes | {"automl": shown[-1]})
