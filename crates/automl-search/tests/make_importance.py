"""Reference values for importances: python tests/make_importance.py > tests/data/importance.json

Optuna 5.0.0 and scikit-learn. fANOVA's forests are random, so its shares are means over seeds. Studies are given to
Optuna as they are for PED-ANOVA. For fANOVA logarithmic parameters are given as their logarithms, because Optuna
measures the space on the plain scale.
"""

import json
import math
import sys
import warnings

import numpy as np
import optuna
import sklearn
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import create_trial

warnings.filterwarnings("ignore")
optuna.logging.set_verbosity(optuna.logging.ERROR)
rng = np.random.RandomState(0)
N_SEEDS = 5
N_PAIR_SEEDS = 4


def unit():
    return FloatDistribution(0.0, 1.0)


def additive(p):
    return 4.0 * p["a"] + 2.0 * p["b"] + p["c"]


def product(p):
    return p["a"] * p["b"] + 0.5 * p["c"]


def mixed(p):
    kind = {"u": 0.0, "v": 0.5, "w": 2.0}[p["kind"]]
    return kind + 0.05 * (p["width"] - 12) ** 2 / 12 + (p["x"] - 0.3) ** 2 + (0.4 if p["flag"] else 0.0) * p["x"]


def logarithmic(p):
    return (math.log10(p["rate"]) + 2.5) ** 2 + 0.5 * math.log10(p["penalty"]) + 0.3 * math.log2(p["units"]) + p["x"]


def conditional(p):
    if p["family"] == "linear":
        return 1.0 + 0.1 * math.log10(p["penalty"]) ** 2 + p["scale"]
    return (math.log10(p["rate"]) + 2.0) ** 2 + 0.5 * p["dropout"] + 0.2 * p["scale"]


ROOT = {"family": CategoricalDistribution(["linear", "network"]), "scale": unit()}
CHILDREN = {
    "linear": {"penalty": FloatDistribution(1e-3, 1e3, log=True)},
    "network": {"rate": FloatDistribution(1e-4, 1.0, log=True), "dropout": FloatDistribution(0.0, 0.9)},
}
CASES = {
    "additive": (additive, 300, {name: unit() for name in "abcd"}),
    "product": (product, 400, {name: FloatDistribution(-1.0, 1.0) for name in "abc"}),
    "mixed": (
        mixed,
        300,
        {
            "kind": CategoricalDistribution(["u", "v", "w"]),
            "width": IntDistribution(2, 40),
            "x": unit(),
            "flag": CategoricalDistribution([False, True]),
            "step": FloatDistribution(0.0, 1.0, step=0.125),
        },
    ),
    "logarithmic": (
        logarithmic,
        300,
        {
            "rate": FloatDistribution(1e-5, 1.0, log=True),
            "penalty": FloatDistribution(1e-2, 1e4, log=True),
            "units": IntDistribution(4, 512, log=True),
            "x": unit(),
        },
    ),
    "conditional": (conditional, 300, ROOT),
}


def describe(distribution):
    if isinstance(distribution, CategoricalDistribution):
        return {"type": "categorical", "choices": list(distribution.choices)}
    if isinstance(distribution, FloatDistribution):
        step = {} if distribution.step is None else {"step": distribution.step}
        return {"type": "float", "low": distribution.low, "high": distribution.high, "log": distribution.log} | step
    return {"type": "int", "low": distribution.low, "high": distribution.high, "log": distribution.log}


def specs(space):
    listed = [{"name": name, "domain": describe(domain), "when": None} for name, domain in space.items()]
    if space is ROOT:
        for value, children in CHILDREN.items():
            when = {"parent": "family", "any_of": [value]}
            listed += [{"name": name, "domain": describe(domain), "when": when} for name, domain in children.items()]
    return listed


def draw(distribution):
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[rng.randint(len(distribution.choices))]
    low, high = distribution.low, distribution.high
    if isinstance(distribution, IntDistribution):
        # Half a step wider, so that the end points are as likely as their neighbours.
        low, high = low - 0.5, high + 0.5
    value = math.exp(rng.uniform(math.log(low), math.log(high))) if distribution.log else rng.uniform(low, high)
    if isinstance(distribution, IntDistribution):
        return int(min(max(round(value), distribution.low), distribution.high))
    return round((value - low) / distribution.step) * distribution.step + low if distribution.step else value


