"""Writes tests/data/neural/*.json: what the published implementations of neural families compute on small tables.

    python3 -m venv VENV
    VENV/bin/pip install pytabkit==1.7.3 tabm==0.0.3 rtdl_num_embeddings==0.0.12 rtdl_revisiting_models==0.0.2 torch==2.15.0
    VENV/bin/python make_neural.py [realmlp tabm resnet ft_transformer embeddings preprocessing]

Every file: the parameters at the start (float32 values, the start of both precisions), a batch, and for float64 and
float32 what was computed from them. `data/neural/README.md` says what is in them and how the recipes work.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import rtdl_num_embeddings
import rtdl_revisiting_models
import sklearn.preprocessing
import tabm
import torch
import torch.nn.functional as F
from pytabkit.models.alg_interfaces.base import InterfaceResources, SplitIdxs
from pytabkit.models.data.data import DictDataset, TensorInfo
from pytabkit.models.nn_models.nn import BiasFitter, ToSoftLabelLayer, WeightFitter
from pytabkit.models.sklearn.default_params import DefaultParams
from pytabkit.models.training.lightning_modules import TabNNModule

OUT = Path(__file__).parent / "data" / "neural"
PACKAGES = ["pytabkit", "tabm", "rtdl_num_embeddings", "rtdl_revisiting_models", "torch", "numpy", "scikit-learn"]
N_TRAIN, N_VALID, BATCH, N_NUMERIC = 48, 8, 8, 6
PRECISIONS = {"float64": torch.float64, "float32": torch.float32}


def tensor(value):
    """Row-major values; those in float32 are written with all the digits that reading them as float64 needs."""
    values = value.detach().numpy() if isinstance(value, torch.Tensor) else value
    return {"shape": list(values.shape), "values": values.reshape(-1).tolist()}


def tensors(named):
    return {name: tensor(value) for name, value in named.items()}


def write(name, content):
    content = {"name": name, "versions": {package: version(package) for package in PACKAGES}} | content
    path = OUT / f"{name}.json"
    path.write_text(json.dumps(content, separators=(",", ":")).replace('},"', '},\n"') + "\n")
    print(f"{path.name}: {path.stat().st_size // 1000} kB")


def table(seed, cardinalities):
    """Rows of six numeric columns (one skewed, one with three quarters of one value, one constant) and coded categories."""
    rng = np.random.default_rng(seed)
    n_rows = N_TRAIN + N_VALID
    x = rng.normal(size=(n_rows, N_NUMERIC)) * np.array([1.0, 5.0, 0.1, 1.0, 1.0, 1.0]) + np.arange(N_NUMERIC)
    x[:, 3] = np.exp(x[:, 3])
    x[:, 4] = np.where(rng.random(n_rows) < 0.75, 2.0, x[:, 4])
    x[:, 5] = 7.0
    codes = np.stack([rng.integers(0, size, n_rows) for size in cardinalities], axis=1)
    for column, size in enumerate(cardinalities):
        codes[:size, column] = np.arange(size)
    return torch.tensor(x, dtype=torch.float32), torch.tensor(codes), rng


def targets(rng, n_classes, n_rows):
    if n_classes == 0:
        return torch.tensor(rng.normal(3.0, 2.0, size=(n_rows, 1)), dtype=torch.float32)
    return torch.tensor(rng.integers(0, n_classes, size=(n_rows, 1)))


def randomise(model, seed):
    """Moves parameters that start at 0 or 1 off their start, where a mistake in them would not be seen."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in model.parameters():
            if bool((value == value.reshape(-1)[0]).all()) or bool((value == 0).any()):
                value.add_(0.2 * torch.randn(value.shape, generator=generator))


# ---------------------------------------------------------------------------------------------------------- RealMLP


