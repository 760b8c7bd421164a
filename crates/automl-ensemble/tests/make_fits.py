"""Reference values for what is fitted: python tests/make_fits.py > tests/data/fits.json

scikit-learn 1.9, scipy 1.17, statsmodels 0.15 and numpy. Everything random has a fixed seed.
"""

import json
import sys

import numpy as np
import statsmodels.api as sm
from scipy.optimize import lsq_linear, minimize, minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.calibration import _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression

rng = np.random.default_rng(11)
EPS = np.finfo(float).eps


def classifier(codes, n_classes, skill, heat):
    outputs = rng.normal(0, 1, (len(codes), n_classes))
    outputs[np.arange(len(codes)), codes] += skill
    return softmax(heat * outputs, axis=1)


def one_row_more(weights):
    """Share of a target that belongs to all classes alike, as if there had been one row more, of each class in equal parts."""
    return 1 / (weights.sum() + 1)


def temperature(proba, codes, weights):
    logs = np.log(np.maximum(proba, EPS))

    even = one_row_more(weights)

    def loss(log_b):
        told = log_softmax(np.exp(log_b) * logs, axis=1)
        terms = (1 - even) * told[np.arange(len(codes)), codes] + even * told.mean(axis=1)
        return -np.average(terms, weights=weights)

    return float(np.exp(-minimize_scalar(loss, bounds=(-4, 4), method="bounded", options={"xatol": 1e-12}).x))


def one_against_rest(fit, proba, codes, weights):
    n_classes = proba.shape[1]
    if n_classes == 2:
        positive = fit(proba[:, 1], codes == 1, weights)
        return np.column_stack([1 - positive, positive])
    columns = np.column_stack([fit(proba[:, k], codes == k, weights) for k in range(n_classes)])
    sums = columns.sum(axis=1, keepdims=True)
    return np.where(sums > 0, columns / np.where(sums > 0, sums, 1), 1 / n_classes)


def isotonic(p, positive, weights):
    even = one_row_more(weights)
    return (1 - even) * IsotonicRegression(out_of_bounds="clip").fit(p, positive, weights).predict(p) + even / 2


def platt(p, positive, weights):
    logit = np.log(p) - np.log1p(-p)
    return _SigmoidCalibration().fit(logit, positive, weights).predict(logit)


def ece(proba, codes, weights, n_bins=15):
    confidence = proba.max(axis=1)
    order = np.argsort(confidence, kind="stable")
    weights = weights[order]
    before = np.cumsum(weights) - weights
    bins = np.minimum((n_bins * before / weights.sum()).astype(int), n_bins - 1)
    hits = (proba.argmax(axis=1) == codes)[order]
    total = 0.0
    for b in range(n_bins):
        inside = bins == b
        gap = np.average(confidence[order][inside], weights=weights[inside]) - np.average(
            hits[inside], weights=weights[inside]
        )
        total += weights[inside].sum() / weights.sum() * abs(gap)
    return total


def calibration(n_classes, weighted):
    n = 120
    codes = rng.integers(0, n_classes, n)
    # Whole hundredths, so that equal probabilities occur, and none that differ in the last digit alone.
    hundredths = np.floor(100 * classifier(codes, n_classes, 1.0, 2.0)).clip(1)
    largest = hundredths.argmax(axis=1)
    hundredths[np.arange(n), largest] += 100 - hundredths.sum(axis=1)
    proba = hundredths / 100
    weights = rng.integers(1, 4, n).astype(float) if weighted else np.ones(n)
    return {
        "n_classes": n_classes,
        "codes": codes.tolist(),
        "proba": proba.ravel().tolist(),
        "weights": weights.tolist(),
        # Only ratios of weights matter: they sum to the number of rows.
        "temperature": temperature(proba, codes, weights / weights.mean()),
        "isotonic": one_against_rest(isotonic, proba, codes, weights / weights.mean()).ravel().tolist(),
        "platt": one_against_rest(platt, proba, codes, weights / weights.mean()).ravel().tolist(),
        "ece": ece(proba, codes, weights),
    }


def linear_stack(penalty):
    """Non-negative ridge about equal weights, as a bounded least squares of stacked rows."""
    n, m = 80, 4
    y = rng.normal(5, 2, n)
    shared = rng.normal(0, 0.5, n)
    models = [y + shared + rng.normal(0.3 * k, 0.5 + 0.3 * k, n) for k in range(m - 1)]
    models.append(10 - y + rng.normal(0, 1, n))  # gets no weight
    x = np.column_stack(models)
    unit = np.sqrt(n * np.var(y))
    a = np.vstack([(x - x.mean(0)) / unit, np.sqrt(penalty) * np.eye(m)])
    b = np.concatenate([(y - y.mean()) / unit, np.full(m, np.sqrt(penalty) / m)])
    w = lsq_linear(a, b, bounds=(0, np.inf), method="bvls", tol=1e-14).x
    return {
        "target": y.tolist(),
        "models": x.T.tolist(),
        "penalty": penalty,
        "weights": w.tolist(),
        "intercept": y.mean() - x.mean(0) @ w,
    }


def log_linear_stack(penalty, n_classes):
    n, m = 150, 4
    codes = rng.integers(0, n_classes, n)
    probas = [classifier(codes, n_classes, skill, heat) for skill, heat in [(1.5, 1), (1.0, 2), (0.5, 1), (-1.0, 1)]]
    logs = np.log(np.maximum(np.stack(probas, axis=2), 1e-6))

    def loss(point):
        w, b = point[:m], point[m:]
        terms = log_softmax(logs @ w + b, axis=1)[np.arange(n), codes]
        return -terms.mean() + 0.5 * penalty * (((w - 1 / m) ** 2).sum() + (b**2).sum())

    bounds = [(0, None)] * m + [(None, None)] * n_classes
    start = np.concatenate([np.full(m, 1 / m), np.zeros(n_classes)])
    best = minimize(loss, start, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 5000})
    return {
        "n_classes": n_classes,
        "codes": codes.tolist(),
        "models": [proba.ravel().tolist() for proba in probas],
        "penalty": penalty,
        "loss": best.fun,
        "weights": best.x[:m].tolist(),
        "biases": best.x[m:].tolist(),
    }


def information():
    n = 60
    x = sm.add_constant(rng.normal(size=(n, 2)))
    y = x @ [1.0, 0.5, -0.2] + rng.normal(size=n)
    ols = sm.OLS(y, x).fit()
    k = 4  # three coefficients and the variance
    return {
        "residuals": ols.resid.tolist(),
        "log_likelihood": ols.llf,
        "n_parameters": k,
        "aic": sm.tools.eval_measures.aic(ols.llf, n, k),
        "aicc": sm.tools.eval_measures.aicc(ols.llf, n, k),
        "bic": sm.tools.eval_measures.bic(ols.llf, n, k),
    }


reference = {
    "calibration": [calibration(2, False), calibration(2, True), calibration(4, False), calibration(4, True)],
    "linear_stack": [linear_stack(1e-3), linear_stack(0.5)],
    "log_linear_stack": [log_linear_stack(1e-2, 3), log_linear_stack(0.3, 2)],
    "information": information(),
}
json.dump(reference, sys.stdout, default=lambda value: value.tolist() if hasattr(value, "tolist") else float(value))
