"""Chooses the order in which a search tries its first configurations, from what `measure.py` measured.

    python choose.py runs.jsonl

Writes `crates/automl/src/portfolio.toml`, which the program is built with, and `portfolio.md`, which says how the order
does on tables that it was not chosen by. Needs NumPy.

How far a configuration is from the best one of a table is `sqrt((score - best) / (constant - best))`: 0 for the best, 1
for one that is no better than the constant model, with a fine eye for the good ones. The worth of a set of configurations
is, over the tables, the mean of that of its best one (70 %) and of its best one of another family (30 %), for ensembles
want unlike members. The order is greedy: next comes what gains most worth for the square root of its time. What gains
nothing comes last, best first.

The time of a fold is modelled as `exp(a) rows^b columns^c`, with `a` of the configuration and `b` and `c` of its family,
drawn towards 1 and 0.5 where few tables tell.
"""

import json
import math
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
OUT = HERE.parent.parent / "crates/automl/src/portfolio.toml"
OTHER_FAMILY = 0.3
PRIOR = np.array([1.0, 0.5])
# How many tables' worth of belief the prior has.
PRIOR_WEIGHT = 2.0
GAIN = 1e-4


def read(path):
    """By table its facts, and by configuration and table its distance and seconds a fold."""
    rows = [json.loads(line) for line in Path(path).read_text().splitlines()]
    tables, best = {}, defaultdict(lambda: math.inf)
    for row in rows:
        tables[row["table"]] = {"rows": row["n_rows"], "columns": row["n_columns"], "constant": row["constant"]}
        if row["state"] == "complete":
            best[row["table"]] = min(best[row["table"]], row["score"])
    entries = defaultdict(dict)
    for row in rows:
        if row["state"] != "complete" or row["seconds"] <= 0:
            continue
        name = (row["family"], "candidate", row["candidate"]) if row["guess"] is None else (
            row["family"], "guess", row["guess"])
        table = row["table"]
        span = tables[table]["constant"] - best[table]
        distance = math.sqrt(min(max((row["score"] - best[table]) / span, 0.0), 1.0)) if span > 0 else 0.0
        entries[name][table] = (distance, row["seconds"] / row["n_folds"])
    return tables, dict(entries)


def costs(tables, entries):
    """By configuration (a, b, c) of its time."""
    found = {}
    for family in sorted({name[0] for name in entries}):
        own = [name for name in sorted(entries) if name[0] == family]
        lines, targets = [], []
        for place, name in enumerate(own):
            for table, (_, seconds) in entries[name].items():
                line = np.zeros(len(own) + 2)
                line[place] = 1.0
                line[-2:] = math.log(tables[table]["rows"]), math.log(tables[table]["columns"])
                lines.append(line)
                targets.append(math.log(max(seconds, 1e-4)))
        for column in (-2, -1):
            line = np.zeros(len(own) + 2)
            line[column] = PRIOR_WEIGHT
            lines.append(line)
            targets.append(PRIOR_WEIGHT * PRIOR[column])
        solved = np.linalg.lstsq(np.array(lines), np.array(targets), rcond=None)[0]
        for place, name in enumerate(own):
            found[name] = (solved[place], solved[-2], solved[-1])
    return found


def seconds(cost, table):
    return math.exp(cost[0]) * table["rows"] ** cost[1] * table["columns"] ** cost[2]


def worth(chosen, entries, table):
    """The distance of the best of some configurations, and of the best of another family."""
    of = sorted((entries[name].get(table, (1.0, 0.0))[0], name[0]) for name in chosen)
    if not of:
        return 1.0
    other = next((distance for distance, family in of if family != of[0][1]), 1.0)
    return (1.0 - OTHER_FAMILY) * of[0][0] + OTHER_FAMILY * other


def order(tables, entries, price):
    """All configurations, in the order to try them; which of them gained anything comes with it."""
    def total(chosen):
        return sum(worth(chosen, entries, table) for table in tables) / len(tables)

    # A geometric mean: a large table should not decide alone.
    time = {name: math.exp(np.mean([math.log(seconds(price[name], of)) for of in tables.values()])) for name in entries}
    # What others are measured by comes first: it takes no time.
    chosen, now = [name for name in entries if name[0] == "constant"], 1.0
    while True:
        gains = {name: now - total([*chosen, name]) for name in entries if name not in chosen}
        gains = {name: gain for name, gain in gains.items() if gain > GAIN}
        if not gains:
            break
        name = max(gains, key=lambda name: (gains[name] / math.sqrt(time[name]), name))
        chosen.append(name)
        now = total(chosen)
    n_useful = len(chosen)
    mean = {name: np.mean([entries[name].get(table, (1.0, 0.0))[0] for table in tables]) for name in entries}
    rest = sorted((name for name in entries if name not in chosen), key=lambda name: (mean[name], name))
    return chosen + rest, n_useful