def realmlp(name, n_classes):
    """pytabkit's RealMLP-TD with three layers of 12, dropout off, on one epoch of six batches of 8 rows."""
    sizes = [4, 3, 12]  # each with the code 0 of a missing or unknown category
    x, codes, rng = table(1, sizes)
    y = targets(rng, n_classes, len(x))
    infos = {"x_cont": TensorInfo(feat_shape=[N_NUMERIC]), "x_cat": TensorInfo(cat_sizes=sizes),
             "y": TensorInfo(cat_sizes=[n_classes]) if n_classes else TensorInfo(feat_shape=[1])}
    whole = DictDataset({"x_cont": x, "x_cat": codes, "y": y}, infos)
    published = DefaultParams.RealMLP_TD_CLASS if n_classes else DefaultParams.RealMLP_TD_REG
    config = published | {"hidden_sizes": [12] * 3, "p_drop": 0.0, "batch_size": BATCH, "n_epochs": 1}
    split = SplitIdxs(torch.arange(N_TRAIN)[None], torch.arange(N_TRAIN, len(x))[None], None, 0, [0], 0)
    content = {
        "config": config | {"n_classes": n_classes, "category_sizes": sizes, "n_train": N_TRAIN},
        "table": {"x_cont": tensor(x), "x_cat": tensor(codes), "y": tensor(y)},
    }
    start = None
    for precision, dtype in PRECISIONS.items():
        module = TabNNModule(**config)
        module.compile_model(whole, [split], InterfaceResources(1, []))
        module.criterion, _ = module.creator.get_criterions()
        model = module.model
        names = {parameter_name(p): p for p in model.parameters()}
        if start is None:
            randomise(model, 2)
            start = {key: p.detach().clone() for key, p in names.items()}
            content["parameters"] = {
                key: tensor(p[0]) | {"lr_factor": p.hyper_factors.get("lr", 1.0), "wd_factor": p.hyper_factors.get("wd", 1.0)}
                for key, p in names.items()}
            content["constants"] = tensors({f"{CONSTANTS[key.rpartition('.')[0]]}.{key.rpartition('.')[2]}": value[0]
                                            for key, value in model.named_buffers()
                                            if key.rpartition(".")[0] in CONSTANTS and value.is_floating_point()})
        with torch.no_grad():
            for key, p in names.items():
                p.copy_(start[key])
        model.to(dtype)
        compute_targets_in(model, dtype, y[:N_TRAIN], n_classes)
        static = module.creator.static_model(whole)
        batches = [
            {key: convert(value[rows], dtype)[None] for key, value in static.tensors.items()}
            for rows in torch.arange(N_TRAIN).split(BATCH)]
        content[precision] = realmlp_steps(module, names, batches)
        valid = {key: convert(value[N_TRAIN:], dtype)[None] for key, value in static.tensors.items() if key != "y"}
        model.eval()
        with torch.no_grad():
            content[precision]["validation_output_after_6"] = tensor(model(valid)["x_cont"][0])
    write(name, content)


def compute_targets_in(model, dtype, y, n_classes):
    """pytabkit fits and smooths targets in float32; here they have the model's precision."""
    for module in model.modules():
        if isinstance(module, ToSoftLabelLayer):
            harden = module.forward_tensors
            module.forward_tensors = lambda batch: {
                key: convert(value, dtype) for key, value in harden(batch).items()}
    for key, value in model.named_buffers():
        if key.endswith("ls_dist"):
            value.fill_(1.0 / n_classes)
        elif key.endswith(".mean"):
            value.fill_(y.to(dtype).mean())
        elif key.endswith(".std"):
            value.fill_(y.to(dtype).std(correction=0))


# Where the fitted constants lie in pytabkit's module tree.
CONSTANTS = {
    "tfms.0.layers.0.tfms.1.tfms.1": "numeric/minus_median",
    "tfms.0.layers.0.tfms.1.tfms.2": "numeric/factor",
    "tfms.0.layers.1.tfms.1.tfms.2": "one_hot/minus_median",
    "tfms.0.layers.1.tfms.1.tfms.3": "one_hot/factor",
}


def parameter_name(parameter):
    return str(parameter.context.scope).strip("/")


def convert(value, dtype):
    return value.to(dtype) if value.is_floating_point() else value


