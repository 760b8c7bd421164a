"""Durable trials with automl-store and with Optuna in turn, on one disk and one machine, and the ratio of the medians.

    python experiments/bench/store.py [--trials 1000] [--rounds 3] [--wal]

The Python needs Optuna; cargo builds the other side (CARGO_TARGET_DIR as ever). Both write into AUTOML_BENCH_DIR or the
folder for temporary files. Where strace is installed, it also counts how often each asks the disk to sync, in a
round of 50 trials of its own. Prints Markdown and, last, everything as one line of JSON.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
N_COUNTED = 50


def built():
    """The program that `cargo bench` runs."""
    command = ["cargo", "bench", "-p", "automl-store", "--no-run", "--message-format=json"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()
    messages = [json.loads(line) for line in lines if line.startswith("{")]
    return next(
        message["executable"]
        for message in messages
        if message.get("executable") and message["target"]["name"] == "durable"
    )


def run(command, n_trials, before=()):
    amount = {"AUTOML_BENCH_TRIALS": str(n_trials), "AUTOML_BENCH_REPEATS": "1", "AUTOML_BENCH_READ": "1"}
    done = subprocess.run([*before, *command], env=os.environ | amount, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)


def syncs_a_trial(command):
    """Calls of fsync and fdatasync of a round, a trial; a few of them are those of making the file."""
    with tempfile.NamedTemporaryFile() as log:
        run(command, N_COUNTED, ["strace", "-f", "-c", "-o", log.name, "-e", "trace=fsync,fdatasync"])
        table = pathlib.Path(log.name).read_text()
    calls = [int(row.split()[3]) for row in table.splitlines() if re.search(r" f(data)?sync$", row)]
    return sum(calls) / N_COUNTED


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--wal", action="store_true", help="also Optuna with a write-ahead log, which it does not set")
    options = parser.parse_args()
    optuna = [sys.executable, str(pathlib.Path(__file__).with_name("store_optuna.py"))]
    commands = {"automl-store": [built(), "--bench"], "Optuna": optuna}
    if options.wal:
        commands["Optuna, WAL and synchronous=FULL"] = [*optuna, "--wal"]
    rounds = {writer: [] for writer in commands}
    for place in range(options.rounds):
        for writer, command in commands.items():
            told = run(command, options.trials)
            rounds[writer].append({"seconds": told["median"], "quarters": told.get("quarters", [None])[0]})
            load = os.getloadavg()[0]
            print(f"round {place + 1}: {writer} {told['median']:.2f} s (load {load:.1f})", file=sys.stderr, flush=True)
    counts = {writer: syncs_a_trial(command) for writer, command in commands.items()} if shutil.which("strace") else {}

    first = statistics.median(told["seconds"] for told in rounds["automl-store"])
    print(f"| writer | seconds for {options.trials} trials, sorted | median | median / automl-store | syncs a trial |")
    print("|---|---|---|---|---|")
    for writer, told in rounds.items():
        seconds = sorted(round_["seconds"] for round_ in told)
        median = statistics.median(seconds)
        listed = ", ".join(f"{value:.2f}" for value in seconds)
        count = f"{counts[writer]:.1f}" if writer in counts else ""
        print(f"| {writer} | {listed} | {median:.2f} | {median / first:.1f} | {count} |")
    for writer, told in rounds.items():
        if told[0]["quarters"]:
            print(f"\n{writer}, ms a trial in each quarter of a round: {[round_['quarters'] for round_ in told]}")
    print(json.dumps({"n_trials": options.trials, "rounds": rounds, "syncs_a_trial": counts}))


if __name__ == "__main__":
    main()