def curve(names, entries, table, price, facts, budgets):
    """The worth that an order has reached on a table within each budget of seconds; what alone is too long is left out."""
    reached = []
    for budget in budgets:
        used, chosen = 0.0, []
        for name in names:
            if table not in entries[name]:
                continue
            if 5 * seconds(price[name], facts) > budget / 4:
                continue
            used += 5 * entries[name][table][1]
            if used > budget:
                break
            chosen.append(name)
        reached.append(worth(chosen, entries, table))
    return reached


def by_hand(entries):
    """The order without this script: family after family, first guesses first, slow families two rounds later."""
    slow = ["realmlp", "tabm", "resnet", "ft_transformer"]
    families = ["constant", "linear", "knn", "gbdt", "random_forest", "extra_trees", "mlp", *slow]
    guesses = [name for name in entries if name[1] == "guess"]
    return sorted(guesses, key=lambda name: (name[2] + 2 * (name[0] in slow), families.index(name[0])))


def left_out(tables, entries, budgets):
    """Mean worth over the tables, each by an order that the others chose."""
    ours, hand = [], []
    for table, facts in tables.items():
        others = {name: of for name, of in tables.items() if name != table}
        known = {name: {t: v for t, v in of.items() if t != table} for name, of in entries.items()}
        known = {name: of for name, of in known.items() if of}
        price = costs(others, known)
        names = order(others, known, price)[0]
        ours.append(curve(names, entries, table, price, facts, budgets))
        hand.append(curve([n for n in by_hand(entries) if n in price], entries, table, price, facts, budgets))
    return np.mean(ours, axis=0), np.mean(hand, axis=0)


def toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    return json.dumps(value)


def write(names, n_useful, candidates, price):
    lines = [
        "# The first configurations of a search, in order. Made by experiments/portfolio/choose.py, which says how.",
        "# `seconds = [a, b, c]`: a fold takes about exp(a) rows^b columns^c seconds on two cores.",
    ]
    for place, name in enumerate(names):
        family, kind, index = name
        if place == n_useful:
            lines += ["", "# These gained nothing on the tables that the order was chosen by."]
        lines += ["", "[[entry]]", f'family = "{family}"']
        if kind == "guess":
            lines.append(f"guess = {index}")
        else:
            own = {key: value for key, value in candidates[index].items() if key != "family"}
            inner = ", ".join(f"{json.dumps(key)} = {toml(value)}" for key, value in own.items())
            lines.append(f"params = {{ {inner} }}")
        lines.append(f"seconds = [{', '.join(f'{number:.3f}' for number in price[name])}]")
    OUT.write_text("\n".join(lines) + "\n")


def main():
    import tomllib

    tables, entries = read(sys.argv[1])
    candidates = [each["params"] for each in tomllib.loads((HERE / "candidates.toml").read_text())["candidate"]]
    price = costs(tables, entries)
    names, n_useful = order(tables, entries, price)
    write(names, n_useful, candidates, price)
    budgets = [5, 15, 60, 300]
    ours, hand = left_out(tables, entries, budgets)
    shown = [f"| {' | '.join(str(part) for part in line)} |" for line in [
        ["order", *(f"{budget} s" for budget in budgets)], ["---"] * (1 + len(budgets)),
        ["by hand", *(f"{value:.4f}" for value in hand)], ["chosen by the other tables", *(f"{value:.4f}" for value in ours)],
    ]]
    (HERE / "portfolio.md").write_text("\n".join([
        "# The order of the first configurations",
        "",
        f"Chosen by `choose.py` from {sum(len(of) for of in entries.values())} cross-validations of {len(entries)} "
        f"configurations on the training files of {len(tables)} tables",
        "(`measure.py`). Mean distance from the best known (0) to the constant model (1), best configuration 70 % and best",
        "of another family 30 %, after some seconds of search; each table by the order that the other tables choose.",
        "",
        *shown,
    ]) + "\n")
    print("\n".join(shown))
    for place, name in enumerate(names):
        print(place, "useful" if place < n_useful else "", *name)


if __name__ == "__main__":
    main()
