"""Time that Optuna's samplers take per trial (ask, suggest and tell), beside `cargo bench -p automl-search`.

    python experiments/bench/search_overhead.py [path of the suggest bench binary]

The space is that of crates/automl-search/benches/suggest.rs. Histories are added as finished trials; the least
and the median of 31 further trials are reported, each one told before the next is asked. With the bench binary as argument its
figures are printed first, so that both come from one machine at one time.
"""

import statistics
import subprocess
import sys
import time

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

optuna.logging.set_verbosity(optuna.logging.ERROR)

SPACE = {
    "f0": FloatDistribution(0, 1),
    "f1": FloatDistribution(-5, 5),
    "f2": FloatDistribution(0, 0.5),
    "l0": FloatDistribution(1e-5, 1, log=True),
    "l1": FloatDistribution(1e-3, 1e3, log=True),
    "i0": IntDistribution(1, 10),
    "i1": IntDistribution(0, 100),
    "i2": IntDistribution(8, 1024, log=True),
    "c0": CategoricalDistribution(["a", "b", "c"]),
    "c1": CategoricalDistribution(["u", "v"]),
}


def draw(domain, rng):
    if isinstance(domain, CategoricalDistribution):
        return domain.choices[rng.randint(len(domain.choices))]
    low, high = domain.low, domain.high
    value = np.exp(rng.uniform(np.log(low), np.log(high))) if domain.log else rng.uniform(low, high)
    return int(round(value)) if isinstance(domain, IntDistribution) else float(value)


def cost(params):
    squares = (params["f0"] - 0.3) ** 2 + params["f1"] ** 2 + (np.log10(params["l0"]) + 3) ** 2
    return float(squares + (params["i0"] - 4) ** 2 + (params["c0"] != "b"))


def micros_per_trial(sampler, n_trials, n_repeats=31):
    rng = np.random.RandomState(1)
    study = optuna.create_study(sampler=sampler)
    history = []
    for _ in range(n_trials):
        params = {name: draw(domain, rng) for name, domain in SPACE.items()}
        history.append(optuna.create_trial(params=params, distributions=SPACE, value=cost(params)))
    study.add_trials(history)
    seconds = []
    for _ in range(n_repeats):
        started = time.perf_counter()
        trial = study.ask(SPACE)
        study.tell(trial, cost(trial.params))
        seconds.append(time.perf_counter() - started)
    return min(seconds) * 1e6, statistics.median(seconds) * 1e6


def main():
    if len(sys.argv) > 1:
        print(subprocess.run([sys.argv[1]], check=True, capture_output=True, text=True).stdout, end="")
    samplers = {"random": optuna.samplers.RandomSampler, "tpe": optuna.samplers.TPESampler}
    for name, make in samplers.items():
        for n_trials in [100, 1_000, 10_000]:
            least, median = micros_per_trial(make(seed=1), n_trials)
            print(f"optuna {name:8} {n_trials:6} trials: least {least:9.1f} µs, median {median:9.1f} µs", flush=True)


main()