def realmlp_steps(module, names, batches):
    model, found = module.model, {}
    optimizer = module.configure_optimizers()
    model.train()
    progress, manager = module.progress, module.hp_manager
    losses, schedule = [], []
    for step, batch in enumerate(batches):
        manager.update_hypers(module)
        inside = model.tfms[0](batch)["x_cont"] if step == 0 else None
        output = model(batch)
        loss = module.criterion(output["x_cont"], output["y"]).sum()
        loss.backward()
        losses.append(loss.item())
        schedule.append({"t": progress.get_fit_progress(), "lr": manager.get_hyper_sched_values()["lr"][""],
                         "wd": manager.get_hyper_sched_values()["wd"][""]})
        if step == 0:
            found["network_input"] = tensor(inside[0])
            found["output"] = tensor(output["x_cont"][0])
            found["targets"] = tensor(output["y"][0])
            found["loss"] = loss.item()
            found["gradients"] = tensors({key: p.grad[0] for key, p in names.items()})
        optimizer.step(loss=loss)
        optimizer.zero_grad()
        progress.total_samples += batch["y"].shape[-2]
        progress.epoch_float = progress.total_samples / module.train_dl.get_num_iterated_samples()
        if step + 1 in (3, 6):
            found[f"after_{step + 1}"] = tensors({key: p[0] for key, p in names.items()})
    return found | {"losses": losses, "schedule": schedule}


def realmlp_init():
    """One linear layer's data-driven start, with the random draws that went into it."""
    n_in, n_out = 5, 4
    x = torch.tensor(np.random.default_rng(5).normal(1.0, 2.0, size=(20, n_in)), dtype=torch.float32)
    data = DictDataset({"x_cont": x}, {"x_cont": TensorInfo(feat_shape=[n_in])})
    torch.manual_seed(6)
    normal = torch.randn(n_in, n_out)
    torch.manual_seed(6)
    layer = WeightFitter(n_out, weight_init_mode="std", weight_param="ntk").fit(data)
    z = layer(data).tensors["x_cont"]
    after = DictDataset({"x_cont": z}, {"x_cont": TensorInfo(feat_shape=[n_out])})
    torch.manual_seed(7)
    rows = torch.randint(0, len(z), size=(n_out, 5))
    exponential = torch.distributions.Exponential(1.0).sample((n_out, 5))
    torch.manual_seed(7)
    bias = BiasFitter(bias_init_mode="he+5", in_features=n_in).fit(after).bias
    write("realmlp_init", {
        "x": tensor(x), "normal": tensor(normal), "weight": tensor(layer.weight), "product_factor": layer.factor,
        "pre_activation": tensor(z), "rows": tensor(rows), "exponential": tensor(exponential), "bias": tensor(bias[0])})


# ------------------------------------------------------------------------------------------- torch modules with AdamW


def in_precision(make_model, start, dtype):
    """The model with the parameters of `start`, everything it derives from bins computed in that precision too."""
    torch.set_default_dtype(dtype)
    model = make_model()
    torch.set_default_dtype(torch.float32)
    with torch.no_grad():
        for key, p in model.named_parameters():
            p.copy_(start[key])
    return model


