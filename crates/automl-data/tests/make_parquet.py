"""Writes tests/data/*.parquet: what pandas makes of columns that are neither numbers nor texts.

Run from crates/automl-data: python tests/make_parquet.py   (pandas 3.1.1, pyarrow 26.0.1)
"""

import datetime
import decimal

import pandas as pd

n = 40
frame = pd.DataFrame({
    "city": pd.Categorical([["Bern", "Ulm", "Graz"][row % 3] for row in range(n)]),
    "size": pd.Categorical([[10, 20, 30][row % 3] for row in range(n)], ordered=True),
    "at": [datetime.time(row % 24, 30) for row in range(n)],
    "took": pd.to_timedelta([90 * row for row in range(n)], unit="s"),
    "count": pd.array([None if row == 3 else row % 7 for row in range(n)], dtype="Int64"),
    "y": pd.Categorical(["no" if row % 4 else "yes" for row in range(n)]),
})
frame.to_parquet("tests/data/pandas.parquet", index=False)
frame.to_feather("tests/data/pandas.feather", compression="uncompressed")

prices = pd.DataFrame({"price": [decimal.Decimal("1.50"), decimal.Decimal("2.25")], "y": ["a", "b"]})
prices.to_parquet("tests/data/decimal.parquet", index=False)
