"""Writes src/prep/reference.rs: what scikit-learn and scipy make of a small column.

Run from crates/automl-data: python tests/make_prep.py > src/prep/reference.rs
"""

import numpy as np
import scipy
import sklearn
from scipy.special import ndtri
from sklearn.preprocessing import QuantileTransformer, RobustScaler, StandardScaler

rng = np.random.default_rng(0)
# Ties, a heavy tail and both signs; 400 rows make 13 quantiles by the rule max(min(n / 30, 1000), 10).
train = np.concatenate([
    np.round(rng.normal(3.0, 2.0, 200), 1),
    np.round(rng.lognormal(0.0, 1.5, 150), 3),
    np.repeat([0.0, 7.5], 25),
])
query = np.concatenate([train[::40], [-1e6, 1e6, 0.0, 7.5, 7.4999, 3.1234, train.min(), train.max()]])
n_quantiles = min(max(len(train) // 30, 10), 1000)


def scaled(transformer):
    transformer.fit(train[:, None])
    return transformer.transform(query[:, None])[:, 0]


def scaled_with_noise(transformer, values, seed):
    """As Gorishniy et al. do (2021, 2025): noise on the rows that the quantiles are of, none on those that are scaled."""
    noise = 1e-3 / max(values.std(), 1e-3)
    transformer.fit(values[:, None] + noise * np.random.default_rng(seed).standard_normal((len(values), 1)))
    return transformer.transform(np.unique(values)[:, None])[:, 0]


def constant(doc, name, values):
    print(f"\n/// {doc}")
    print("#[rustfmt::skip]")
    print(f"pub(in crate::prep) const {name}: [f64; {len(values)}] = [")
    for start in range(0, len(values), 10):
        print("    " + " ".join(f"{float(value)!r}," for value in values[start:start + 10]))
    print("];")


def smooth_clip(z):
    return z / np.sqrt(1 + (z / 3) ** 2)


probabilities = [1e-300, 1e-20, 1e-7, 0.001, 0.02, 0.075, 0.3, 0.5, 0.75, 0.925, 0.99, 0.9999999]
print(f"//! Written by `tests/make_prep.py` with scikit-learn {sklearn.__version__} and scipy {scipy.__version__}; not to be edited.")
print("\n#![allow(clippy::unreadable_literal, clippy::excessive_precision, reason = \"as Python prints them\")]")
constant("Values to fit to.", "TRAIN", train)
constant("Values to scale.", "QUERY", query)
constant("`StandardScaler`.", "STANDARD", scaled(StandardScaler()))
constant("`RobustScaler`, then `z / sqrt(1 + (z / 3)^2)`.", "ROBUST", smooth_clip(scaled(RobustScaler())))
constant(
    f"`QuantileTransformer` with {n_quantiles} quantiles and normal output.",
    "QUANTILE",
    scaled(QuantileTransformer(n_quantiles=n_quantiles, output_distribution="normal", subsample=None)),
)
counts = [1800, 260, 40, 500, 600]
tied = np.repeat(np.arange(len(counts), dtype=float), counts)
constant("How often 0, 1, 2 … occur in a column.", "TIED_COUNTS", counts)
constant(
    "`QuantileTransformer` with 106 quantiles of the column and noise, of 0, 1, 2 …: means over 200 draws of the noise.",
    "TIED_QUANTILE",
    np.mean([scaled_with_noise(QuantileTransformer(n_quantiles=len(tied) // 30, output_distribution="normal", subsample=None),
                               tied, seed) for seed in range(200)], axis=0),
)
constant("Probabilities.", "PROBABILITIES", probabilities)
constant("`scipy.special.ndtri` of the probabilities.", "NORMAL_QUANTILES", ndtri(probabilities))