def train(make_model, forward, loss_of, groups_of, optimiser, max_norm=None, extra=None):
    """Output, loss, gradients and parameters after 1 and 3 AdamW steps on one batch, in both precisions."""
    model = make_model()
    randomise(model, 3)
    start = {key: p.detach().clone() for key, p in model.named_parameters()}
    decayed = set()
    for group in groups_of(model):
        if group.get("weight_decay", optimiser["weight_decay"]) > 0.0:
            decayed |= {id(p) for p in group["params"]}
    content = {
        "optimiser": {"name": "AdamW", "betas": [0.9, 0.999], "eps": 1e-8, "max_gradient_norm": max_norm} | optimiser,
        "parameters": {key: tensor(p) | {"decays": id(p) in decayed} for key, p in model.named_parameters()},
        "buffers": tensors({key: value for key, value in model.named_buffers() if "running" in key}),
    }
    for precision, dtype in PRECISIONS.items():
        model = in_precision(make_model, start, dtype)
        adamw = torch.optim.AdamW(groups_of(model), **optimiser)
        found, losses = {}, []
        if extra is not None:
            found |= extra(model, dtype)
        for step in range(3):
            model.train()
            output = forward(model, dtype)
            loss = loss_of(output, dtype)
            adamw.zero_grad()
            loss.backward()
            losses.append(loss.item())
            if step == 0:
                found |= {"output": tensor(output), "loss": loss.item(),
                          "gradients": tensors({key: p.grad for key, p in model.named_parameters()})}
            if max_norm is not None:
                norm = torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm).item()
                found.setdefault("gradient_norms", []).append(norm)
            adamw.step()
            if step == 0:
                found["after_1"] = tensors(dict(model.named_parameters()))
        found["after_3"] = tensors(dict(model.named_parameters()))
        found["buffers_after_3"] = tensors({key: v for key, v in model.named_buffers() if "running" in key})
        model.eval()
        with torch.no_grad():
            found["evaluation_output_after_3"] = tensor(forward(model, dtype))
        content[precision] = found | {"losses": losses}
    return content


def network_batch(seed, cardinalities):
    """A batch as a network gets it: numbers of unit scale, codes from 0."""
    rng = np.random.default_rng(seed)
    x = torch.tensor(rng.normal(size=(BATCH, N_NUMERIC)), dtype=torch.float32)
    codes = torch.stack([torch.tensor(rng.integers(0, size, BATCH)) for size in cardinalities], dim=1)
    return x, codes, rng


def tabm_groups(model):
    """No decay for biases, norms and the linear part of embeddings (pytabkit, `nn_models/tabm.py`)."""
    embedding = (rtdl_num_embeddings.LinearEmbeddings, rtdl_num_embeddings.LinearReLUEmbeddings)
    free = [p for module in model.modules() for key, p in module.named_parameters(recurse=False)
            if key.endswith("bias") or isinstance(module, embedding)]
    known = {id(p) for p in free}
    return [{"params": [p for p in model.parameters() if id(p) not in known]}, {"params": free, "weight_decay": 0.0}]


def default_precision(bins):
    return [edges.to(torch.get_default_dtype()) for edges in bins]


def tabm_model(name, arch_type, n_classes, with_embeddings, max_norm):
    cardinalities, k = [3, 5], 4
    x, codes, rng = network_batch(11, cardinalities)
    y = targets(rng, n_classes, BATCH)
    bins = None
    if with_embeddings:
        rows = torch.tensor(rng.normal(size=(32, N_NUMERIC)), dtype=torch.float32)
        rows[:, 4] = rows[:, 4].round()
        bins = rtdl_num_embeddings.compute_bins(rows, n_bins=5)

    def make_model():
        torch.manual_seed(12)
        embeddings = None
        if with_embeddings:
            embeddings = rtdl_num_embeddings.PiecewiseLinearEmbeddings(default_precision(bins), 3, activation=False, version="B")
        return tabm.TabM.make(n_num_features=N_NUMERIC, cat_cardinalities=cardinalities, d_out=max(n_classes, 1), k=k,
                              d_block=10, n_blocks=2, dropout=0.0, arch_type=arch_type, num_embeddings=embeddings)

    def loss_of(output, dtype):
        flat = output.flatten(0, 1)
        if n_classes == 0:
            return F.mse_loss(flat.squeeze(-1), y.to(dtype).squeeze(-1).repeat_interleave(k))
        return F.cross_entropy(flat, y.squeeze(-1).repeat_interleave(k))

    rows_of_members = torch.stack([torch.tensor(rng.permutation(BATCH)) for _ in range(k)], dim=1)

    def separate_batches(model, dtype):
        model.train()
        output = model(x.to(dtype)[rows_of_members], codes[rows_of_members])
        flat, own = output.flatten(0, 1), y[rows_of_members].reshape(-1)
        loss = F.mse_loss(flat.squeeze(-1), own.to(dtype)) if n_classes == 0 else F.cross_entropy(flat, own)
        loss.backward()
        gradients = {key: p.grad for key, p in model.named_parameters()}
        return {"own_batches": {"output": tensor(output), "loss": loss.item(), "gradients": tensors(gradients)}}

    content = train(make_model, lambda model, dtype: model(x.to(dtype), codes), loss_of, tabm_groups,
                    {"lr": 2e-3, "weight_decay": 0.1}, max_norm,
                    separate_batches if name == "tabm" else None)
    content |= {"config": {"arch_type": arch_type, "k": k, "d_block": 10, "n_blocks": 2, "n_classes": n_classes,
                           "cardinalities": cardinalities, "d_embedding": 3 if with_embeddings else None},
                "batch": {"x_num": tensor(x), "x_cat": tensor(codes), "y": tensor(y)},
                "rows_of_members": tensor(rows_of_members)}
    if bins is not None:
        content["bins"] = [edges.tolist() for edges in bins]
    write(name, content)


