"""Runs candidate configurations on tables, for `choose.py`.

    python measure.py --automl BINARY --data DIR --out runs.jsonl

Every candidate is cross-validated on each table's training file alone; no test file is read. Candidates are the first
guesses of every family, which `automl` tries by itself, and those of `candidates.toml`. One line a (table, candidate):
its cost, that of the constant model, the seconds it took, and the size of the table. Of tables that are done, the candidates
that were added to the end of `candidates.toml` since are run; guesses are not run again.
"""

import argparse
import json
import sqlite3
import subprocess
import tempfile
import tomllib
from collections import Counter, defaultdict
from pathlib import Path

HERE = Path(__file__).parent


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--automl", required=True, help="the program")
    parser.add_argument("--data", type=Path, required=True, help="folder of folders with train.csv and meta.json")
    parser.add_argument("--out", type=Path, default=HERE / "runs.jsonl")
    parser.add_argument("--tables", default="", help="names, separated by commas; all if absent")
    parser.add_argument("--time", default="10m", help="most time for each of a table's two searches")
    parser.add_argument("--threads", default="2")
    return parser.parse_args()


def experiment(table, target, candidates, threads):
    """The experiment file: candidates first, then the families' own guesses, nothing pruned."""
    lines = [
        f"data = {json.dumps(str(table / 'train.csv'))}",
        f"target = {json.dumps(target)}",
        "seed = 1",
        f"threads = {threads}",
        "[split]",
        "holdout = 0.0",
        "[search]",
        "pruner = 'none'",
        "sampler = 'random'",
    ]
    for candidate in candidates:
        lines.append("[[search.enqueue]]")
        lines += [f"{json.dumps(name)} = {json.dumps(value)}" for name, value in candidate.items()]
    return "\n".join(lines) + "\n"


def n_initial(run):
    """Number of configurations that the study begins with: those given and the families' own."""
    with sqlite3.connect(run / "study.sqlite3") as study:
        (text,) = study.execute("SELECT value FROM automl_study WHERE key = 'initial'").fetchone()
    return len(json.loads(text)["initial"])


def search(table, meta, candidates, options, n_trials=None):
    """The leaderboard of one search: of the candidates alone, or without any, of the families' own guesses."""
    with tempfile.TemporaryDirectory() as folder:
        toml, run = Path(folder) / "experiment.toml", Path(folder) / "run"
        toml.write_text(experiment(table, meta["target"], candidates, options.threads))
        command = [options.automl, "search", str(toml), "--out", str(run)]
        quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        if n_trials is None:
            subprocess.run([*command, "--trials", "1"], **quiet)
            n_trials = n_initial(run)
        subprocess.run([*command, "--trials", str(n_trials), "--time", options.time], **quiet)
        printed = subprocess.run(
            [options.automl, "leaderboard", str(run), "--json"], check=True, capture_output=True, text=True
        )
        rows = sorted(json.loads(printed.stdout)["rows"], key=lambda row: row["trial"])
    # A configuration's name: its place among the candidates, or among the guesses of its family.
    counts = Counter()
    for row in rows:
        name = "candidate" if candidates else row["family"]
        row["candidate" if candidates else "guess"] = counts[name]
        counts[name] += 1
    return rows


def measure(table, options, candidates, known):
    """Rows of a table, of which `known` are there already."""
    meta = json.loads((table / "meta.json").read_text())
    first = max((row["candidate"] + 1 for row in known if row["candidate"] is not None), default=0)
    candidates = [each["params"] for each in candidates][first:]
    # The families' own guesses have a search and a time of their own: slow candidates must not crowd them out.
    rows = search(table, meta, [], options) if not known else []
    if candidates:
        new = search(table, meta, candidates, options, n_trials=len(candidates))
        for row in new:
            row["candidate"] += first
        rows += new
    constant = next(row["constant"] for row in known) if known else next(
        row["score"] for row in rows if row["family"] == "constant" and row["score"] is not None)
    for row in rows:
        yield {
            "table": meta["name"],
            "task": meta["task"],
            "n_rows": meta["n_train"],
            "n_columns": meta["n_features"],
            "n_folds": row["n_folds"],
            "family": row["family"],
            "guess": row.get("guess"),
            "candidate": row.get("candidate"),
            "params": row["params"],
            "state": row["state"],
            "score": row["score"],
            "constant": constant,
            "seconds": row["seconds"],
            "reason": row["reason"],
        }


def main():
    options = arguments()
    candidates = tomllib.loads((HERE / "candidates.toml").read_text()).get("candidate", [])
    known = defaultdict(list)
    if options.out.exists():
        for line in options.out.read_text().splitlines():
            known[json.loads(line)["table"]].append(json.loads(line))
    wanted = set(filter(None, options.tables.split(",")))
    for table in sorted(path for path in options.data.iterdir() if (path / "meta.json").exists()):
        if wanted and table.name not in wanted:
            continue
        rows = list(measure(table, options, candidates, known[table.name]))
        with options.out.open("a") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
        print(f"{table.name}: {len(rows)} configurations", flush=True)


if __name__ == "__main__":
    main()
