"""The recipe check's other side: pytabkit's RealMLP-TD or TabM-D (`--model`), every setting as published, TabM's bound on
the norm of gradients as in its paper (pytabkit's default has none).

One network on 80 % of the rows, its best epoch by the other 20 % (class error or RMSE; log loss with `--epoch log_loss`, which
the authors advise for probabilities), trained to its own end.
"""

from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor, TabM_D_Classifier, TabM_D_Regressor

from common import Clock, arguments, read_tables, text_columns, write

MODELS = {("realmlp", True): RealMLP_TD_Regressor, ("realmlp", False): RealMLP_TD_Classifier,
          ("tabm", True): TabM_D_Regressor, ("tabm", False): TabM_D_Classifier}

given = arguments(model="realmlp", epoch="as published")
x, y, test = read_tables(given)
clock = Clock()
for name in text_columns(x):
    x[name], test[name] = x[name].astype(object), test[name].astype(object)
make = MODELS[given.model, given.task == "regression"]
more = {"gradient_clipping_norm": 1.0} if given.model == "tabm" else {}
if given.epoch == "log_loss":
    more["val_metric_name"] = "cross_entropy"
model = make(**more, device="cpu", random_state=given.seed, n_cv=1, n_refit=0, val_fraction=0.2, n_threads=given.cores)
model.fit(x, y, cat_col_names=text_columns(x))
clock.part("fit")
if given.task == "regression":
    values, labels = model.predict(test), None
else:
    values, labels = model.predict_proba(test), model.classes_
clock.part("predict")
write(given, clock, ["pytabkit", "torch", "scikit-learn"], values, labels)
