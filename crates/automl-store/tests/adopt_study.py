"""Makes studies with Optuna for the tests of adoption, goes on with them and tells what Optuna sees, as JSON.

`create FILE` makes the study "first" (maximised, 20 trials) and nothing else in the file. `several FILE` adds "costs"
(two objectives, 6 trials) and "empty". `read FILE NAME` reads a study; `add FILE NAME` has it run 5 more trials.
"""

import json
import sys

import optuna
from read_study import facts

optuna.logging.set_verbosity(optuna.logging.WARNING)


def suggest(trial):
    """Every kind of distribution; one parameter is only there for one model."""
    model = trial.suggest_categorical("model", ["mlp", "linear"])
    x = trial.suggest_float("x", -1.0, 1.0)
    trial.suggest_float("learning_rate", 1e-5, 0.1, log=True)
    trial.suggest_float("dropout", 0.0, 0.5, step=0.1)
    depth = trial.suggest_int("depth", 1, 4)
    trial.suggest_int("width", 16, 64, step=16)
    trial.suggest_int("batch_size", 16, 1024, log=True)
    trial.suggest_categorical("flag", [False, True])
    trial.suggest_categorical("mixed", ["a", 1, 2.5, True])
    if model == "mlp":
        trial.suggest_float("momentum", 0.0, 0.9)
    return x, depth


def first(trial):
    x, depth = suggest(trial)
    trial.set_user_attr("by", {"who": "a person", "why": [1, None]})
    trial.set_user_attr("reason", ["not automl's"])
    trial.report(depth - x * x - 1, 1)
    if trial.number % 6 == 2:
        raise optuna.TrialPruned
    if trial.number % 6 == 3:
        raise RuntimeError("unlucky")
    trial.report(depth - x * x, 3)
    return depth - x * x


def costs(trial):
    x, depth = suggest(trial)
    return x * x, float(depth)


OBJECTIVES = {"first": first, "costs": costs}


def run(study, n_trials):
    study.sampler = optuna.samplers.TPESampler(seed=len(study.trials), n_startup_trials=5)
    study.optimize(OBJECTIVES[study.study_name], n_trials=n_trials, catch=(RuntimeError,))


def create(storage):
    study = optuna.create_study(storage=storage, study_name="first", direction="maximize")
    study.set_user_attr("metric", "what a person calls so")
    run(study, 18)
    study.enqueue_trial({"model": "linear", "depth": 2}, user_attrs={"by": "a person"})
    study.ask()  # takes what was enqueued, and its process is never heard of again
    suggest(study.ask())  # likewise, but it has its parameters
    return study


def several(storage):
    study = create(storage)
    both = optuna.create_study(storage=storage, study_name="costs", directions=["minimize", "maximize"])
    both.set_metric_names(["square", "depth"])
    run(both, 6)
    optuna.create_study(storage=storage, study_name="empty", direction="minimize")
    return study


def main():
    action, path, *name = sys.argv[1:]
    storage = f"sqlite:///{path}"
    if action in ("create", "several"):
        study = {"create": create, "several": several}[action](storage)
    else:
        study = optuna.load_study(study_name=name[0], storage=storage)
        if action == "add":
            run(study, 5)
    print(json.dumps(facts(study)))


if __name__ == "__main__":
    main()