def trials(cost, n, space):
    for _ in range(n):
        distributions = dict(space)
        params = {name: draw(domain) for name, domain in space.items()}
        for name, domain in CHILDREN.get(params.get("family"), {}).items():
            distributions[name], params[name] = domain, draw(domain)
        yield params, distributions, cost(params) + 0.02 * rng.randn()


def study_of(rows):
    study = optuna.create_study()
    for params, distributions, cost in rows:
        study.add_trial(create_trial(value=cost, params=params, distributions=distributions))
    return study


def plain_scale(rows):
    """Logarithms in place of values."""
    for params, distributions, cost in rows:
        params, distributions = dict(params), dict(distributions)
        for name, domain in distributions.items():
            if getattr(domain, "log", False):
                params[name] = math.log(params[name])
                half = 0.5 if isinstance(domain, IntDistribution) else 0.0
                distributions[name] = FloatDistribution(math.log(domain.low - half), math.log(domain.high + half))
        yield params, distributions, cost


def fanova(rows, params=None, with_pairs=False):
    """Mean shares of parameters and of pairs; pairs by the evaluator's own trees."""
    study = study_of(plain_scale(rows))
    single, pairs = {}, {}
    for seed in range(N_SEEDS):
        evaluator = FanovaImportanceEvaluator(seed=seed)
        shares = get_param_importances(study, evaluator=evaluator, params=params, normalize=False)
        for name, share in shares.items():
            single[name] = single.get(name, 0.0) + share / N_SEEDS
        names = sorted(shares) if params is None else sorted(params)
        forest = evaluator._evaluator
        columns = forest._column_to_encoded_columns
        for a in range(len(names) if with_pairs and seed < N_PAIR_SEEDS else 0):
            for b in range(a + 1, len(names)):
                both = np.concatenate([columns[a], columns[b]])
                # A sample of the trees: they are slow.
                part = [
                    (tree.get_marginal_variance(both) - forest._variances[a][i] - forest._variances[b][i]) / tree.variance
                    for i, tree in enumerate(forest._trees[:5])
                ]
                key = names[a] + "|" + names[b]
                pairs[key] = pairs.get(key, 0.0) + float(np.mean(part)) / N_PAIR_SEEDS
    return single, pairs


def exact(cost, space, n=200_000):
    """First-order Sobol indices by Saltelli et al. 2010, table 2 (b): the shares that fANOVA estimates."""
    columns = [{name: [draw(domain) for _ in range(n)] for name, domain in space.items()} for _ in range(2)]

    def costs(table):
        return np.array([cost(dict(zip(table, row))) for row in zip(*table.values())])

    plain, other = costs(columns[0]), costs(columns[1])
    both = np.concatenate([plain, other])
    variance, other = both.var(), other - both.mean()
    return {
        name: float(np.mean(other * (costs(columns[0] | {name: columns[1][name]}) - plain)) / variance)
        for name in space
    }


def main():
    cases = []
    for name, (cost, n, space) in CASES.items():
        rows = list(trials(cost, n, space))
        case = {
            "name": name,
            "specs": specs(space),
            "trials": [[params, value] for params, _, value in rows],
            "ped_anova": get_param_importances(study_of(rows), evaluator=PedAnovaImportanceEvaluator()),
            "ped_anova_top_half": get_param_importances(
                study_of(rows), evaluator=PedAnovaImportanceEvaluator(target_quantile=0.05, region_quantile=0.5)
            ),
        }
        if space is ROOT:
            case["fanova"], _ = fanova(rows)
            for value, children in CHILDREN.items():
                within = [row for row in rows if row[0]["family"] == value]
                shares, _ = fanova(within, ["scale", *children])
                case["fanova"] |= {name: shares[name] for name in children}
            case["pairs"] = {}
        else:
            case["fanova"], case["pairs"] = fanova(rows, with_pairs=name == "product")
        cases.append(case)
        print(name, case["fanova"], case["pairs"], file=sys.stderr)
    for case, (cost, _, space) in zip(cases, CASES.values()):
        case["exact"] = {} if space is ROOT else exact(cost, space)
        print(case["name"], case["exact"], file=sys.stderr)
    reference = {"source": f"Optuna {optuna.__version__}, scikit-learn {sklearn.__version__}", "cases": cases}
    json.dump(reference, sys.stdout, allow_nan=False)
    sys.stdout.write("\n")


main()
