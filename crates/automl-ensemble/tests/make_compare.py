"""Reference values for comparisons: python tests/make_compare.py > tests/data/compare.json

scipy 1.17, statsmodels 0.15 and numpy. What neither has (the corrected t-test, the correlated Bayesian test, the 5x2cv
F-test) is the formula of its paper on scipy's distributions. Everything random has a fixed seed.
"""

import json
import sys

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

rng = np.random.default_rng(7)


def corrected(differences, ratio, rope):
    n = len(differences)
    scale = np.sqrt(np.var(differences, ddof=1) * (1 / n + ratio))
    mean = np.mean(differences)
    t = mean / scale
    posterior = stats.t(n - 1, loc=mean, scale=scale)
    low, high = posterior.interval(0.9)
    return {
        "differences": list(differences),
        "test_to_train": ratio,
        "rope": rope,
        "statistic": t,
        "p_value": 2 * stats.t.sf(abs(t), n - 1),
        "interval_90": [low, high],
        "below": posterior.cdf(-rope),
        "above": posterior.sf(rope),
    }


def wilcoxon(differences):
    n = np.count_nonzero(differences)
    sizes = np.abs(differences)[np.nonzero(differences)]
    method = "exact" if n <= 50 and len(set(sizes)) == n else "asymptotic"
    result = stats.wilcoxon(differences, zero_method="wilcox", correction=False, method=method)
    return {"differences": list(differences), "statistic": result.statistic, "p_value": result.pvalue}


def five_by_two():
    differences = rng.normal(0.02, 0.03, (5, 2))
    variances = np.var(differences, axis=1) * 2
    f = np.sum(differences**2) / (2 * np.sum(variances))
    return {"differences": differences.tolist(), "statistic": f, "p_value": stats.f.sf(f, 10, 5)}


def bca():
    values = rng.exponential(size=25)
    result = stats.bootstrap(
        (values,), np.mean, n_resamples=400, confidence_level=0.9, method="BCa", rng=np.random.default_rng(1)
    )
    interval = result.confidence_interval
    return {
        "values": values.tolist(),
        "replicates": sorted(result.bootstrap_distribution.tolist()),
        "interval": [interval.low, interval.high],
    }


def distributions():
    table = []
    for x in [0.0, 0.3, 1.96, 2.49, 2.51, 6.0, -1.5]:
        table.append(("normal_upper", [x], stats.norm.sf(x)))
    for p in [1e-9, 0.025, 0.4, 0.999]:
        table.append(("normal_quantile", [p], stats.norm.ppf(p)))
    for t, df in [(0.0, 3.0), (2.0, 1.0), (-1.3, 4.0), (8.5, 9.0), (3.2, 99.0), (1.0, 2.0)]:
        table.append(("student_upper", [t, df], stats.t.sf(t, df)))
    for p, df in [(0.025, 9.0), (0.3, 2.0), (1e-6, 49.0)]:
        table.append(("student_upper_quantile", [p, df], stats.t.isf(p, df)))
    for f, above, below in [(0.5, 10.0, 5.0), (4.74, 10.0, 5.0), (40.0, 3.0, 7.0)]:
        table.append(("fisher_upper", [f, above, below], stats.f.sf(f, above, below)))
    return table


p_values = rng.uniform(0, 0.08, 9).round(4).tolist() + [0.9, 0.0]
reference = {
    "corrected": [
        corrected(rng.normal(0.01, 0.02, 5), 0.25, 0.005),
        corrected(rng.normal(-0.03, 0.02, 10), 1 / 9, 0.01),
        corrected(rng.normal(0.0, 0.02, 100), 1 / 9, 0.01),
    ],
    "five_by_two": five_by_two(),
    "wilcoxon": [
        wilcoxon(rng.normal(0.3, 1.0, 8)),
        wilcoxon(np.append(rng.normal(0.3, 1.0, 30), 0.0)),
        wilcoxon(rng.normal(0.2, 1.0, 80)),
        wilcoxon(rng.normal(0.2, 1.0, 80).round(1)),
    ],
    "holm": {"p_values": p_values, "adjusted": multipletests(p_values, method="holm")[1].tolist()},
    "bca": bca(),
    "distributions": distributions(),
}
json.dump(reference, sys.stdout, indent=1, default=lambda value: value.tolist() if hasattr(value, "tolist") else value)
