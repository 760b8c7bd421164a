"""Opens a study file with Optuna and tells what Optuna sees, as JSON on standard output.

`read FILE` only reads. `write FILE` also lets Optuna run the waiting trials, add a trial of its own
and enqueue one. `retry FILE` has it fail trials without a heartbeat and retry them.
"""

import json
import math
import sys

import optuna
from optuna.distributions import distribution_to_json
from optuna.storages._rdb.models import TrialHeartbeatModel

optuna.logging.set_verbosity(optuna.logging.WARNING)


def number(value):
    """JSON has no token for these."""
    if value is None or math.isfinite(value):
        return value
    return str(value)


def trial_facts(trial):
    return {
        "number": trial.number,
        "state": trial.state.name,
        "values": trial.values and [number(value) for value in trial.values],
        "params": trial.params,
        "distributions": {name: json.loads(distribution_to_json(d)) for name, d in trial.distributions.items()},
        "steps": {str(step): number(value) for step, value in trial.intermediate_values.items()},
        "user": trial.user_attrs,
        "system": trial.system_attrs,
        "started": trial.datetime_start.timestamp() if trial.datetime_start else None,
        "ended": trial.datetime_complete.timestamp() if trial.datetime_complete else None,
    }


def facts(study):
    if len(study.directions) == 1:
        best = {"best": study.best_trial.number, "best_value": study.best_value, "best_params": study.best_params}
    else:
        best = {"best": sorted(trial.number for trial in study.best_trials)}
    return best | {
        "optuna": optuna.__version__,
        "name": study.study_name,
        "directions": [direction.name for direction in study.directions],
        "metric_names": study.metric_names,
        "user": study.user_attrs,
        "trials": [trial_facts(trial) for trial in study.trials],
    }


def objective(trial):
    """Asks for what the file already fixes: Optuna must take the waiting trial's values."""
    model = trial.suggest_categorical("model", ["mlp", "linear"])
    trial.suggest_categorical("constant", ["only"])
    dropout = trial.suggest_float("dropout", 0.0, 0.5)
    trial.suggest_float("learning_rate", 1e-5, 0.1, log=True)
    trial.suggest_int("depth", 1, 4)
    trial.suggest_int("width", 16, 64, step=16)
    trial.suggest_int("batch_size", 16, 1024, log=True)
    trial.suggest_categorical("scale", [False, True])
    trial.suggest_categorical("k", [1, 3, 5])
    if model == "mlp":
        trial.suggest_categorical("momentum", [0.0, 0.9])
    trial.report(float("nan"), 1)
    trial.report(0.75, 2)
    return 0.25 + dropout


def heartbeats(path):
    """As Optuna's own model of the table reads them."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    with storage.scoped_session() as session:
        return [str(row.heartbeat) for row in session.query(TrialHeartbeatModel).all()]


def retry(path):
    callback = optuna.storages.RetryHeartbeatStaleTrialCallback()
    storage = optuna.storages.RDBStorage(
        f"sqlite:///{path}", heartbeat_interval=60, heartbeat_stale_trial_callback=callback
    )
    optuna.storages.fail_stale_trials(optuna.load_study(study_name=None, storage=storage))


def main():
    action, path = sys.argv[1:]
    if action == "retry":
        retry(path)
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{path}")
    told = {"before": facts(study) | {"heartbeats": heartbeats(path)}}
    if action == "write":
        n_waiting = sum(trial.state.name == "WAITING" for trial in study.trials)
        study.sampler = optuna.samplers.RandomSampler(seed=1)
        study.optimize(objective, n_trials=n_waiting + 1)
        study.enqueue_trial({"model": "linear", "depth": 2, "dropout": 0.5}, user_attrs={"by": "a person"})
        told["after"] = facts(study)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
