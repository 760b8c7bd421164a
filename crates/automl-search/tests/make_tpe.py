"""Writes tests/data/tpe.json: densities, splits and quantiles of Optuna 5.0.0 and SciPy.

    python crates/automl-search/tests/make_tpe.py > crates/automl-search/tests/data/tpe.json
"""

import json
import sys

import numpy as np
import optuna
import scipy
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe import _truncnorm
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import _split_trials, default_weights
from optuna.trial import TrialState, create_trial
from scipy.special import log_ndtr

assert optuna.__version__ == "5.0.0", optuna.__version__
optuna.logging.set_verbosity(optuna.logging.ERROR)

# Among equal observations NumPy's default order, and with it the order in which Optuna hands out bandwidths,
# depends on the processor. A stable order is one of those that Optuna may take.
unstable_argsort = np.argsort
np.argsort = lambda values, axis=-1, kind="stable": unstable_argsort(values, axis=axis, kind=kind)
rng = np.random.RandomState(0)

SPACES = {
    "float": {"a": FloatDistribution(-2.0, 3.0)},
    "log float": {"a": FloatDistribution(1e-5, 10.0, log=True)},
    "int": {"a": IntDistribution(-3, 9)},
    "stepped int": {"a": IntDistribution(0, 30, step=5)},
    "log int": {"a": IntDistribution(1, 512, log=True)},
    "categorical": {"a": CategoricalDistribution(list("wxyz"))},
    "all together": {
        "a": FloatDistribution(-2.0, 3.0),
        "b": FloatDistribution(1e-5, 10.0, log=True),
        "c": IntDistribution(-3, 9),
        "d": IntDistribution(1, 512, log=True),
        "e": CategoricalDistribution(list("xyz")),
    },
}


def describe(distribution):
    if isinstance(distribution, CategoricalDistribution):
        return {"type": "categorical", "choices": list(distribution.choices)}
    kind = "float" if isinstance(distribution, FloatDistribution) else "int"
    domain = {"type": kind, "low": distribution.low, "high": distribution.high, "log": distribution.log}
    return domain | ({"step": distribution.step} if kind == "int" else {})


def draw(distribution, n):
    if isinstance(distribution, CategoricalDistribution):
        return rng.randint(len(distribution.choices), size=n).astype(float)
    low, high = distribution.low, distribution.high
    values = np.exp(rng.uniform(np.log(low), np.log(high), n)) if distribution.log else rng.uniform(low, high, n)
    if isinstance(distribution, IntDistribution):
        values = low + np.round((values - low) / distribution.step) * distribution.step
    return values


def densities():
    parameters = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)
    for name, space in SPACES.items():
        for n in [0, 1, 2, 9, 40, 130]:
            observations = {key: draw(domain, n) for key, domain in space.items()}
            points = {key: draw(domain, 8) for key, domain in space.items()}
            estimator = _ParzenEstimator(observations, space, parameters)
            yield {
                "name": f"{name}, {n} observations",
                "domains": [describe(domain) for domain in space.values()],
                "observations": [list(column) for column in observations.values()],
                "points": [list(column) for column in points.values()],
                "log_density": list(estimator.log_pdf(points)),
            }


def splits():
    study = optuna.create_study()
    for n, n_below in [(1, 1), (12, 2), (12, 9), (40, 4), (40, 30), (300, 25)]:
        trials, rows = [], []
        for number in range(n):
            steps = {step: float(rng.randint(20)) for step in range(1, 1 + rng.randint(0, 4))}
            if steps and rng.rand() < 0.1:
                steps[max(steps)] = float("nan")
            pruned = rng.rand() < 0.6
            value = None if pruned else float(rng.randint(30))
            state = TrialState.PRUNED if pruned else TrialState.COMPLETE
            trial = create_trial(state=state, value=value, intermediate_values=steps)
            trial.number = number
            trials.append(trial)
            shown = [[step, None if np.isnan(cost) else cost] for step, cost in steps.items()]
            rows.append({"cost": value, "steps": shown})
        below, above = _split_trials(study, trials, n_below)
        assert len(below) + len(above) == n
        yield {"trials": rows, "n_below": n_below, "below": [trial.number for trial in below]}


def quantiles():
    for left, right in [(-1.0, 0.0), (0.0, 1.0), (-0.5, 0.5), (-3.0, 2.0), (-50.0, 51.0), (-101.0, 0.0), (0.0, 101.0)]:
        for share in [0.0, 1e-12, 1e-3, 0.1, 0.5, 0.77, 0.999, 1.0 - 1e-9]:
            value = _truncnorm.ppf(np.array([share]), np.array([left]), np.array([right]))[0]
            yield [share, left, right, float(value)]


def main():
    logs = [[float(x), float(log_ndtr(x))] for x in [-100, -40, -20, -8, -3, -1, -0.66, -0.1, 0, 0.3, 1, 2.5, 6, 9]]
    lefts = [(-60.0, -59.5), (-9.0, -8.0), (-2.0, -1.0), (-0.5, 0.25), (0.0, 4.0), (3.0, 3.5), (30.0, 31.0), (55.0, 90.0)]
    masses = [[a, b, float(_truncnorm._log_gauss_mass(np.array([a]), np.array([b]))[0])] for a, b in lefts]
    reference = {
        "source": f"Optuna {optuna.__version__}, SciPy {scipy.__version__}",
        "log_ndtr": logs,
        "log_interval_mass": masses,
        "truncated_quantile": list(quantiles()),
        "densities": list(densities()),
        "splits": list(splits()),
    }
    json.dump(reference, sys.stdout, allow_nan=False)
    sys.stdout.write("\n")


main()
