"""Which n-grams of a text should become features: rules compared with other people's models.

    python experiments/bench/text.py --titanic TRAIN.csv

Texts: the one-line descriptions of Debian's packages (`apt-cache dumpavail`), of which the section is to be told (the eight largest), and
the names of passengers in the table given, beside its numbers. Needs scikit-learn, scipy, pandas and LightGBM, as installed by `setup.sh`.
"""

import argparse
import collections
import random
import re
import subprocess
import warnings

import lightgbm
import numpy as np
import pandas as pd
import scipy.sparse as sparse
from scipy.stats import chi2
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

# LightGBM names unnamed columns.
warnings.filterwarnings("ignore")

KINDS = (("word", (1, 2)), ("char_wb", (3, 5)))
MOST = 256


def debian():
    """(section, description) of packages of the eight largest sections, shuffled."""
    listed = subprocess.run(["apt-cache", "dumpavail"], capture_output=True, text=True, check=True).stdout
    rows = []
    for package in listed.split("\n\n"):
        section = re.search(r"^Section: (?:.*/)?(.*)$", package, re.MULTILINE)
        text = re.search(r"^Description(?:-en)?: (.*)$", package, re.MULTILINE)
        if section and text:
            rows.append((section[1], text[1]))
    largest = [section for section, _ in collections.Counter(section for section, _ in rows).most_common(8)]
    rows = [(largest.index(section), text) for section, text in rows if section in largest]
    random.Random(0).shuffle(rows)
    return np.array([section for section, _ in rows]), [text for _, text in rows]


def hashed(train, test, _):
    """As many buckets as features, n-grams sharing them."""
    blocks = []
    for analyzer, lengths in KINDS:
        hasher = HashingVectorizer(analyzer=analyzer, ngram_range=lengths, n_features=MOST // 2, norm=None, token_pattern=r"\w+")
        scale = TfidfTransformer()
        blocks.append((scale.fit_transform(hasher.transform(train)), scale.transform(hasher.transform(test))))
    return blocks


def chosen(merit, level=None, fewest=None):
    """The n-grams of most merit: `variance` of the weighted count, or `chi2` with the classes, there above the bound of `level` by
    Bonferroni's correction."""

    def make(train, test, classes):
        n, blocks = len(train), []
        for analyzer, lengths in KINDS:
            least = fewest or int(min(max(2, 0.01 * n), 5))
            counter = CountVectorizer(analyzer=analyzer, ngram_range=lengths, token_pattern=r"\w+", min_df=least)
            counts, others = counter.fit_transform(train), counter.transform(test)
            is_in = (counts > 0).astype(float)
            share = np.asarray(is_in.mean(axis=0)).ravel()
            variance = share * (1 - share) * (np.log((1 + n) / (1 + n * share)) + 1) ** 2
            truth = np.eye(classes.max() + 1)[classes]
            sizes = truth.sum(axis=0)
            between = ((np.asarray(is_in.T @ truth) - np.outer(share, sizes)) ** 2 / sizes).sum(axis=1)
            statistic = between / np.maximum(share * (1 - share), 1e-12)
            kept = np.argsort(-(variance if merit == "variance" else statistic), kind="stable")[: MOST // 2]
            if level:
                kept = kept[statistic[kept] > chi2.isf(level / len(statistic), len(sizes) - 1)]
            if len(kept):
                scale = TfidfTransformer()
                blocks.append((scale.fit_transform(counts[:, kept]), scale.transform(others[:, kept])))
        return blocks

    return make


RULES = {
    "hashed into as many buckets": hashed,
    "in most texts": chosen("variance"),
    "in most texts, 30 at least": chosen("variance", fewest=30),
    "most χ²": chosen("chi2"),
    "χ² significant at 0.05": chosen("chi2", level=0.05),
    "χ² significant at 1": chosen("chi2", level=0.999),
}


def stacked(blocks, place):
    return sparse.hstack([block[place] for block in blocks]).tocsr().astype(np.float32)


def of_debian():
    classes, texts = debian()
    print(f"\n{len(texts)} descriptions, the last 4,000 tested; log loss\n")
    print("| train rows | rule | features | logistic regression | LightGBM |\n|---|---|---|---|---|")
    truth = classes[-4000:]
    for n in (500, 3000):
        for name, rule in RULES.items():
            blocks = rule(texts[:n], texts[-4000:], classes[:n])
            train, test = stacked(blocks, 0), stacked(blocks, 1)
            logistic = [LogisticRegression(C=c, max_iter=300).fit(train, classes[:n]).predict_proba(test) for c in (1, 10)]
            trees = lightgbm.LGBMClassifier(n_estimators=60, num_leaves=15, learning_rate=0.1, n_jobs=1, verbose=-1)
            losses = min(log_loss(truth, proba) for proba in logistic), log_loss(truth, trees.fit(train, classes[:n]).predict_proba(test))
            print(f"| {n} | {name} | {train.shape[1]} | {losses[0]:.3f} | {losses[1]:.3f} |", flush=True)


def numbers(table):
    """The columns of the table that are few levels or numbers."""
    codes = {"Sex": {"male": 0, "female": 1}, "Embarked": {"S": 0, "C": 1, "Q": 2}}
    columns = [table[name].map(codes[name]) if name in codes else table[name] for name in
               ("Pclass", "Sex", "Age", "SibSp", "Parch", "Fare", "Embarked")]
    return np.column_stack(columns).astype(np.float32)


def bagged(train, truth, test):
    """The mean of five fold models with early stopping."""
    proba = []
    for fit, stop in StratifiedKFold(5, shuffle=True, random_state=1).split(train, truth):
        model = lightgbm.LGBMClassifier(n_estimators=500, num_leaves=10, learning_rate=0.05, min_child_samples=10, colsample_bytree=0.5,
                                        n_jobs=1, verbose=-1)
        model.fit(train[fit], truth[fit], eval_set=[(train[stop], truth[stop])], callbacks=[lightgbm.early_stopping(40, verbose=False)])
        proba.append(model.predict_proba(test))
    return np.mean(proba, axis=0)


def of_titanic(path):
    table = pd.read_csv(path)
    losses, widths = collections.defaultdict(list), collections.defaultdict(list)
    for seed in range(4):
        for fit, test in StratifiedKFold(4, shuffle=True, random_state=seed).split(table, table["Survived"]):
            train, other = table.iloc[fit], table.iloc[test]
            for name, rule in {"without the names": None, **RULES}.items():
                blocks = rule(list(train["Name"]), list(other["Name"]), train["Survived"].to_numpy()) if rule else []
                left = np.hstack([numbers(train), *(block[0].toarray() for block in blocks)])
                right = np.hstack([numbers(other), *(block[1].toarray() for block in blocks)])
                losses[name].append(log_loss(other["Survived"], bagged(left, train["Survived"].to_numpy(), right)))
                widths[name].append(left.shape[1] - 7)
    print("\ntitanic, LightGBM, four times four folds of the training file; log loss\n")
    print("| rule | features of names, mean | log loss | beside none, ± standard error |\n|---|---|---|---|")
    for name, values in losses.items():
        beside = np.array(values) - np.array(losses["without the names"])
        print(f"| {name} | {np.mean(widths[name]):.0f} | {np.mean(values):.4f} | {beside.mean():+.4f} ± {beside.std() / len(beside) ** 0.5:.4f} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--titanic", required=True, help="the table of passengers, CSV")
    given = parser.parse_args()
    of_debian()
    of_titanic(given.titanic)
