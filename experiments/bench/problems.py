"""The problems of the sampler benchmark, equal to those of crates/automl-search/benches/problems/.

    python experiments/bench/problems.py > crates/automl-search/tests/data/problems.json

prints spaces, points and costs, with which a test of automl-search compares the Rust side. A space is a list of
parameters as automl writes them (name, domain, condition); `suggest` asks an Optuna trial for them, define-by-run.
"""

import json
import math
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

TABLES = Path(__file__).parent / "tables"


@dataclass
class Problem:
    """A function to minimise, and its least value."""

    name: str
    space: list
    cost: Callable[[dict], float]
    optimum: float
    # All costs there are, where the problem is a table.
    costs: frozenset | None = None

    def can_cost(self, value):
        """Whether `value` can come from this problem: results of a table that has since changed cannot."""
        return value in self.costs if self.costs else value >= self.optimum - 1e-4


def number(name, low, high, when=None, log=False):
    return {"name": name, "domain": {"type": "float", "low": low, "high": high, "log": log}, "when": when}


def whole(name, low, high, when=None, log=False):
    return {"name": name, "domain": {"type": "int", "low": low, "high": high, "step": 1, "log": log}, "when": when}


def choice(name, choices, when=None):
    return {"name": name, "domain": {"type": "categorical", "choices": choices}, "when": when}


def exists(spec, params):
    when = spec["when"]
    return when is None or params.get(when["parent"]) in when["any_of"]


def suggest(trial, space):
    """Values of all parameters that exist, in order."""
    params = {}
    for spec in space:
        name, domain = spec["name"], spec["domain"]
        if not exists(spec, params):
            continue
        if domain["type"] == "float":
            params[name] = trial.suggest_float(name, domain["low"], domain["high"], log=domain["log"])
        elif domain["type"] == "int":
            params[name] = trial.suggest_int(name, domain["low"], domain["high"], log=domain["log"])
        else:
            params[name] = trial.suggest_categorical(name, domain["choices"])
    return params


def coordinates(params):
    return [params[f"x{axis}"] for axis in range(len(params))]


def cube(n, low, high):
    return [number(f"x{axis}", low, high) for axis in range(n)]


def branin(params):
    x, y = params["x"], params["y"]
    valley = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return valley**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


HEIGHTS = [1.0, 1.2, 3.0, 3.2]
SLOPES = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
CENTRES = [
    [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
    [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
    [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
    [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]


def hartmann6(params):
    at = coordinates(params)
    distances = [sum(a * (x - p) ** 2 for a, x, p in zip(row, at, centre)) for row, centre in zip(SLOPES, CENTRES)]
    return -sum(height * math.exp(-distance) for height, distance in zip(HEIGHTS, distances))


# Where Ackley's optimum lies: off the centre of its domain, which a sampler may favour for no reason of the problem.
ACKLEY_OPTIMUM = [12.3, -7.1, 18.9, -15.4, 3.7, 21.2, -19.8, 9.6, -2.5, -11.7]


def ackley10(params):
    at = [x - shift for x, shift in zip(coordinates(params), ACKLEY_OPTIMUM)]
    n = len(at)
    radius = math.sqrt(sum(x * x for x in at) / n)
    waves = sum(math.cos(2 * math.pi * x) for x in at) / n
    return -20 * math.exp(-0.2 * radius) - math.exp(waves) + 20 + math.e


def rosenbrock5(params):
    at = coordinates(params)
    return sum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in zip(at, at[1:]))


def levy8(params):
    w = [1 + (x - 1) / 4 for x in coordinates(params)]
    inner = sum((a - 1) ** 2 * (1 + 10 * math.sin(math.pi * a + 1) ** 2) for a in w[:-1])
    last = (w[-1] - 1) ** 2 * (1 + math.sin(2 * math.pi * w[-1]) ** 2)
    return math.sin(math.pi * w[0]) ** 2 + inner + last


LINEAR = {"parent": "family", "any_of": ["linear"]}
NETWORK = {"parent": "family", "any_of": ["network"]}
MIXED_SPACE = [
    choice("family", ["linear", "network", "constant"]),
    choice("scaling", ["none", "standard", "quantile"]),
    number("alpha", 1e-6, 1e3, LINEAR, log=True),
    number("rate", 1e-5, 1.0, NETWORK, log=True),
    whole("width", 8, 512, NETWORK, log=True),
    whole("layers", 1, 6, NETWORK),
    number("dropout", 0.0, 0.6, NETWORK),
    choice("optimizer", ["adamw", "sgd"], NETWORK),
    number("momentum", 0.0, 0.99, {"parent": "optimizer", "any_of": ["sgd"]}),
]


def mixed_conditional(params):
    scaling = {"quantile": 0.0, "standard": 0.05, "none": 0.2}[params["scaling"]]
    if params["family"] == "linear":
        return 0.2 + scaling + 0.02 * math.log10(params["alpha"]) ** 2
    if params["family"] == "constant":
        return 0.7
    optimizer = 0.0 if params["optimizer"] == "adamw" else 0.05 + (params["momentum"] - 0.9) ** 2
    width = math.log2(params["width"] / 128)
    rate = math.log10(params["rate"] / 1e-3) + 0.3 * width
    layers, dropout = params["layers"] - 3, params["dropout"] - 0.15
    return scaling + optimizer + 0.25 * rate**2 + 0.02 * width**2 + 0.02 * layers**2 + dropout**2


def table_problem(path):
    """A lookup table: whole numbers are levels, the last parameter varies fastest."""
    table = json.loads(path.read_text())

    def cost(params):
        place = 0
        for spec in table["space"]:
            domain, value = spec["domain"], params[spec["name"]]
            if domain["type"] == "int":
                place = place * (domain["high"] - domain["low"] + 1) + value - domain["low"]
            else:
                place = place * len(domain["choices"]) + domain["choices"].index(value)
        return table["costs"][place]

    return Problem(path.stem, table["space"], cost, min(table["costs"]), frozenset(table["costs"]))


PROBLEMS = [
    Problem("hartmann6", cube(6, 0.0, 1.0), hartmann6, -3.32237),
    Problem("branin", [number("x", -5.0, 10.0), number("y", 0.0, 15.0)], branin, 0.397887),
    Problem("ackley10", cube(10, -32.768, 32.768), ackley10, 0.0),
    Problem("rosenbrock5", cube(5, -5.0, 10.0), rosenbrock5, 0.0),
    Problem("levy8", cube(8, -10.0, 10.0), levy8, 0.0),
    Problem("mixed_conditional", MIXED_SPACE, mixed_conditional, 0.0),
    *(table_problem(path) for path in sorted(TABLES.glob("*.json"))),
]


def draw(domain, source):
    """A value drawn on the domain's scale."""
    if domain["type"] == "categorical":
        return source.choice(domain["choices"])
    low, high = domain["low"], domain["high"]
    value = math.exp(source.uniform(math.log(low), math.log(high))) if domain["log"] else source.uniform(low, high)
    return round(value) if domain["type"] == "int" else value


def points(problem, n_points=20):
    source = random.Random(problem.name)
    for _ in range(n_points):
        params = {}
        for spec in problem.space:
            if exists(spec, params):
                params[spec["name"]] = draw(spec["domain"], source)
        yield {"params": params, "cost": problem.cost(params)}


def main():
    rows = [
        {"name": problem.name, "optimum": problem.optimum, "space": problem.space, "points": list(points(problem))}
        for problem in PROBLEMS
    ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
