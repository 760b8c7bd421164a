"""LightGBM as it comes: 100 trees, no tuning, no validation; columns of text as pandas categories."""

from lightgbm import LGBMClassifier, LGBMRegressor

from common import Clock, arguments, read_tables, write

given = arguments()
x, y, test = read_tables(given, as_category=True)
clock = Clock()
make = LGBMRegressor if given.task == "regression" else LGBMClassifier
model = make(n_jobs=given.cores, random_state=given.seed, verbose=-1).fit(x, y)
clock.part("fit")
if given.task == "regression":
    values, labels = model.predict(test), None
else:
    values, labels = model.predict_proba(test), model.classes_
clock.part("predict")
write(given, clock, ["lightgbm", "pandas", "scikit-learn"], values, labels)
