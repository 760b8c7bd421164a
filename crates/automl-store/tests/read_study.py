"""Opens a study file with Optuna and tells what Optuna sees, as JSON on standard output.

`read FILE` only reads. `write FILE` also lets Optuna run the waiting trials, add a trial of its own
and enqueue one.
"""

import json
import math
import sys

import optuna
from optuna.distributions import distribution_to_json

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
        "value": number(trial.value),
        "params": trial.params,
        "distributions": {name: json.loads(distribution_to_json(d)) for name, d in trial.distributions.items()},
        "steps": {str(step): number(value) for step, value in trial.intermediate_values.items()},
        "user": trial.user_attrs,
        "system": trial.system_attrs,
        "started": trial.datetime_start.timestamp() if trial.datetime_start else None,
        "ended": trial.datetime_complete.timestamp() if trial.datetime_complete else None,
    }


def facts(study):
    return {
        "optuna": optuna.__version__,
        "name": study.study_name,
        "direction": study.direction.name,
        "metric_names": study.metric_names,
        "user": study.user_attrs,
        "best": study.best_trial.number,
        "best_value": study.best_value,
        "best_params": study.best_params,
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


def main():
    action, path = sys.argv[1:]
    study = optuna.load_study(study_name=None, storage=f"sqlite:///{path}")
    told = {"before": facts(study)}
    if action == "write":
        n_waiting = sum(trial.state.name == "WAITING" for trial in study.trials)
        study.sampler = optuna.samplers.RandomSampler(seed=1)
        study.optimize(objective, n_trials=n_waiting + 1)
        study.enqueue_trial({"model": "linear", "depth": 2, "dropout": 0.5}, user_attrs={"by": "a person"})
        told["after"] = facts(study)
    print(json.dumps(told))


if __name__ == "__main__":
    main()