def resnet():
    x, _, rng = network_batch(21, [2])
    y = targets(rng, 3, BATCH)

    def make_model():
        torch.manual_seed(22)
        return rtdl_revisiting_models.ResNet(d_in=N_NUMERIC, d_out=3, n_blocks=2, d_block=8, d_hidden=None,
                                             d_hidden_multiplier=1.5, dropout1=0.0, dropout2=0.0)

    content = train(make_model, lambda model, dtype: model(x.to(dtype)),
                    lambda output, dtype: F.cross_entropy(output, y.squeeze(-1)),
                    lambda model: [{"params": list(model.parameters())}], {"lr": 1e-3, "weight_decay": 0.1})
    write("resnet", content | {"config": {"n_blocks": 2, "d_block": 8, "d_hidden_multiplier": 1.5, "n_classes": 3},
                               "batch": {"x": tensor(x), "y": tensor(y)}})


def ft_transformer():
    cardinalities = [3, 5]
    x, codes, rng = network_batch(31, cardinalities)
    y = targets(rng, 0, BATCH)
    config = {"n_blocks": 2, "d_block": 8, "attention_n_heads": 2, "attention_dropout": 0.0, "ffn_d_hidden": None,
              "ffn_d_hidden_multiplier": 4 / 3, "ffn_dropout": 0.0, "residual_dropout": 0.0}

    def make_model():
        torch.manual_seed(32)
        return rtdl_revisiting_models.FTTransformer(n_cont_features=N_NUMERIC, cat_cardinalities=cardinalities, d_out=1,
                                                    **config)

    content = train(make_model, lambda model, dtype: model(x.to(dtype), codes),
                    lambda output, dtype: F.mse_loss(output, y.to(dtype)),
                    lambda model: model.make_parameter_groups(), {"lr": 1e-4, "weight_decay": 0.1})
    write("ft_transformer", content | {"config": config | {"cardinalities": cardinalities},
                                       "batch": {"x_cont": tensor(x), "x_cat": tensor(codes), "y": tensor(y)}})


