"""The work of `crates/automl-store/benches/durable.rs` with Optuna's RDBStorage on SQLite.

1,000 trials of 10 parameters and 5 intermediate values; the folder is AUTOML_BENCH_DIR, or the
system's for temporary files. Optuna's defaults; `--wal` sets the same journal mode and level of
durability as automl-store. AUTOML_BENCH_TRIALS and AUTOML_BENCH_REPEATS change the amount of work, here
as there. Prints JSON, with the milliseconds a trial of each quarter of a round: whether more trials would
cost less each.
"""

import json
import os
import statistics
import sys
import tempfile
import time

import optuna
import sqlalchemy

optuna.logging.set_verbosity(optuna.logging.WARNING)
N_TRIALS = int(os.environ.get("AUTOML_BENCH_TRIALS", "1000"))
N_REPEATS = int(os.environ.get("AUTOML_BENCH_REPEATS", "5"))
N_PARAMS, N_STEPS = 10, 5


class Fixed(optuna.samplers.BaseSampler):
    """Proposes nothing: the time of a sampler is not the time of a store."""

    def infer_relative_search_space(self, study, trial):
        return {}

    def sample_relative(self, study, trial, search_space):
        return {}

    def sample_independent(self, study, trial, name, distribution):
        return (trial.number * 31 + int(name[1:]) * 7) % 1000 / 1000


def objective(trial):
    for index in range(N_PARAMS):
        trial.suggest_float(f"x{index}", 0.0, 1.0)
    for step in range(1, N_STEPS + 1):
        trial.report(trial.number / step, step)
    return float(trial.number)


def seconds(is_wal):
    """Seconds of a round, and milliseconds a trial of each of its quarters."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("AUTOML_BENCH_DIR")) as folder:
        storage = optuna.storages.RDBStorage(f"sqlite:///{folder}/study.sqlite3")
        if is_wal:

            @sqlalchemy.event.listens_for(storage.engine, "connect")
            def set_pragmas(connection, _record):
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")

            storage.engine.dispose()
        study = optuna.create_study(storage=storage, sampler=Fixed())
        ends = [time.perf_counter()]
        study.optimize(objective, n_trials=N_TRIALS, callbacks=[lambda *_: ends.append(time.perf_counter())])
        marks = [round(quarter * N_TRIALS / 4) for quarter in range(5)]
        quarters = [(ends[to] - ends[since]) * 1000 / max(1, to - since) for since, to in zip(marks, marks[1:])]
        return ends[-1] - ends[0], [round(millis, 1) for millis in quarters]


def main():
    is_wal = "--wal" in sys.argv
    rounds = sorted(seconds(is_wal) for _ in range(N_REPEATS))
    repeats = [of_round for of_round, _ in rounds]
    writer = f"optuna {optuna.__version__}" + (" (WAL, synchronous=FULL)" if is_wal else "")
    told = {"writer": writer, "n_trials": N_TRIALS, "seconds": repeats, "median": statistics.median(repeats)}
    told["quarters"] = [quarters for _, quarters in rounds]
    print(json.dumps(told))


if __name__ == "__main__":
    main()