def embeddings():
    """Each embedding of numbers alone: output, and gradients of sum(weights * output) for given weights."""
    x, _, rng = network_batch(41, [2])
    rows = torch.tensor(rng.normal(size=(32, N_NUMERIC)), dtype=torch.float32)
    rows[:, 1] = rows[:, 1].round()
    rows[:, 4] = torch.where(rows[:, 4] > 0.0, 1.0, -1.0)
    bins = rtdl_num_embeddings.compute_bins(rows, n_bins=6)
    x[0], x[1] = -5.0, 5.0
    periodic = {"n_frequencies": 4, "frequency_init_scale": 0.3}
    makers = {
        "plr": lambda: rtdl_num_embeddings.PeriodicEmbeddings(N_NUMERIC, 3, lite=False, **periodic),
        "pl": lambda: rtdl_num_embeddings.PeriodicEmbeddings(N_NUMERIC, 3, lite=False, activation=False, **periodic),
        "plr_lite": lambda: rtdl_num_embeddings.PeriodicEmbeddings(N_NUMERIC, 3, lite=True, **periodic),
        "linear": lambda: rtdl_num_embeddings.LinearEmbeddings(N_NUMERIC, 3),
        "linear_relu": lambda: rtdl_num_embeddings.LinearReLUEmbeddings(N_NUMERIC, 3),
        "ple_a_relu": lambda: rtdl_num_embeddings.PiecewiseLinearEmbeddings(default_precision(bins), 3, activation=True, version="A"),
        "ple_b": lambda: rtdl_num_embeddings.PiecewiseLinearEmbeddings(default_precision(bins), 3, activation=False, version="B"),
        "ple_encoding": lambda: rtdl_num_embeddings.PiecewiseLinearEncoding(default_precision(bins)),
    }
    cases = {}
    for name, make in makers.items():
        torch.manual_seed(42)
        model = make()
        randomise(model, 43)
        start = {key: p.detach().clone() for key, p in model.named_parameters()}
        weights = torch.tensor(rng.normal(size=tuple(model(x).shape)), dtype=torch.float32)
        case = {"parameters": tensors(dict(model.named_parameters())), "weights": tensor(weights)}
        for precision, dtype in PRECISIONS.items():
            model = in_precision(make, start, dtype)
            inputs = x.clone().to(dtype).requires_grad_()
            output = model(inputs)
            loss = (weights.to(dtype) * output).sum()
            loss.backward()
            case[precision] = {"output": tensor(output), "loss": loss.item(), "input_gradient": tensor(inputs.grad),
                               "gradients": tensors({key: p.grad for key, p in model.named_parameters()})}
        cases[name] = case
    write("num_embeddings", {"x": tensor(x), "bin_rows": tensor(rows), "n_bins": 6,
                             "bins": [edges.tolist() for edges in bins], "config": periodic, "cases": cases})


def preprocessing():
    """The quantile transform of TabM's recipe without its noise, and the noise's size."""
    rng = np.random.default_rng(51)
    train_rows = np.stack([rng.normal(size=64), rng.exponential(size=64), rng.integers(0, 4, 64), rng.normal(1e3, 1.0, 64)], 1)
    test_rows = np.vstack([train_rows[:6] + 0.01, train_rows.min(0) - 1.0, train_rows.max(0) + 1.0])
    cases = {}
    for n_quantiles in (10, 64):
        transform = sklearn.preprocessing.QuantileTransformer(output_distribution="normal", n_quantiles=n_quantiles,
                                                              subsample=10**9).fit(train_rows)
        cases[str(n_quantiles)] = {"quantiles": tensor(transform.quantiles_), "train": tensor(transform.transform(train_rows)),
                                   "test": tensor(transform.transform(test_rows))}
    deviations = train_rows.std(0)
    write("quantile_normal", {"train": tensor(train_rows), "test": tensor(test_rows), "by_n_quantiles": cases,
                              "noise_deviation": tensor(1e-3 / np.maximum(deviations, 1e-3))})


def main():
    wanted = sys.argv[1:] or ["realmlp", "tabm", "resnet", "ft_transformer", "embeddings", "preprocessing"]
    torch.set_num_threads(1)
    OUT.mkdir(parents=True, exist_ok=True)
    if "realmlp" in wanted:
        realmlp("realmlp_classification", 3)
        realmlp("realmlp_regression", 0)
        realmlp_init()
    if "tabm" in wanted:
        tabm_model("tabm", "tabm", 3, with_embeddings=False, max_norm=None)
        tabm_model("tabm_ple", "tabm", 0, with_embeddings=True, max_norm=None)
        tabm_model("tabm_mini", "tabm-mini", 3, with_embeddings=False, max_norm=0.05)
    if "resnet" in wanted:
        resnet()
    if "ft_transformer" in wanted:
        ft_transformer()
    if "embeddings" in wanted:
        embeddings()
    if "preprocessing" in wanted:
        preprocessing()


main()
